"""Founding channels: an order creates the account, and the channel is open as soon as the account is there.

Where an organization has no channel yet, the treasury lends its own sequence numbers to the first batch, and is
retired as soon as another channel is open.
"""

from dataclasses import dataclass, field

from sqlalchemy import exists, select
from sqlalchemy.orm import Session
from stellar_sdk import Keypair

from app.clock import after
from app.ledger import service as ledger
from app.money import NATIVE
from app.states import begin, claim, held, move, move_one, put_off
from app.stellar.facts import AccountFacts
from app.stellar.nodes import Pool
from app.submission import keys
from app.submission.channels import OWNER, listed, next_number, open_batch
from app.submission.models import Channel, Treasury
from app.submission.service import NewOrder, request
from app.submission.states import FOUNDING, WORKING

STROOPS = 50_000_000  # what a channel begins with: its reserve, and fees for a long time
LOOK_SECONDS = 2
LOOK_SECONDS_MAX = 300
LEASE_SECONDS = 30
OWN = exists().where(Treasury.address == Channel.address)  # a channel that is a treasury


def unfinished(session: Session, organization_id: str) -> list[Channel]:
    """Return the organization's channels whose accounts are not there yet."""
    return listed(session, Channel.organization_id == organization_id, Channel.state.in_(FOUNDING))


def found(session: Session, source: Treasury, count: int, stroops: int = STROOPS) -> list[str]:
    """See to it that there are ``count`` channels, founding the missing; return the addresses of those."""
    lending = {channel.address for channel in lent(session, source.organization_id)}
    ours = listed(session, Channel.organization_id == source.organization_id)
    there = [row for row in ours if row.address not in lending]
    return [_found(session, source, stroops) for _ in range(count - len(there))]


def _found(session: Session, source: Treasury, stroops: int) -> str:
    key, organization_id = Keypair.random(), source.organization_id
    address = key.public_key
    keys.add(session, address, key)
    begin(session, Channel(address=address, organization_id=organization_id), due_at=after(LOOK_SECONDS))
    purse = ledger.open_account(session, organization_id, f"channel:{address}", NATIVE, "free")
    store = ledger.open_account(session, organization_id, f"treasury:{source.address}", NATIVE, "debit")
    ledger.reserve(session, f"channel:{address}", purse, store, stroops)
    order = NewOrder(
        organization_id=organization_id,
        owner=OWNER,
        owner_key=address,
        source=source.address,
        destination=address,
        asset=NATIVE,
        amount=stroops,
        kind="create_account",
        reservation=f"channel:{address}",
    )
    request(session, order)
    return address


def lend(session: Session, source: Treasury, account: AccountFacts) -> None:
    """Let the treasury be a channel itself, until the organization has another."""
    if _working(session, source.organization_id):
        return
    row = session.get(Channel, source.address, with_for_update=True)
    if row is None:
        row = Channel(address=source.address, organization_id=source.organization_id)
        row.next_sequence = next_number(session, account)
        begin(session, row, state=WORKING[0])
    else:
        move_one(session, row, "open", next_sequence=next_number(session, account))


def stop_lending(session: Session, organization_id: str) -> None:
    """Retire treasuries that lend their numbers, where another channel works and no batch needs them."""
    for row in needless(session, organization_id):
        if open_batch(session, row.address) is None:
            move_one(session, row, "retire", reason="other channels work")


def needless(session: Session, organization_id: str) -> list[Channel]:
    """Return the treasuries that still lend their numbers although another channel works."""
    working = _working(session, organization_id)
    return [row for row in lent(session, organization_id) if row.address in working and len(working) > 1]


def lent(session: Session, organization_id: str) -> list[Channel]:
    """Return the organization's channels that are treasuries lending their own numbers."""
    return list(session.scalars(select(Channel).where(Channel.organization_id == organization_id, OWN)))


@dataclass(frozen=True)
class Visit:
    """Looking for a new channel's account."""

    id: str
    fence: int
    attempts: int
    pool: Pool = field(repr=False)


def claim_founding(session: Session, limit: int, pool: Pool) -> list[Visit]:
    """Lease channels whose account may be there by now. Treasuries that had a batch when the first one opened stop
    lending meanwhile."""
    for owner in session.scalars(select(Channel.organization_id).where(Channel.state.in_(WORKING), OWN).distinct()):
        stop_lending(session, owner)
    rows = claim(session, Channel, FOUNDING, limit=limit, lease_seconds=LEASE_SECONDS)
    return [Visit(row.address, row.fence, row.attempts, pool) for row in rows]


def look(visit: Visit) -> AccountFacts | None:
    """Return the account, or None while it is not there."""
    return visit.pool.one().account(visit.id)


def open_founded(session: Session, visit: Visit, fact: AccountFacts | Exception | None) -> None:
    """Open a channel whose account was found; look again later for another."""
    if not isinstance(fact, AccountFacts):
        seconds = min(LOOK_SECONDS * visit.attempts, LOOK_SECONDS_MAX)
        put_off(session, Channel, visit.id, visit.fence, seconds)
    else:
        this = held(Channel, visit.id, visit.fence)
        if move(session, Channel, "open", *this, next_sequence=fact.sequence + 1):
            stop_lending(session, session.get_one(Channel, visit.id).organization_id)


def _working(session: Session, organization_id: str) -> set[str]:
    ours = select(Channel.address).where(Channel.organization_id == organization_id, Channel.state.in_(WORKING))
    return set(session.scalars(ours))
