"""What the watcher has seen, counted from its own rows: for ``flask reconcile``."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from app.watcher.models import Observation, Stream
from app.watcher.states import FOLLOWING

Place = tuple[str, int]
"""Where in a transaction: its (inner) hash, and the operation's index from 0."""

START = (0, "")


class Moved(NamedTuple):
    """What an operation moved on an account of ours."""

    direction: str
    account: str
    asset: str
    amount: int
    counterparty: str


def suspended(session: Session) -> dict[tuple[str, str], int]:
    """Return the stroops that arrived and nobody has claimed, by (organization, asset)."""
    lying = (
        select(Observation.organization_id, Observation.asset, func.sum(Observation.amount))
        .where(Observation.state.in_(["arrived", "unmatched"]))
        .group_by(Observation.organization_id, Observation.asset)
    )
    return {(row[0], row[1]): int(row[2]) for row in session.execute(lying)}


def departed(session: Session, after: tuple[int, str], limit: int) -> list[Observation]:
    """Return what went out and nobody has accounted for yet, the oldest first, from behind ``after`` on."""
    place = tuple_(Observation.operation_id, Observation.id)
    found = select(Observation).where(Observation.state == "departed", place > after)
    return list(session.scalars(found.order_by(Observation.operation_id, Observation.id).limit(limit)))


def moved(session: Session, places: Iterable[Place]) -> dict[Place, list[Moved]]:
    """Return what these operations were seen to move, on accounts of ours."""
    place = tuple_(Observation.inner_hash, Observation.operation_index)
    found: dict[Place, list[Moved]] = defaultdict(list)
    for row in session.scalars(select(Observation).where(place.in_(list(places)))):
        movement = Moved(row.direction, row.account, row.asset, row.amount, row.counterparty)
        found[row.inner_hash, row.operation_index].append(movement)
    return found


def unread(session: Session) -> Sequence[Observation]:
    """Return what an operator must look at: what could not be read, and what nobody here sent."""
    states = ["unparsed", "unexplained"]
    return list(session.scalars(select(Observation).where(Observation.state.in_(states)).limit(200)))


def spans(session: Session) -> dict[str, int]:
    """Return, for each account that is followed, the last ledger up to which everything was read."""
    return dict(session.execute(select(Stream.account, Stream.read_ledger)).all())


def stopped(session: Session) -> dict[str, str]:
    """Return the accounts that are followed no more, and why."""
    found = select(Stream.account, Stream.reason).where(Stream.state != FOLLOWING)
    return {row[0]: row[1] for row in session.execute(found)}
