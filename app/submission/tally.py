"""What the engine says it paid, from its own rows: for ``flask reconcile``."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from app.stellar.operations import TAKE_BACK
from app.submission.models import Attempt, Order, Settlement
from app.submission.states import ENTRUSTED

Place = tuple[str, int]
"""Where in a transaction: its hash, and the operation's index from 0."""

Sum = tuple[str, str, str, int]
"""What was to leave: source, destination, asset, stroops."""

PAGE_ROWS = 1000


@dataclass(frozen=True)
class Paid:
    """A settled order, and where in the ledger it was paid: ``direction`` as its source saw it."""

    order_id: str
    source: str
    place: Place
    ledger: int
    direction: str


def paid(session: Session, places: Iterable[Place]) -> dict[Place, str]:
    """Return the orders that were settled at ``places``."""
    place = tuple_(Settlement.transaction_hash, Settlement.operation_index)
    found = select(Settlement.transaction_hash, Settlement.operation_index, Settlement.order_id)
    return {(row[0], row[1]): row[2] for row in session.execute(found.where(place.in_(list(places))))}


def signed(session: Session, hashes: Iterable[str]) -> set[str]:
    """Return which of ``hashes`` are transactions the engine signed."""
    return set(session.scalars(select(Attempt.hash).where(Attempt.hash.in_(list(hashes)))))


def expected(session: Session, sums: Iterable[Sum]) -> set[Sum]:
    """Return which of ``sums`` a custodian was given to pay, and has not been seen to: it may have done so by now."""
    what = tuple_(Order.source, Order.destination, Order.asset, Order.amount)
    given = select(Order.source, Order.destination, Order.asset, Order.amount).where(Order.state.in_(ENTRUSTED))
    return {(row[0], row[1], row[2], row[3]) for row in session.execute(given.where(what.in_(list(sums))))}


def settled(session: Session) -> Iterator[list[Paid]]:
    """Yield every settlement, page by page, in the order of the orders' ids."""
    after = ""
    while True:
        rows = session.execute(
            select(Settlement, Order.source, Order.kind)
            .join(Order, Order.id == Settlement.order_id)
            .where(Settlement.order_id > after)
            .order_by(Settlement.order_id)
            .limit(PAGE_ROWS)
        ).all()
        if not rows:
            return
        yield [_paid(*row) for row in rows]
        after = rows[-1][0].order_id


def _paid(row: Settlement, source: str, kind: str) -> Paid:
    direction = "in" if kind == TAKE_BACK else "out"
    return Paid(row.order_id, source, (row.transaction_hash, row.operation_index), row.ledger, direction)
