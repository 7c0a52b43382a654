"""Money: whole numbers with an asset. No float comes near.

On Stellar and on the rails beside it one unit is 10⁻⁷ of the asset (a *stroop*), an int64. Interledger
accounts bring a scale of their own, up to UInt64. Assets are named as SEP-38 names them:
``stellar:CODE:ISSUER``, ``stellar:native``, ``iso4217:USD``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal, localcontext
from fractions import Fraction

SCALE = 7
STROOPS_MAX = 2**63 - 1  # a Stellar amount is an int64

NATIVE = "stellar:native"

DIGITS_MAX = 20  # on either side of the point
_AMOUNT = re.compile(rf"(?P<whole>[0-9]{{1,{DIGITS_MAX}}})(?:\.(?P<part>[0-9]{{1,{DIGITS_MAX}}}))?")


@dataclass(frozen=True, order=True)
class Money:
    """``amount`` units of 10⁻⁷ of ``asset``. Adding two assets together is a programming error."""

    amount: int
    asset: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"money is counted in whole units, not {self.amount!r}")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.asset)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.asset)

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        return f"{show(self.amount)} {code(self.asset)}"

    def _same(self, other: "Money") -> int:
        if other.asset != self.asset:
            raise ValueError(f"cannot mix {self.asset} and {other.asset}")
        return other.amount


def parse(text: object, scale: int = SCALE, most: int = STROOPS_MAX) -> int:
    """Return the units in ``text``, such as "12.5"; JSON integers and Decimals are welcome too.

    Raises ValueError, saying why, for anything else: signs, exponents, floats, too many decimals, too large.
    """
    if isinstance(text, bool) or not isinstance(text, (str, int, Decimal)):
        raise ValueError(f"a {type(text).__name__} is not an amount")
    plain = isinstance(text, Decimal) and abs(text.adjusted()) <= DIGITS_MAX  # 1e999999999 would fill the memory
    written = f"{text:f}" if plain else str(text).strip()
    match = _AMOUNT.fullmatch(written)
    if not match:
        raise ValueError(f"{written[:40]!r} is not an amount such as 12.50")
    part = (match["part"] or "").rstrip("0")
    if len(part) > scale:
        raise ValueError(f"{written} has more than {scale} decimals")
    units = int(match["whole"] + part.ljust(scale, "0"))
    if units > most:
        raise ValueError(f"{written} is more than {show(most, scale)}, the most there can be")
    return units


def show(units: int, decimals: int = SCALE, scale: int = SCALE) -> str:
    """Write ``units`` of 10⁻ˢᶜᵃˡᵉ with ``decimals`` digits after the point, cutting none off unseen (half up)."""
    value = rounded(units, decimals, scale)
    whole, part = divmod(abs(value), 10**scale)
    sign = "-" if value < 0 else ""
    digits = str(part).rjust(scale, "0")[:decimals] if scale else ""
    return f"{sign}{whole}.{digits.ljust(decimals, '0')}" if decimals else f"{sign}{whole}"


def rounded(units: int, decimals: int, scale: int = SCALE, rounding: str = ROUND_HALF_UP) -> int:
    """Return ``units`` with nothing smaller than 10⁻ᵈᵉᶜⁱᵐᵃˡˢ of the asset in it."""
    if decimals >= scale:
        return units
    step = 10 ** (scale - decimals)
    return ratio(units, Fraction(1, step), rounding) * step


def ratio(units: int, rate: Fraction | Decimal | int, rounding: str = ROUND_DOWN) -> int:
    """Return ``units × rate`` as whole units; the rate is exact and the rounding is named."""
    exact = Fraction(units) * Fraction(rate)
    down, rest = divmod(exact.numerator, exact.denominator)
    if not rest or rounding == ROUND_DOWN and exact >= 0:
        return down
    if rounding == ROUND_UP:
        return down + 1 if exact > 0 else down
    if rounding == ROUND_DOWN:
        return down + 1
    twice = 2 * rest
    return down + 1 if twice > exact.denominator or (twice == exact.denominator and exact > 0) else down


def decimal(units: int, scale: int = SCALE) -> Decimal:
    """Return ``units`` as an exact Decimal, for those who print or compare."""
    with localcontext() as context:
        context.prec = 60
        return Decimal(units).scaleb(-scale)


def total(amounts: Iterable[Money], asset: str) -> Money:
    """Return the sum of ``amounts``, which all are of ``asset``."""
    result = Money(0, asset)
    for amount in amounts:
        result += amount
    return result


def code(asset: str) -> str:
    """Return the short name of ``asset``: USDC, USD, XLM."""
    scheme, _, rest = asset.partition(":")
    return "XLM" if asset == NATIVE else rest.split(":")[0] if scheme else asset
