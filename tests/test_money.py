"""Money: what is an amount, how it is written, and that no unit is made or lost by rounding."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import money
from app.money import SCALE, STROOPS_MAX, Money, parse, show

units = st.integers(0, STROOPS_MAX)
rates = st.fractions(0, 1000)


@given(units)
def test_what_is_shown_is_read_again(amount):
    assert parse(show(amount)) == parse(Decimal(show(amount))) == amount


@given(units, st.integers(0, SCALE))
def test_fewer_decimals_are_shown_to_the_nearest(amount, decimals):
    shown = Decimal(show(amount, decimals))
    assert -shown.as_tuple().exponent == decimals
    assert abs(shown - money.decimal(amount)) * 2 <= Decimal(10) ** -decimals


@given(units, rates)
def test_a_part_is_exact_or_off_by_less_than_one_unit(amount, rate):
    exact = amount * rate
    down, near, up = (money.ratio(amount, rate, rounding) for rounding in (ROUND_DOWN, ROUND_HALF_UP, ROUND_UP))
    assert down == exact // 1 and up == -(-exact // 1)
    assert near == (exact + Fraction(1, 2)) // 1


@given(st.integers(-STROOPS_MAX, STROOPS_MAX))
def test_below_zero_down_is_towards_zero(amount):
    assert money.ratio(-amount, Fraction(1, 3), ROUND_DOWN) == -money.ratio(amount, Fraction(1, 3), ROUND_DOWN)


# fmt: off
NO_AMOUNTS = [
    "", " ", "-1", "+1", "1e3", "1,000", "1.", ".5", "0x10", "1_000", "١", "NaN", "Infinity", "1 000", "1.00000001",
    "9" * 21, "922337203685.4775808", 1.5, True, None, b"1", [1], {"amount": 1}, -1,
    Decimal("NaN"), Decimal("Infinity"), Decimal("-1"), Decimal("1E-8"),
    Decimal("1E+99999999999"), Decimal("1E-99999999999"),
]
# fmt: on


@pytest.mark.parametrize("text", NO_AMOUNTS, ids=str)
def test_anything_else_is_no_amount(text):
    with pytest.raises(ValueError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("12.5", 125_000_000), (" 1 ", 10**7), ("0.0000001", 1), ("1.50000000000", 15_000_000), (3, 3 * 10**7)]
    + [(Decimal("1E+2"), 10**9), (Decimal("0E-20"), 0), ("922337203685.4775807", STROOPS_MAX)],
)
def test_what_is_an_amount(text, amount):
    assert parse(text) == amount


def test_two_assets_are_never_added():
    with pytest.raises(ValueError):
        Money(1, "iso4217:USD") + Money(1, "iso4217:EUR")
    with pytest.raises(TypeError):
        Money(1.0, "iso4217:USD")


def test_money_knows_its_asset():
    wallet = [Money(15_000_000, "stellar:native"), Money(5_000_000, "stellar:native")]
    assert str(money.total(wallet, "stellar:native")) == "2.0000000 XLM"
    assert money.code("stellar:USDC:GA") == "USDC" and money.code("iso4217:USD") == "USD"
