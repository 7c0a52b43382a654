"""What a resting offer and a taker exchange, in whole stroops.

The book's words: the resting offer sells *wheat* for *sheep* at ``price`` sheep a wheat; the taker sells sheep. Whoever
is not used up by the exchange is favoured by the rounding, and neither gets a price more than 1 % worse than the one
crossed.
"""

from enum import Enum
from typing import NamedTuple

from app.sandbox.network.engine.entries import INT64_MAX, Price


class Rounding(Enum):
    NORMAL = 0
    STRICT_RECEIVE = 1
    STRICT_SEND = 2


class Exchanged(NamedTuple):
    """Wheat the taker receives, sheep it sends, and whether the resting offer has some left."""

    wheat: int
    sheep: int
    wheat_stays: bool


class Limits(NamedTuple):
    """How much the resting offer sends and receives at most, and the taker."""

    wheat_send: int = INT64_MAX
    sheep_receive: int = INT64_MAX
    sheep_send: int = INT64_MAX
    wheat_receive: int = INT64_MAX


def exchange(price: Price, limits: Limits, rounding: Rounding) -> Exchanged:
    exact = exchange_unbounded(price, limits, rounding)
    if exact.wheat == 0 or exact.sheep == 0:
        # Somebody who must send an exact amount may have to give the last of it for nothing.
        return exact if rounding is Rounding.STRICT_SEND else exact._replace(wheat=0, sheep=0)
    if rounding is Rounding.NORMAL and not _fair(price, exact):
        return exact._replace(wheat=0, sheep=0)
    return exact


def exchange_unbounded(price: Price, limits: Limits, rounding: Rounding = Rounding.NORMAL) -> Exchanged:
    """Exchange without asking whether the rounded price is fair. Values are compared as n·wheat and d·sheep."""
    n, d = price
    offered = min(limits.wheat_send * n, limits.sheep_receive * d)
    asked = min(limits.sheep_send * d, limits.wheat_receive * n)
    if offered > asked:
        return Exchanged(*_wheat_stays(price, asked, limits, rounding), True)
    if n > d:
        wheat = offered // n
        return Exchanged(wheat, wheat * n // d, False)
    sheep = offered // d
    return Exchanged(_up(sheep * d, n), sheep, False)


def _wheat_stays(price: Price, asked: int, limits: Limits, rounding: Rounding) -> tuple[int, int]:
    n, d = price
    if rounding is Rounding.STRICT_SEND:
        return asked // n, min(limits.sheep_send, limits.sheep_receive)
    if n > d or rounding is Rounding.STRICT_RECEIVE:
        wheat = asked // n
        return wheat, _up(wheat * n, d)
    sheep = asked // d
    return sheep * d // n, sheep


def _fair(price: Price, exchanged: Exchanged) -> bool:
    """The price got differs from the price crossed by at most 1 %."""
    due, paid = price.n * exchanged.wheat, price.d * exchanged.sheep
    return 100 * abs(due - paid) <= due


def _up(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)


def adjusted(price: Price, wheat_send: int, sheep_receive: int) -> int:
    """Return how much of an offer could be taken by a buyer without limits: what is worth keeping on the book."""
    return exchange(price, Limits(wheat_send=wheat_send, sheep_receive=sheep_receive), Rounding.NORMAL).wheat


class Liabilities(NamedTuple):
    buying: int
    selling: int


def liabilities(price: Price, amount: int) -> Liabilities:
    """Return what an offer of ``amount`` wheat may receive and must be able to send."""
    exact = exchange_unbounded(price, Limits(wheat_send=amount))
    return Liabilities(buying=exact.sheep, selling=exact.wheat)


def buying_liabilities(price: Price, amount: int) -> Liabilities:
    """As ``liabilities`` for an offer that wants to receive ``amount`` sheep."""
    exact = exchange_unbounded(price, Limits(sheep_receive=amount))
    return Liabilities(buying=exact.sheep, selling=exact.wheat)
