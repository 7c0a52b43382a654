from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interledger.failures import Failure, PaymentFailed
from app.interledger.oer import UINT64_MAX
from app.interledger.rates import Asset, RateBounds, ceil, floor, minimum_rate, rounded_minimum

amounts = st.integers(0, UINT64_MAX)
rates = st.fractions(min_value=0, max_value=10**9)


def test_bounds_close_in_on_the_rate() -> None:
    bounds = RateBounds()
    bounds.learn(1000, 333)
    assert (bounds.low, bounds.high) == (Fraction(333, 1000), Fraction(334, 1000))
    bounds.learn(10, 3)
    assert (bounds.low, bounds.high) == (Fraction(333, 1000), Fraction(334, 1000))
    bounds.learn(10_000, 3333)
    assert (bounds.low, bounds.high) == (Fraction(3333, 10_000), Fraction(3334, 10_000))


@pytest.mark.parametrize("delivered", [300, 400])
def test_a_packet_outside_the_bounds_says_that_the_rate_has_moved(delivered: int) -> None:
    bounds = RateBounds(Fraction(33, 100), Fraction(34, 100))
    bounds.learn(1000, delivered)
    assert (bounds.low, bounds.high) == (Fraction(delivered, 1000), Fraction(delivered + 1, 1000))


@given(rates, st.lists(st.integers(1, 10**12), min_size=1, max_size=8), st.integers(1, 10**12))
def test_the_estimates_enclose_what_really_arrives(rate: Fraction, sent: list[int], next_sent: int) -> None:
    bounds = RateBounds()
    for amount in sent:
        bounds.learn(amount, amount * rate.numerator // rate.denominator)
    assert bounds.low <= rate < bounds.high
    if next_sent * rate < UINT64_MAX:  # more cannot arrive in one packet
        assert bounds.least(next_sent) <= floor(next_sent, rate) <= bounds.most(next_sent)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=8), rates)
def test_what_is_promised_for_all_can_still_be_brought_by_the_last_packet(amounts: list[int], rate: Fraction) -> None:
    *others, last = amounts
    missing = rounded_minimum(sum(amounts), rate) - sum(ceil(amount, rate) for amount in others)
    assert missing <= floor(last, rate)
    assert rounded_minimum(last, rate) <= floor(last, rate)


@given(amounts, rates)
def test_rounding_is_by_less_than_one(amount: int, rate: Fraction) -> None:
    exact = amount * rate
    if exact <= UINT64_MAX - 1:
        assert floor(amount, rate) <= exact <= ceil(amount, rate) <= floor(amount, rate) + 1


def test_the_minimum_rate_is_between_units_of_both_accounts() -> None:
    prices = {"USD": Decimal("1.00"), "JPY": Decimal("0.008")}
    rate = minimum_rate(Asset("USD", 2), Asset("JPY", 0), prices, Decimal("0.01"))
    assert rate == Fraction(125) * Fraction(99, 100) / 100


def test_one_asset_needs_no_prices_and_total_slippage_needs_nothing() -> None:
    assert minimum_rate(Asset("USD", 2), Asset("USD", 9), {}, Decimal("0.01")) == Fraction(99, 100) * 10**7
    assert minimum_rate(None, Asset("USD", 9), {}, Decimal(1)) == 0


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-1", "0"])
def test_a_price_that_is_none_is_refused(price: str) -> None:
    with pytest.raises(PaymentFailed) as raised:
        minimum_rate(Asset("USD", 2), Asset("EUR", 2), {"USD": Decimal(1), "EUR": Decimal(price)}, Decimal(0))
    assert raised.value.failure is Failure.ExternalRateUnavailable
