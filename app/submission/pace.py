"""How much goes out at once.

A hundred payments in a transaction want a hundred places in the ledger at one price: while others pay for theirs,
small batches get in where large ones wait, and a few at a time do not drive the price up.
"""

import sys
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from app.clock import after
from app.submission.facts import Source
from app.submission.models import Attempt, Batch, Channel, Envelope, Order, SigningKey
from app.submission.packing import BATCH_MAX, SURGE_MAX, Packed
from app.submission.states import CIRCULATING, IN_BATCH, OPEN, UNSIGNED, WORKING

SURGE_SECONDS = 60  # for so long after a batch was dear the next ones are taken to be


@dataclass(frozen=True)
class Pace:
    """How many batches may be formed, how many orders one may have, and how many all of them."""

    batches: int
    batch_max: int = BATCH_MAX
    orders: int = sys.maxsize

    def after(self, packed: Packed) -> "Pace":
        """Return what is left of it."""
        return replace(self, batches=self.batches - bool(packed.chosen), orders=self.orders - len(packed.chosen))


def current(session: Session, source: Source, bid: int, surge_max: int) -> Pace:
    """Return how much may be sent now: anything, or no more than ``surge_max`` orders in a ledger that others want."""
    free, owner = Pace(_channels(session, source)), source.organization_id
    if not _surging(session, owner, bid):
        return free
    return replace(free, batch_max=SURGE_MAX, orders=surge_max - _under_way(session, owner))


def _channels(session: Session, source: Source) -> int:
    """Return how many more channels ``source`` may take. What waits for others to sign keeps its channel as long as
    they take: all of that together leaves half of an organization's channels to the rest."""
    if not session.scalar(select(exists().where(*_cosigned(source.address)))):
        return sys.maxsize
    ours = Batch.organization_id == source.organization_id
    waiting = exists().where(*_cosigned(Batch.source))
    kept = select(func.count()).where(ours, Batch.state.in_([*UNSIGNED, *CIRCULATING]), waiting)
    working = Channel.organization_id == source.organization_id, Channel.state.in_(WORKING)
    channels = session.scalar(select(func.count(Channel.address)).where(*working)) or 0
    return max(channels // 2, 1) - (session.scalar(kept) or 0)


def _cosigned(account: Any) -> tuple[Any, ...]:
    return SigningKey.account == account, SigningKey.sealed_seed.is_(None)


def _surging(session: Session, organization_id: str, bid: int) -> bool:
    """Say whether others pay more for their place than our first ``bid``: as our own batches were told lately."""
    ours = (Batch.organization_id == organization_id, Attempt.batch_id == Batch.id)
    refused = or_(Envelope.code == "tx_insufficient_fee", Envelope.hash != Envelope.attempt_hash)
    outbid = exists().where(*ours, Batch.state.in_(OPEN), Envelope.attempt_hash == Attempt.hash, refused)
    ordinary = bid * (Attempt.operations + 1)  # a fee bump counts as one operation more
    dear = exists().where(*ours, Batch.closed_at > after(-SURGE_SECONDS), Batch.fee > ordinary)
    return bool(session.scalar(select(or_(outbid, dear))))


def _under_way(session: Session, organization_id: str) -> int:
    """Return how many orders wait for the ledger."""
    ours = select(func.count()).where(Order.organization_id == organization_id, Order.state.in_(IN_BATCH))
    return session.scalar(ours) or 0
