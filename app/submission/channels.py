"""Channels at work: who they are, taking them out of service and back, merging their accounts away."""

from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound, Unavailable
from app.money import NATIVE
from app.states import move_one
from app.stellar.facts import AccountFacts
from app.submission.models import Batch, Channel, Treasury
from app.submission.service import NewOrder, request
from app.submission.states import GONE, OPEN, STUCK

OWNER = "channels"


def channel(session: Session, address: str) -> Channel:
    """Return, and lock, the channel at ``address``; raise NotFound."""
    row = session.get(Channel, address, with_for_update=True)
    if row is None:
        raise NotFound(f"there is no channel {address}")
    return row


def listed(session: Session, *where: Any) -> list[Channel]:
    """Return the channels that are not retired, the oldest first."""
    standing = select(Channel).where(Channel.state.not_in(GONE), *where)
    return list(session.scalars(standing.order_by(Channel.created_at, Channel.address)))


def open_batch(session: Session, address: str) -> Batch | None:
    """Return, and lock, the batch that keeps a channel, if there is one."""
    mine = select(Batch).where(Batch.channel == address, Batch.state.in_(OPEN))
    return session.scalar(mine.with_for_update())


def next_number(session: Session, account: AccountFacts) -> int:
    """Return the number an account without an open batch spends next; raise Unavailable if the node that showed it has
    not seen all of our batches yet."""
    spent = session.scalar(select(func.max(Batch.sequence)).where(Batch.channel == account.address)) or 0
    if account.sequence < spent:
        behind = f"number {spent} of {account.address} is spent, and the node shows {account.sequence}: it is behind"
        raise Unavailable(f"{behind}; say it once more when it has caught up")
    return account.sequence + 1


def reopen(session: Session, address: str, account: AccountFacts) -> None:
    """Let a channel take batches again, beginning with the ledger's next number; raise Conflict if it has one open."""
    row = channel(session, address)
    if open_batch(session, address) is not None:
        raise Conflict(f"channel {address} has an open batch: see `flask channels list`")
    move_one(session, row, "open", reason="", next_sequence=next_number(session, account))


def retire(session: Session, address: str, reason: str) -> None:
    """Let a channel take no batch any more; raise Conflict if it has one open."""
    row = channel(session, address)
    if open_batch(session, address) is not None:
        raise Conflict(f"channel {address} has an open batch; it can go when that is closed")
    if row.state not in GONE:
        move_one(session, row, "retire", reason=reason)


def merge_back(session: Session, address: str, source: Treasury) -> None:
    """Retire a channel and order its account merged into the treasury."""
    retire(session, address, "merged back")
    ours = {"address": address, "organization_id": source.organization_id}
    session.execute(insert(Treasury).values(ours).on_conflict_do_nothing())  # its money may be sent now
    order = NewOrder(
        organization_id=source.organization_id,
        owner=OWNER,
        owner_key=merge_key(address),
        source=address,
        destination=source.address,
        asset=NATIVE,
        amount=0,
        kind="account_merge",
    )
    request(session, order)


def merge_key(address: str) -> str:
    """Return what the order to merge a channel is called."""
    return f"merge:{address}"


def forget(session: Session, address: str) -> None:
    """A merged channel has no money any more."""
    session.execute(delete(Treasury).where(Treasury.address == address))


def sign_again(session: Session, address: str) -> None:
    """Have a parked batch signed anew, on its own number: always safe, and right once its reason is gone."""
    batch = open_batch(session, address)
    if batch is None or batch.state not in STUCK:
        raise Invalid(f"channel {address} has no parked batch")
    move_one(session, batch, "rebuild", reason="")
