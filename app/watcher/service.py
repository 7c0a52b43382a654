"""The verbs of watching: follow an account, write down what happened on it, let the rooms claim what arrived."""

from collections.abc import Sequence

from flask import current_app
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from stellar_sdk import StrKey

import config
from app.clock import now
from app.errors import Conflict, Invalid, NotFound
from app.ledger import service as ledger
from app.ledger.models import Account
from app.states import begin, begin_all, move, move_one
from app.watcher.facts import Fact
from app.watcher.feed import Page
from app.watcher.identity import Known
from app.watcher.models import Observation, Stream
from app.watcher.states import ARRIVED, DEPARTED, FOLLOWING, UNPARSED

CURSOR_MAX = 2**63 - 1
STANDS = {"in": ARRIVED, "out": DEPARTED, "": UNPARSED}  # direction → the state an observation begins in


def before_ledger(sequence: int) -> int:
    """Return the cursor from which reading begins with ledger ``sequence``."""
    return (sequence << 32) - 1


def follow(session: Session, organization_id: str, account: str, cursor: int) -> Stream:
    """Follow ``account`` (G…) from ``cursor`` on; one that is known already stays where it is.

    Raises Conflict if it is another organization's: what arrives on an account has one owner.
    """
    if not StrKey.is_valid_ed25519_public_key(account):
        raise Invalid(f"{account[:70]!r} is not the address G… of an account")
    stream = session.get(Stream, account)
    if stream is None:
        passphrase = config.need(current_app.config, "NETWORK_PASSPHRASE")
        stream = Stream(account=account, organization_id=organization_id, network_passphrase=passphrase)
        stream.cursor, stream.read_ledger = _place(cursor)
        begin(session, stream)
    if stream.organization_id != organization_id:
        raise Conflict(f"{account} is followed for another organization")
    return stream


def stop(session: Session, account: str, reason: str) -> None:
    """Follow ``account`` no more, for ``reason``. Nothing happens if it is stopped already."""
    move(session, Stream, "stop", Stream.account == account, reason=reason, note=reason)


def resume(session: Session, account: str, cursor: int | None = None) -> Stream:
    """Follow a stopped stream again, from where it was or from ``cursor``, on the network this installation is set to.

    Reading again what was read before does no harm: every operation is written down once.
    """
    stream = _stream(session, account)
    place = _place(stream.cursor if cursor is None else cursor)
    passphrase = config.need(current_app.config, "NETWORK_PASSPHRASE")
    facts = {"cursor": place[0], "read_ledger": place[1], "network_passphrase": passphrase}
    return move_one(session, stream, "follow", reason="", known_ledger=0, **facts)


def recognize(session: Session, account: str, known: Known) -> None:
    """Know the network by another ledger from now on."""
    facts = {"known_ledger": known.ledger, "known_hash": known.hash, "known_closed_at": known.closed_at}
    session.execute(update(Stream).where(Stream.account == account).values(facts))


def record(session: Session, page: Page, node_ledger: int) -> bool:
    """Write down ``page``: facts, what arrived in the ledger (treasury to suspense), and the cursor, in one commit.

    ``node_ledger`` is the node's last ledger from before the page was asked for: if the page is not full, there is
    nothing more up to it. Returns False, and writes nothing, if somebody else has moved the cursor meanwhile.
    """
    read_ledger = _place(page.cursor_after)[1] if page.full else node_ledger
    organization_id = session.scalar(
        update(Stream)
        .where(Stream.account == page.account, Stream.cursor == page.cursor_before, Stream.state == FOLLOWING)
        .values(cursor=page.cursor_after, read_ledger=func.greatest(Stream.read_ledger, read_ledger))
        .values(node_ledger=node_ledger, read_at=now())
        .returning(Stream.organization_id)
    )
    if organization_id is None:
        return False
    fresh = set()
    for direction, state in STANDS.items():
        facts = [fact for fact in page.facts if fact.direction == direction]
        rows = [vars(fact) | {"organization_id": organization_id} for fact in facts]
        fresh |= set(begin_all(session, Observation, rows, unique=["id"], state=state))
    _post(session, organization_id, [fact for fact in page.facts if fact.id in fresh and fact.direction == "in"])
    return True


def arrived(session: Session, limit: int) -> list[Observation]:
    """Return, and lock, up to ``limit`` observations nobody has looked at, the oldest first."""
    waiting = select(Observation).where(Observation.state == ARRIVED, Observation.due_at <= now())
    oldest = waiting.order_by(Observation.operation_id).limit(limit)
    return list(session.scalars(oldest.with_for_update(skip_locked=True)))


def claim(session: Session, observation: Observation, claimed_by: str, key: str, account: Account) -> None:
    """Take what arrived out of suspense and into the ledger's ``account``, for ``key`` of room ``claimed_by``.

    Raises WrongState if it is claimed already.
    """
    _take(session, observation, "claim", claimed_by, key, account)


def give_back(session: Session, observation: Observation, claimed_by: str, key: str, account: Account) -> None:
    """Take what nobody expected out of suspense and into ``account``, from which ``key`` sends it back."""
    _take(session, observation, "give_back", claimed_by, key, account)


def leave(session: Session, observation: Observation, reason: str) -> None:
    """Leave what arrived in suspense: no room expects it."""
    move_one(session, observation, "leave", reason=reason, note=reason)


def explain(session: Session, ids: Sequence[str], explained_by: str, key: str = "") -> list[str]:
    """Note who knows what these observations were; return those it applied to."""
    facts = {"claimed_by": explained_by, "claimed_key": key, "note": f"{explained_by} {key}".rstrip()}
    return move(session, Observation, "explain", Observation.id.in_(ids), **facts)


def flag(session: Session, ids: Sequence[str], reason: str) -> list[str]:
    """Call out money that went out without an order of ours; return the observations it applied to."""
    return move(session, Observation, "flag", Observation.id.in_(ids), reason=reason, note=reason)


def _stream(session: Session, account: str) -> Stream:
    stream = session.get(Stream, account)
    if stream is None:
        raise NotFound(f"{account} is not followed")
    return stream


def _place(cursor: int) -> tuple[int, int]:
    """Return ``cursor`` and the last ledger that lies wholly before it."""
    if not 0 <= cursor <= CURSOR_MAX:
        raise Invalid(f"{cursor} is not a cursor")
    return cursor, (cursor + 1 >> 32) - 1


def _post(session: Session, organization_id: str, arrivals: Sequence[Fact]) -> None:
    postings = []
    for asset in {fact.asset for fact in arrivals}:
        treasury = ledger.open_account(session, organization_id, f"treasury:{arrivals[0].account}", asset, "debit")
        suspense = ledger.open_account(session, organization_id, "suspense", asset, "credit")
        postings += [
            ledger.Posting(f"observed:{fact.id}", treasury, suspense, fact.amount)
            for fact in arrivals
            if fact.asset == asset
        ]
    ledger.transfers(session, postings)


def _take(session: Session, observation: Observation, event: str, by: str, key: str, account: Account) -> None:
    move_one(session, observation, event, claimed_by=by, claimed_key=key, note=f"{by} {key}")
    suspense = ledger.open_account(session, observation.organization_id, "suspense", observation.asset, "credit")
    ledger.transfer(session, f"{event}:{observation.id}", suspense, account, observation.amount, about=f"{by} {key}")
