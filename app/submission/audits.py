"""Does the ledger say what we wrote down? One line for each channel, and one for each thing that is wrong with it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.ledger import queries as ledger
from app.money import NATIVE, show
from app.states import move
from app.stellar.facts import AccountFacts
from app.submission.models import Batch, Channel
from app.submission.packing import BATCH_MAX
from app.submission.states import FOUNDING, OPEN


@dataclass(frozen=True)
class Finding:
    """What an audit found on one channel; ``wrong`` is empty where all is well."""

    address: str
    state: str
    next_sequence: int
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """A channel's account, and what a transaction could cost it at most."""

    account: AccountFacts | None
    base_reserve: int
    bid_max: int


def audit(session: Session, channel: Channel, seen: Seen) -> Finding:
    """Compare a channel with its account; one whose number is not what we wrote down takes no more batches."""
    batch = session.scalar(select(Batch).where(Batch.channel == channel.address, Batch.state.in_(OPEN)))
    if seen.account is None:
        gone = () if channel.state in FOUNDING else ("its account does not exist on Stellar",)
        return Finding(channel.address, channel.state, channel.next_sequence, gone)
    strayed = _strayed(channel, batch, seen.account)
    if strayed and batch is None:
        move(session, Channel, "park", Channel.address == channel.address, reason=strayed, note=strayed)
    wrong = [strayed, _poor(seen), channel.reason]
    wrong.append(unbooked(session, channel, seen.account) if batch is None else batch.reason)
    return Finding(channel.address, channel.state, channel.next_sequence, tuple(filter(None, wrong)))


def _strayed(channel: Channel, batch: Batch | None, account: AccountFacts) -> str:
    """Say how the account's number differs from ours; the last one may be spent and not yet looked up."""
    expected = [channel.next_sequence - 1] if batch is None else [batch.sequence - 1, batch.sequence]
    if channel.state in FOUNDING or account.sequence in expected:
        return ""
    return f"its account stands at {account.sequence}, we expected {expected[0]}"


def _poor(seen: Seen) -> str:
    if seen.account is None:
        return ""
    left, dear = seen.account.spendable(NATIVE, seen.base_reserve), seen.bid_max * BATCH_MAX
    return f"it has {show(left)} XLM left for fees: send it some" if left < dear else ""


def unbooked(session: Session, channel: Channel, account: AccountFacts) -> str:
    """Say how our books differ from the account; a treasury that lends its numbers is in them under both its names."""
    names = [f"channel:{channel.address}", f"treasury:{channel.address}"]
    purses = [row for name in names for row in ledger.accounts(session, name, channel.organization_id, NATIVE)]
    booked, native = sum(purse.balance.posted for purse in purses), account.balance(NATIVE)
    held = native.amount if native else 0
    return "" if booked == held else f"our books have {show(booked)} XLM there, the account {show(held)}"
