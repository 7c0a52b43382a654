"""The class of Polaris' own guide at work in the house, as it is printed and with its spelling put right."""

import pytest

from tests.rails.test_polaris import AnchorBank, adopt, corrected, guide

__all__ = ["adopt"]  # a fixture


def passed(house, rail, **sent):
    house.teller = rail
    key = house.announce()
    house.pay(key, **sent)
    house.execute()
    return key


@pytest.mark.parametrize("source", [guide, corrected])
def test_delivered_at_once_it_is_completed(house, adopt, source):
    key = passed(house, adopt(source(), AnchorBank("delivered")))
    assert (house.see(key).state, house.see(key).external_transaction_id) == ("completed", "P-1")


@pytest.mark.parametrize("source", [guide, corrected])
def test_initiated_it_is_completed_when_the_poll_says_so(house, adopt, source):
    bank = AnchorBank("initiated")
    key = passed(house, adopt(source(), bank))
    assert house.see(key).state == "initiated"
    bank.news[key] = "initiated"
    house.poll()
    assert house.see(key).state == "initiated"
    bank.news[key] = "delivered"
    house.poll()
    assert house.see(key).state == "completed"
    assert len(bank.submitted) == 1


def test_a_failed_payment_of_the_class_as_printed_ends_with_the_operator_and_is_not_paid_twice(house, adopt):
    bank = AnchorBank("failed")
    key = passed(house, adopt(guide(), bank))
    row = house.see(key)
    assert (row.state, "raised NameError" in row.message) == ("held", True)
    house.later("2 days")
    house.execute()
    house.poll()
    assert house.see(key).state == "held"
    assert len(bank.submitted) == 1
    assert house.balance("owed") == 100 * 10**7


def test_a_failed_payment_of_the_corrected_class_ends_in_error(house, adopt):
    bank = AnchorBank("failed")
    key = passed(house, adopt(corrected(), bank))
    row = house.see(key)
    assert (row.state, row.message) == ("failed", "payment failed, contact customer support.")
    assert len(bank.submitted) == 1


def test_a_payment_that_fails_later_ends_in_error_too(house, adopt):
    bank = AnchorBank("initiated")
    key = passed(house, adopt(corrected(), bank))
    bank.news[key] = "failed"
    house.poll()
    assert house.see(key).state == "failed"


def test_a_dead_line_ends_with_the_operator(house, adopt):
    bank = AnchorBank("dead")
    key = passed(house, adopt(corrected(), bank))
    assert house.see(key).state == "held"
    house.later("2 days")
    house.execute()
    assert len(bank.submitted) == 1


def test_what_the_class_refunds_itself_is_recorded_and_never_refunded_by_us(house, adopt):
    house.policy("rail")
    bank = AnchorBank(valid=False)
    key = passed(house, adopt(corrected(), bank), amount=60 * 10**7)
    row = house.see(key)
    assert (row.state, row.refunded_by_rail, bank.submitted) == ("failed", True, [])
    assert row.message == "the amount received is not valid, refunding."
    assert [str(refunded) for refunded in bank.refunds] == [key]
    assert house.orders() == []
    with pytest.raises(Exception, match="given the money back already"):
        house.act(key, "refund", "")


def test_under_the_policy_rail_the_class_decides_what_a_wrong_amount_costs(house, adopt):
    house.policy("rail")
    key = passed(house, adopt(corrected(), AnchorBank("delivered")), amount=60 * 10**7)
    row = house.see(key)
    assert (row.state, row.amount_in, row.amount_fee, row.amount_out) == (
        "completed",
        60 * 10**7,
        15 * 10**6,
        585 * 10**6,
    )
