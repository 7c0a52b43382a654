"""What the anchor says it owes and had paid, from its own rows: for ``flask reconcile``."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Row, Select, Text, any_, exists, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from app.anchor import books
from app.anchor.models import Refund, Transaction
from app.anchor.refunds import OWNER
from app.assets.models import Asset, Method
from app.money import Money
from app.submission.models import Order
from rails.base import Line

STANDINGS = {
    # what a bank's statement has to show, by the transaction's state; "unpaid" where nothing else is said
    "completed": "paid",
    "executing": "open",
    "initiated": "open",
    "available": "open",
    "held": "open",
}

DELIVERED = (
    Transaction.state == "completed",
    ~exists().where(Refund.transaction_id == Transaction.id, Refund.whole),  # it has not come back
)


@dataclass(frozen=True)
class Paid:
    """An order to a rail as our rows have it: "paid" to the payee, "open", or "unpaid": kept back, or come back.

    ``amount`` is None where it is not known any more: what went back has none.
    """

    key: str
    ref: str
    amount: Money | None
    standing: str
    state: str
    since: datetime  # when it last moved


def owed(session: Session) -> dict[tuple[str, str], int]:
    """Return the stroops held for others, by (organization, asset): paid in, and neither paid out nor given back."""
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for organization_id, asset, units in [*_under_way(session), *_coming_back(session), *_not_taken(session)]:
        totals[organization_id, asset] += int(units)
    return dict(totals)


def _under_way(session: Session) -> list[tuple[str, str, int]]:
    """What came in for transactions that have not ended, or ended with the money still here."""
    gone = Transaction.state.in_(["completed", "refunded"]) | Transaction.refunded_by_rail & (
        Transaction.state == "failed"
    )
    return _sums(session, func.sum(Transaction.amount_in), Transaction.amount_in.is_not(None), ~gone)


def _coming_back(session: Session) -> list[tuple[str, str, int]]:
    """What was delivered, came back, and is not with its sender yet."""
    whole = exists().where(Refund.transaction_id == Transaction.id, Refund.whole, Refund.state != "settled")
    return _sums(session, func.sum(Transaction.amount_in), Transaction.state == "completed", whole)


def _not_taken(session: Session) -> list[tuple[str, str, int]]:
    """Payments that were not what was expected, and are not with their sender yet."""
    found = (
        select(Transaction.organization_id, Refund.asset, func.sum(Refund.amount))
        .join(Transaction, Transaction.id == Refund.transaction_id)
        .where(~Refund.whole, Refund.state != "settled")
        .group_by(Transaction.organization_id, Refund.asset)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(found)]


def _sums(session: Session, total: object, *where: object) -> list[tuple[str, str, int]]:
    found = (
        select(Transaction.organization_id, Asset.asset, total)  # type: ignore[call-overload]
        .join(Asset, Asset.id == Transaction.asset_id)
        .where(*where)
        .group_by(Transaction.organization_id, Asset.asset)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(found)]


def rails(session: Session) -> set[str]:
    """Return the names of the rails that had transactions."""
    return set(session.scalars(select(Transaction.rail).distinct()))


def paid_out(session: Session, rail: str) -> dict[tuple[str, str], int]:
    """Return the stroops a rail paid out and did not get back, by (organization, asset)."""
    totals: dict[tuple[str, str], int] = defaultdict(int)
    given_back = Transaction.refunded_by_rail & (Transaction.state == "failed")
    delivered = _sums(session, func.sum(Transaction.amount_out), Transaction.rail == rail, *DELIVERED)
    for organization_id, asset, units in [
        *delivered,
        *_sums(session, func.sum(Transaction.amount_in), Transaction.rail == rail, given_back),
    ]:
        totals[organization_id, asset] += int(units)
    return dict(totals)


def earned(session: Session) -> dict[tuple[str, str], int]:
    """Return the stroops that were kept as fees, by (organization, asset)."""
    found = _sums(session, func.sum(Transaction.amount_fee), *DELIVERED)
    return {(organization_id, asset): int(units) for organization_id, asset, units in found}


def reserved(session: Session) -> dict[str, int]:
    """Return the reservations of payouts their rail may be making, with their amounts."""
    found = select(Transaction).where(Transaction.state.in_(["executing", "initiated", "available"]))
    return {books.reservation(row): row.amount_in or 0 for row in session.scalars(found).unique()}


def reservable(session: Session) -> set[str]:
    """Return the reservations of payouts that may have been begun: looked up and not found, or held for a person."""
    found = select(Transaction).where(Transaction.state.in_(["received", "held"]))
    return {books.reservation(row) for row in session.scalars(found).unique()}


def refunds_astray(session: Session) -> Iterator[str]:
    """Yield each refund that is not ordered as it is, or is settled where its order is not."""
    found = (
        select(Refund, Order)
        .outerjoin(Order, (Order.owner == OWNER) & (Order.owner_key == Refund.order_key))
        .where(
            or_(
                Order.id.is_(None),
                (Refund.state == "settled") & (Order.state != "settled"),
                tuple_(Refund.asset, Refund.amount, Refund.destination)
                != tuple_(Order.asset, Order.amount, Order.destination),
            )
        )
    )
    for refund, order in session.execute(found):
        what = f"{Money(refund.amount, refund.asset)} to {refund.destination}"
        ordered = f"{Money(order.amount, order.asset)} to {order.destination}, {order.state}" if order else "nothing"
        yield f"refund {refund.id}: {what}, {refund.state}; ordered is {ordered}"


def payouts(session: Session, rail: str, since: datetime, lines: Sequence[Line]) -> list[Paid]:
    """Return what ``rail`` was ordered to pay since then, and whatever else of ours ``lines`` are about."""
    named = Transaction.id == _any({books.transaction_id(line.key) for line in lines if line.key})
    known = Transaction.external_transaction_id == _any({line.payment for line in lines if line.payment})
    ours = _ordered().where(Transaction.rail == rail, (Transaction.executed_at >= since) | named | known)
    return [paid for row in session.execute(ours) for paid in _rounds(row)]


def _any(texts: Collection[str]) -> Any:
    return any_(literal(sorted(texts), ARRAY(Text)))


def _ordered() -> Select[Any]:
    came_back = (
        select(func.max(Refund.created_at))
        .where(Refund.transaction_id == Transaction.id, Refund.whole)
        .scalar_subquery()
    )
    columns: list[Any] = [
        Transaction.id,
        Transaction.round,
        Transaction.external_transaction_id.label("ref"),
        Transaction.state,
        Transaction.refunded_by_rail,
        Transaction.amount_out,
        Transaction.updated_at,
        Method.pays,
        came_back.label("came_back_at"),
    ]
    return select(*columns).join(Method, Method.id == Transaction.method_id)


def _rounds(row: Row[Any]) -> Iterator[Paid]:
    """Yield the transaction's order to its rail, and those before it, which were refused and corrected."""
    amount = Money(row.amount_out, row.pays) if row.amount_out else None
    since = max(filter(None, [row.updated_at, row.came_back_at]))
    for number in range(1, row.round):
        yield Paid(books.order_key(row.id, number), "", None, "unpaid", "refused", since)
    standing = "unpaid" if row.came_back_at else STANDINGS.get(row.state, "open" if row.refunded_by_rail else "unpaid")
    yield Paid(books.order_key(row.id, row.round), row.ref, amount, standing, row.state, since)
