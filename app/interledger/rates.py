"""Exact exchange rates: destination units for one source unit, as fractions."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from app.interledger.failures import Failure, PaymentFailed
from app.interledger.oer import UINT64_MAX


@dataclass(frozen=True, slots=True)
class Asset:
    """The unit of an account: 10 to the minus ``scale`` of ``code``."""

    code: str
    scale: int


def floor(amount: int, rate: Fraction) -> int:
    """``amount`` at ``rate``, what is left over cut off; at most UInt64."""
    return min(amount * rate.numerator // rate.denominator, UINT64_MAX)


def ceil(amount: int, rate: Fraction) -> int:
    """``amount`` at ``rate``, rounded up; at most UInt64."""
    return min(-(-amount * rate.numerator // rate.denominator), UINT64_MAX)


def rounded_minimum(amount: int, minimum_rate: Fraction) -> int:
    """The least that ``amount`` must deliver if it is sent last: rounding may cost it one source unit, or the part
    of a destination unit that cannot be delivered at all, whichever is more."""
    return min(ceil(max(amount - 1, 0), minimum_rate), floor(amount, minimum_rate))


class RateBounds:
    """What replies tell of the real rate: at least ``low``, less than ``high``.

    Every hop cuts off what is less than a unit, so a packet of ``sent`` of which ``delivered`` arrived says
    delivered / sent <= rate < (delivered + 1) / sent. A packet outside the bounds says that the rate has moved.
    """

    def __init__(self, low: Fraction = Fraction(0), high: Fraction = Fraction(UINT64_MAX)) -> None:
        self.low = low
        self.high = high

    def learn(self, sent: int, delivered: int) -> None:
        low, high = Fraction(delivered, sent), Fraction(delivered + 1, sent)
        if high <= self.low or low >= self.high:
            self.low, self.high = low, high
        else:
            self.low, self.high = max(low, self.low), min(high, self.high)

    def least(self, sent: int) -> int:
        """What ``sent`` delivers at least, while the rate stays."""
        return floor(sent, self.low)

    def most(self, sent: int) -> int:
        """What ``sent`` delivers at most, while the rate stays."""
        return max(ceil(sent, self.high) - 1, 0)


def minimum_rate(
    source: Asset | None, destination: Asset, prices: Mapping[str, Decimal], slippage: Decimal
) -> Fraction:
    """The rate below which nothing is sent: the price ratio less slippage, between the units of two accounts.

    ``prices`` are of one whole unit of each code in one common currency. Raises PaymentFailed with InvalidSlippage,
    UnknownSourceAsset or ExternalRateUnavailable.
    """
    if not 0 <= slippage <= 1:
        raise PaymentFailed(Failure.InvalidSlippage, slippage=slippage)
    if slippage == 1:
        return Fraction(0)
    if source is None:
        raise PaymentFailed(Failure.UnknownSourceAsset)
    price = Fraction(1) if source.code == destination.code else _price_ratio(source.code, destination.code, prices)
    return price * (1 - Fraction(slippage)) * Fraction(10) ** (destination.scale - source.scale)


def _price_ratio(source: str, destination: str, prices: Mapping[str, Decimal]) -> Fraction:
    found = [prices.get(code) for code in (source, destination)]
    if any(price is None or not price.is_finite() or price < 0 for price in found) or not found[1]:
        raise PaymentFailed(Failure.ExternalRateUnavailable, source=source, destination=destination)
    return Fraction(prices[source]) / Fraction(prices[destination])
