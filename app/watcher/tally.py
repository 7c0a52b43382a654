"""What the watcher has seen, counted from its own rows: for ``flask reconcile``."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from app.watcher.models import Observation, Stream

Place = tuple[str, int]
"""Where in a transaction: its (inner) hash, and the operation's index from 0."""


def suspended(session: Session) -> dict[tuple[str, str], int]:
    """Return the stroops that arrived and nobody has claimed, by (organization, asset)."""
    lying = (
        select(Observation.organization_id, Observation.asset, func.sum(Observation.amount))
        .where(Observation.state.in_(["arrived", "unmatched"]))
        .group_by(Observation.organization_id, Observation.asset)
    )
    return {(row[0], row[1]): int(row[2]) for row in session.execute(lying)}


def departed(session: Session, limit: int) -> list[Observation]:
    """Return what went out and nobody has accounted for yet, the oldest first."""
    found = select(Observation).where(Observation.state == "departed").order_by(Observation.operation_id)
    return list(session.scalars(found.limit(limit)))


def moved(session: Session, places: Iterable[Place]) -> set[tuple[Place, str]]:
    """Return which of these operations were seen to move money of ours, and in which direction: in, out."""
    place = tuple_(Observation.inner_hash, Observation.operation_index)
    seen = select(Observation.inner_hash, Observation.operation_index, Observation.direction)
    return {((row[0], row[1]), row[2]) for row in session.execute(seen.where(place.in_(list(places))))}


def unread(session: Session) -> Sequence[Observation]:
    """Return what an operator must look at: what could not be read, and what nobody here sent."""
    states = ["unparsed", "unexplained"]
    return list(session.scalars(select(Observation).where(Observation.state.in_(states)).limit(200)))


def spans(session: Session) -> dict[str, int]:
    """Return, for each account that is followed, the last ledger up to which everything was read."""
    return dict(session.execute(select(Stream.account, Stream.read_ledger)).all())
