"""The checks, in the order in which they are made. Each is a sentence, its docstring, and yields whatever is not so."""

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from app.reconcile import banks, network, ours
from app.reconcile.outside import Outside

Check = Callable[[Session, Outside], Iterator[str]]

CHECKS: tuple[Check, ...] = (
    ours.books,
    ours.suspense,
    ours.owed,
    ours.paid_out,
    ours.reserved,
    ours.orders,
    ours.refunds,
    network.stellar,
    network.channels,
    network.followed,
    network.departures,
    network.payments,
    banks.statements,
    ours.due,
)
