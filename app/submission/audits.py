"""Does the ledger say what we wrote down? A channel's number and its money, compared with its account on Stellar.

Asked by ``audit_channels``, of every channel at work when a worker starts and now and then, and by ``flask channels
verify``, of all of them: note what stands, look at the account, compare, if what was noted still stands. Whatever
happened in between is no finding: the channel is looked at again.

A number that is *higher* than ours is certain: numbers only grow, and nobody but us may spend them. One that is
*lower* may be that of a node which has not seen our last batch yet: it is told, and the channel goes on. If it is
true, nothing is paid twice by that: the next batch cannot apply, and is parked.
"""

import logging
from dataclasses import dataclass, field

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.clock import after, now
from app.ledger import queries as ledger
from app.money import NATIVE, show
from app.states import move
from app.stellar.facts import AccountFacts
from app.stellar.network import Network
from app.stellar.nodes import Pool
from app.submission.models import Batch, Channel
from app.submission.packing import BATCH_MAX
from app.submission.states import FOUNDING, OPEN, WORKING

log = logging.getLogger(__name__)

AUDIT_SECONDS = 600  # between two looks at a channel
LEASE_SECONDS = 30
AGAIN_SECONDS = 5  # when a channel is looked at again of which nothing could be said


@dataclass(frozen=True)
class Question:
    """A channel as it stood before its account was looked at: its next number, and the batch it was lent to, if any."""

    id: str
    next_sequence: int
    batch_id: int | None
    batch_sequence: int

    @property
    def expected(self) -> tuple[int, int]:
        """The lowest and the highest number at which its account may stand: one in a batch may be spent or not."""
        if self.batch_id is None:
            return self.next_sequence - 1, self.next_sequence - 1
        return self.batch_sequence - 1, self.batch_sequence


@dataclass(frozen=True)
class Audit:
    """A question, and who is asked."""

    question: Question
    bid_max: int
    pool: Pool = field(repr=False)

    @property
    def id(self) -> str:
        return self.question.id


@dataclass(frozen=True)
class Seen:
    """A channel's account, and what a transaction could cost it at most."""

    account: AccountFacts | None
    base_reserve: int
    bid_max: int


@dataclass(frozen=True)
class Finding:
    """What an audit found on one channel; ``wrong`` is empty where all is well."""

    address: str
    state: str
    next_sequence: int
    wrong: tuple[str, ...]


def question(session: Session, channel: Channel) -> Question:
    """Return what is to be compared with the channel's account."""
    batch = session.scalar(select(Batch).where(Batch.channel == channel.address, Batch.state.in_(OPEN)))
    if batch is None:
        return Question(channel.address, channel.next_sequence, None, 0)
    return Question(channel.address, channel.next_sequence, batch.id, batch.sequence)


def look(network: Network, address: str, bid_max: int) -> Seen:
    """Look at a channel's account, by one node."""
    reserve = network.ledger().base_reserve
    return Seen(network.account(address), reserve, bid_max)


def compare(session: Session, asked: Question, seen: Seen) -> Finding | None:
    """Compare a channel with its account, and park it if its number is certainly not ours any more. Returns None if the
    channel has moved on since it was asked about."""
    channel = session.get_one(Channel, asked.id, with_for_update=True)
    if question(session, channel) != asked:
        return None
    if channel.state in FOUNDING:
        return Finding(asked.id, channel.state, channel.next_sequence, ())
    strayed = _higher(asked, seen.account)
    if strayed:
        move(session, Channel, "park", Channel.address == asked.id, reason=strayed, note=strayed)
    wrong = (strayed or _lower(asked, seen.account), *_else(session, asked, seen), channel.reason)
    told = tuple(filter(None, dict.fromkeys(wrong)))
    return Finding(asked.id, channel.state, channel.next_sequence, told)


def claim_unaudited(session: Session, limit: int, pool: Pool, bid_max: int) -> list[Audit]:
    """Lease channels at work whose account was not looked at for long, or not since a worker began."""
    stale = or_(Channel.audited_at.is_(None), Channel.audited_at < after(-AUDIT_SECONDS))
    free = or_(Channel.due_at.is_(None), Channel.due_at <= now())
    due = (
        select(Channel.address)
        .where(Channel.state.in_(WORKING), stale, free)
        .order_by(Channel.audited_at.nulls_first())
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    leased = (
        update(Channel)
        .where(Channel.address.in_(due))
        .values(due_at=after(LEASE_SECONDS))
        .returning(Channel)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return [Audit(question(session, channel), bid_max, pool) for channel in list(session.scalars(leased))]


def ask(audit: Audit) -> Seen:
    """Look at the account of a channel that is audited."""
    return look(audit.pool.one(), audit.id, audit.bid_max)


def record(session: Session, audit: Audit, fact: Seen | Exception) -> None:
    """Write down that a channel was audited, and tell what is wrong with it; if nothing can be said, look again."""
    finding = None if isinstance(fact, Exception) else compare(session, audit.question, fact)
    again = {"due_at": after(AGAIN_SECONDS)}
    values = again if finding is None else {"due_at": None, "audited_at": now()}
    session.execute(update(Channel).where(Channel.address == audit.id, Channel.state.in_(WORKING)).values(values))
    for words in finding.wrong if finding else ():
        log.warning("a channel is not as it should be", extra={"channel": audit.id, "why": words})


def audited(session: Session) -> list[str]:
    """Return the channels at work that were audited some time."""
    working = select(Channel.address).where(Channel.state.in_(WORKING))
    return list(session.scalars(working.where(Channel.audited_at.is_not(None))))


def distrust(session: Session, address: str) -> None:
    """Have a channel at work audited as soon as can be, whenever that was done last."""
    this = Channel.address == address, Channel.state.in_(WORKING)
    session.execute(update(Channel).where(*this).values(audited_at=None, due_at=None))


def _higher(asked: Question, account: AccountFacts | None) -> str:
    if account is None or account.sequence <= asked.expected[1]:
        return ""
    return (
        f"its account stands at {account.sequence}, we expected {asked.expected[1]}: its number was spent on something "
        "that is not in our books, by somebody who has its key, or by us before the database was put back to an "
        "earlier day. See what it was (the account's transactions on Stellar, `flask reconcile`); then `flask channels "
        f"open {asked.id}` goes on from the ledger's number"
    )


def _lower(asked: Question, account: AccountFacts | None) -> str:
    if account is None:
        return "its account does not exist on Stellar, or the node that was asked is far behind: ask again in a minute"
    if account.sequence >= asked.expected[0]:
        return ""
    return (
        f"its account stands at {account.sequence}, we expected {asked.expected[0]}: the node that was asked is behind."
        " If `flask channels verify` still says so in some minutes, the network was reset, or the number here is "
        "wrong: its next batch will be parked; found another with `flask channels ensure`, for one more than there are"
    )


def _else(session: Session, asked: Question, seen: Seen) -> tuple[str, ...]:
    """Return what else is wrong with a channel whose number is right."""
    if seen.account is None or _higher(asked, seen.account) or _lower(asked, seen.account):
        return ()
    return _poor(seen, seen.account), _unlike(session, asked, seen.account)


def _poor(seen: Seen, account: AccountFacts) -> str:
    left, dear = account.spendable(NATIVE, seen.base_reserve), seen.bid_max * BATCH_MAX
    return f"it has {show(left)} XLM left for fees: send it some" if left < dear else ""


def _unlike(session: Session, asked: Question, account: AccountFacts) -> str:
    """Say what its batch waits for, or without one how our books differ from the account."""
    if asked.batch_id is not None:
        return session.get_one(Batch, asked.batch_id).reason
    differs = unbooked(session, session.get_one(Channel, asked.id), account)
    return f"{differs}: see `flask reconcile`" if differs else ""


def unbooked(session: Session, channel: Channel, account: AccountFacts) -> str:
    """Say how our books differ from the account; a treasury that lends its numbers is in them under both its names."""
    names = [f"channel:{channel.address}", f"treasury:{channel.address}"]
    purses = [row for name in names for row in ledger.accounts(session, name, channel.organization_id, NATIVE)]
    booked, native = sum(purse.balance.posted for purse in purses), account.balance(NATIVE)
    held = native.amount if native else 0
    return "" if booked == held else f"our books have {show(booked)} XLM there, the account {show(held)}"
