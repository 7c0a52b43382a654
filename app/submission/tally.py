"""What the engine says it paid, from its own rows: for ``flask reconcile``."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from app.clock import after
from app.stellar.operations import TAKE_BACK
from app.submission.channels import OWNER, merge_key
from app.submission.models import AttemptOrder, Batch, Channel, Order, Settlement
from app.submission.states import ENTRUSTED, OPEN, OVER, PAID, WORKING

Place = tuple[str, int]
"""Where in a transaction: its hash, and the operation's index from 0."""

Sum = tuple[str, str, str, int]
"""What was to leave: source, destination, asset, stroops."""

PAGE_ROWS = 1000
LATE_SECONDS = 86_400  # after which an order that is not at its end is called out
NAMED = ("payment", "create_account")  # operations that name who is paid


@dataclass(frozen=True)
class Paid:
    """A settled order, where in the ledger it was paid, and what had to move there: ``direction`` on ``account``.

    ``amount`` is 0 where whatever is there moves; ``counterparty`` is empty where the operation names none.
    """

    order_id: str
    place: Place
    ledger: int
    direction: str
    account: str
    asset: str
    amount: int
    counterparty: str


@dataclass(frozen=True)
class Carried:
    """An order that a signed transaction carries; ``over``: nothing happens to it any more."""

    id: str
    state: str
    over: bool


def paid(session: Session, places: Iterable[Place]) -> dict[Place, str]:
    """Return the orders that were settled at ``places``."""
    place = tuple_(Settlement.transaction_hash, Settlement.operation_index)
    found = select(Settlement.transaction_hash, Settlement.operation_index, Settlement.order_id)
    return {(row[0], row[1]): row[2] for row in session.execute(found.where(place.in_(list(places))))}


def carried(session: Session, places: Iterable[Place]) -> dict[Place, Carried]:
    """Return the orders that transactions of the engine's carry at ``places``, settled or not."""
    place = tuple_(AttemptOrder.attempt_hash, AttemptOrder.operation_index)
    columns = AttemptOrder.attempt_hash, AttemptOrder.operation_index, Order.id, Order.state
    found = select(*columns).join(Order, Order.id == AttemptOrder.order_id).where(place.in_(list(places)))
    return {(row[0], row[1]): Carried(row[2], row[3], row[3] in OVER) for row in session.execute(found)}


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
            select(Settlement, Order)
            .join(Order, Order.id == Settlement.order_id)
            .where(Settlement.order_id > after)
            .order_by(Settlement.order_id)
            .limit(PAGE_ROWS)
        ).all()
        if not rows:
            return
        yield [_paid(*row) for row in rows]
        after = rows[-1][0].order_id


def reserved(session: Session) -> dict[str, int]:
    """Return the reservations of orders that are under way, with their amounts."""
    found = select(Order.reservation, Order.amount).where(Order.reservation != "", Order.state.not_in(OVER))
    return {row[0]: row[1] for row in session.execute(found)}


def astray(session: Session) -> Iterator[str]:
    """Yield what is wrong with orders: settled at no place, at a place and not settled, or open for a day."""
    torn = Order.state.in_(PAID) != Settlement.order_id.is_not(None)
    late = Order.state.not_in(OVER) & (Order.created_at < after(-LATE_SECONDS))
    found = select(Order, Settlement).outerjoin(Settlement).where(or_(torn, late)).order_by(Order.created_at)
    for order, place in session.execute(found):
        where = f"has its place in ledger {place.ledger}" if place else "has no place in the ledger"
        since = f"{order.created_at:%Y-%m-%d %H:%M}"
        yield f"order {order.id} of {since} is {order.state} and {where}; {order.reason}".removesuffix("; ")


def quiet(session: Session, since: datetime) -> list[Channel]:
    """Return the open channels whose money nothing has moved since then, and nothing is about to."""
    busy = select(Batch.channel).where(or_(Batch.state.in_(OPEN), Batch.closed_at >= since))
    founded = select(Order.owner_key).where(Order.owner == OWNER, Order.state.not_in(OVER))
    still = Channel.address.not_in(busy), Channel.address.not_in(founded), Channel.updated_at < since
    return list(session.scalars(select(Channel).where(Channel.state.in_(WORKING), *still)))


def leaving(session: Session, address: str) -> bool:
    """Say whether the account is a channel being merged away: it is a treasury's for so long, and not followed."""
    mine = select(Order.id).where(Order.owner == OWNER, Order.owner_key == merge_key(address))
    return session.scalar(mine) is not None


def _paid(row: Settlement, order: Order) -> Paid:
    return Paid(
        order_id=row.order_id,
        place=(row.transaction_hash, row.operation_index),
        ledger=row.ledger,
        direction="in" if order.kind == TAKE_BACK else "out",
        account=order.source,
        asset=order.asset,
        amount=order.amount,
        counterparty=order.destination if order.operation in NAMED else "",
    )
