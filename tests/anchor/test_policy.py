"""Which payments are taken, and what follows from a rail's word: decisions alone."""

from datetime import UTC, datetime, timedelta

import pytest

from app.anchor import policy
from app.anchor.states import REFUND, SHOWN, TRANSACTION
from app.money import Money
from rails.base import Report, State

UNIT = 10**7
USDC, EURC = "stellar:USDC:" + "G" * 56, "stellar:EURC:" + "G" * 56
DEADLINE = datetime(2030, 1, 1, tzinfo=UTC)


def expected(**facts):
    usual = {"state": "awaiting_payment", "asset": USDC, "amount": 100 * UNIT, "policy": "exact"}
    usual |= {"tolerance": 0, "expires_at": DEADLINE}
    return policy.Expected(**{**usual, **facts})


def paid(amount=100 * UNIT, asset=USDC, closed_at=DEADLINE - timedelta(minutes=1)):
    return policy.Paid(asset, amount, closed_at)


def test_the_exact_amount_is_taken():
    assert policy.objection(expected(), paid()) == ""


@pytest.mark.parametrize(
    ("waits", "came", "why"),
    [
        ({}, paid(UNIT // 100), "0.0100000 came where 100.0000000 was expected"),
        ({}, paid(100 * UNIT + 1), "100.0000001 came"),
        ({}, paid(asset=EURC), "paid in EURC, not in USDC"),
        ({}, paid(asset="stellar:native"), "paid in XLM, not in USDC"),
        ({}, paid(closed_at=DEADLINE + timedelta(seconds=1)), "after the transaction had expired"),
        ({"state": "executing"}, paid(), "a further payment: the transaction was executing already"),
        ({"state": "refunded"}, paid(), "a further payment"),
        ({"policy": "tolerance", "tolerance": UNIT}, paid(102 * UNIT), "102.0000000 came"),
        ({"policy": "rail"}, paid(asset=EURC), "paid in EURC"),
    ],
)
def test_what_is_not_taken_goes_back_with_a_reason(waits, came, why):
    assert why in policy.objection(expected(**waits), came)


@pytest.mark.parametrize(
    ("waits", "came"),
    [
        ({"policy": "tolerance", "tolerance": UNIT}, paid(99 * UNIT)),
        ({"policy": "tolerance", "tolerance": UNIT}, paid(101 * UNIT)),
        ({"policy": "rail"}, paid(1)),
        ({"policy": "rail"}, paid(500 * UNIT)),
        ({"state": "expired"}, paid()),
    ],
)
def test_policies_take_what_they_say(waits, came):
    assert policy.objection(expected(**waits), came) == ""


@pytest.mark.parametrize(
    ("report", "asked", "event"),
    [
        (Report("k", State.INITIATED), True, "initiate"),
        (Report("k", State.AVAILABLE), True, "offer"),
        (Report("k", State.DELIVERED), True, "deliver"),
        (Report("k", State.RETURNED), True, "refund"),
        (Report("k", State.FAILED, refund=True), True, "refund"),
        (Report("k", State.FAILED), True, "fail"),
        (Report("k", State.FAILED, refunded=True), True, "fail"),
        (Report("k", State.FAILED, fix={"bank_account_number": "closed"}, refund=True), True, "ask"),
        (Report("k", State.NOT_FOUND), True, "release"),
        (Report("k", State.UNKNOWN), True, ""),
        (Report("k", State.UNKNOWN), False, "hold"),
        (Report("k", State.UNKNOWN, refunded=True), True, "hold"),
        (Report("k", State.RETURNED, refunded=True), True, "hold"),
    ],
)
def test_each_word_of_a_rail_has_one_consequence(report, asked, event):
    assert policy.consequence(report, can_look_up=asked) == event
    assert not event or event in TRANSACTION.target


def test_what_is_not_delivered_is_kept():
    assert policy.parts(Report("k", State.DELIVERED), 100, 98) == (98, 2)
    fee = Money(3, USDC)
    assert policy.parts(Report("k", State.DELIVERED, amount=Money(97, USDC), fee=fee), 100, 98) == (97, 3)
    assert policy.parts(Report("k", State.DELIVERED, amount=Money(100, USDC)), 100, 98) == (100, 0)


def test_a_delivery_of_more_than_came_in_or_of_a_part_cannot_be_right():
    with pytest.raises(ValueError, match="only 0.0000100 came in"):
        policy.parts(Report("k", State.DELIVERED, amount=Money(101, USDC)), 100, 98)
    with pytest.raises(ValueError, match="were delivered of"):
        policy.parts(Report("k", State.DELIVERED, amount=Money(40, USDC)), 100, 98)


def test_every_state_has_a_name_in_the_sep():
    assert set(SHOWN) == set(TRANSACTION.states)


def test_the_shown_status_of_a_send_is_one_that_sep_31_knows():
    known = {
        "pending_sender", "pending_stellar", "pending_customer_info_update", "pending_receiver",
        "pending_external", "completed", "refunded", "expired", "error",
    }  # fmt: skip
    assert {names["sep31"] for names in SHOWN.values()} <= known


def test_a_refund_that_settled_is_never_ordered_again():
    assert not [step for step in REFUND.steps if step.source == "settled"]
