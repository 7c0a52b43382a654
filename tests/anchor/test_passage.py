"""A transaction from its announcement to its end, every step recorded in the books."""

from datetime import timedelta

import pytest

from app.anchor import arrivals, closing, operate, payouts, refunds
from app.anchor.show import shown
from app.db import db, transaction
from app.ledger.queries import trial_balance
from app.states import history
from rails.base import Report, State
from tests.anchor.conftest import UNIT, clock_now


def events(house, transaction_id):
    return [row.event for row in history(db.session(), house.see(transaction_id))]


def test_a_send_is_received_executed_asked_about_and_completed(house):
    key = house.announce()
    assert house.see(key).state == "awaiting_payment"
    house.pay(key)
    assert (house.see(key).state, house.balance("owed")) == ("received", 100 * UNIT)
    house.execute()
    assert house.see(key).state == "initiated"
    house.teller.to_poll = {"*": State.DELIVERED}
    house.poll()
    done = house.see(key)
    assert (done.state, done.amount_in, done.amount_out, done.amount_fee) == ("completed", 100 * UNIT, 100 * UNIT, 0)
    assert done.external_transaction_id == f"ref-{key}"
    assert (house.balance("owed"), house.balance("rail:bank")) == (0, -100 * UNIT)
    assert [payout.key for payout in house.teller.ordered] == [key]
    assert all(trial.balanced for trial in trial_balance(db.session()))


def test_the_fee_is_kept_and_the_rest_goes_out(house):
    house.fee(fixed=2 * UNIT, percent="1")
    key = house.announce()
    house.pay(key)
    house.teller.to_order = State.DELIVERED
    house.execute()
    done = house.see(key)
    assert (done.amount_fee, done.amount_out) == (3 * UNIT, 97 * UNIT)
    assert (house.balance("fees:earned"), house.balance("rail:bank")) == (-3 * UNIT, -97 * UNIT)


def test_what_the_bank_refuses_goes_back_with_the_refund_memo(house):
    key = house.announce(refund_memo="77", refund_memo_type="id")
    house.pay(key)
    house.teller.to_order = Report(key, State.FAILED, message="account closed", refund=True)
    house.execute()
    row = house.see(key)
    assert (row.state, row.message) == ("refunding", "account closed")
    [order] = house.orders()
    assert (order.amount, order.destination, order.memo_type, order.memo) == (100 * UNIT, house.payer, "id", "77")
    assert house.balance("owed") == 100 * UNIT
    house.settle(order)
    done = house.see(key)
    assert (done.state, done.amount_in, done.amount_out, done.amount_fee) == ("refunded", 100 * UNIT, 0, 0)
    assert done.refunds[0].stellar_transaction_id
    assert house.balance("owed") == 0


def test_without_a_refund_memo_the_payment_s_own_memo_is_used(house):
    key = house.announce()
    house.pay(key)
    house.teller.to_order = Report(key, State.FAILED, refund=True)
    house.execute()
    [order] = house.orders()
    assert (order.memo_type, order.memo) == ("text", house.see(key).memo)


@pytest.mark.parametrize(("amount", "why"), [(UNIT // 100, "0.0100000 came"), (160 * UNIT, "160.0000000 came")])
def test_an_amount_that_is_not_expected_goes_back_and_the_transaction_waits_on(house, amount, why):
    key = house.announce()
    house.pay(key, amount)
    row = house.see(key)
    assert row.state == "awaiting_payment"
    assert why in row.message
    [order] = house.orders()
    assert order.amount == amount
    house.settle(order)
    house.pay(key)
    assert house.see(key).state == "received"
    assert house.balance("owed") == 100 * UNIT


def test_two_payments_on_one_memo_are_both_recorded_and_one_goes_back(house):
    key = house.announce()
    house.pay(key, 100 * UNIT)
    house.pay(key, 60 * UNIT)
    row = house.see(key)
    assert (row.state, row.amount_in) == ("received", 100 * UNIT)
    assert [(refund.amount, refund.whole) for refund in row.refunds] == [(60 * UNIT, False)]
    assert house.balance("owed") == 160 * UNIT


def test_another_asset_goes_back_in_that_asset(house):
    key = house.announce()
    house.pay(key, 5 * UNIT, asset="stellar:native")
    assert house.see(key).state == "awaiting_payment"
    [order] = house.orders()
    assert (order.asset, order.amount) == ("stellar:native", 5 * UNIT)


@pytest.mark.parametrize("memo", [("none", ""), ("text", "nobody knows me"), ("id", "7")])
def test_what_bears_no_memo_of_ours_stays_in_suspense(house, memo):
    house.announce()
    house.pay("", 60 * UNIT, memo=memo)
    assert house.balance("suspense") == 60 * UNIT
    [left] = operate.unclaimed(db.session())
    assert left.reason
    assert house.orders() == []


def test_an_operator_assigns_what_lies_in_suspense(house):
    key = house.announce()
    house.pay("", 100 * UNIT, memo=("none", ""))
    with transaction() as session:
        [left] = operate.unclaimed(session)
        operate.assign(session, left.id, operate.find(session, key))
    assert house.see(key).state == "received"
    assert house.balance("suspense") == 0


def test_the_organization_s_own_money_leaves_suspense_for_its_capital(house):
    house.pay("", 100 * UNIT, memo=("none", ""))
    with transaction() as session:
        operate.own(session, operate.unclaimed(session)[0].id)
    assert (house.balance("suspense"), house.balance("capital")) == (0, 100 * UNIT)


def test_nobody_pays_and_it_expires(house):
    key = house.announce()
    house.later("2 hours")
    with transaction() as session:
        assert closing.close_transactions(session, 10) == 1
    assert house.see(key).state == "expired"


def test_what_was_paid_in_time_and_seen_late_is_received_all_the_same(house):
    key = house.announce()
    in_time = house.see(key).expires_at
    house.later("2 hours")
    with transaction() as session:
        closing.close_transactions(session, 10)
    house.pay(key, closed_at=in_time)
    assert house.see(key).state == "received"


def test_a_rail_that_raises_is_asked_before_it_is_told_again(house):
    key = house.announce()
    house.pay(key)
    house.teller.to_order = TimeoutError("bank")
    house.execute()
    row = house.see(key)
    assert (row.state, "raised TimeoutError" in row.message) == ("executing", True)
    house.execute()
    assert len(house.teller.ordered) == 1
    house.teller.to_poll = {key: State.NOT_FOUND}
    house.teller.to_order = State.DELIVERED
    house.poll()
    assert house.see(key).state == "received"
    house.execute()
    assert house.see(key).state == "completed"
    assert [payout.key for payout in house.teller.ordered] == [key, key]
    assert "release" in events(house, key)


def test_a_rail_that_cannot_be_asked_is_never_told_twice(house):
    house.teller = type(house.teller)(can_look_up=False)
    key = house.announce()
    house.pay(key)
    house.teller.to_order = TimeoutError("bank")
    house.execute()
    row = house.see(key)
    assert (row.state, "raised TimeoutError" in row.message) == ("held", True)
    house.later("2 days")
    house.execute()
    house.poll()
    assert len(house.teller.ordered) == 1
    house.act(key, "delivered", "seen on the statement")
    assert house.see(key).state == "completed"


def test_a_worker_that_died_after_claiming_leaves_a_question_and_no_second_order(house):
    key = house.announce()
    house.pay(key)
    with transaction() as session:
        [order] = payouts.claim_orders(house.counter(), session, 10)
    house.later("5 minutes")
    house.teller.to_poll = {key: State.DELIVERED}
    house.poll()
    assert house.see(key).state == "completed"
    with transaction() as session:
        late = Report(order.payout.key, State.FAILED, refund=True)
        payouts.record_order(house.counter(), session, order, late)
    assert house.see(key).state == "completed"


def test_initiated_and_then_silence_ends_with_an_operator(house):
    key = house.announce()
    house.pay(key)
    house.execute()
    house.later("2 hours")
    house.poll(patience_seconds=3600)
    row = house.see(key)
    assert (row.state, "no final word from the rail since" in row.message) == ("held", True)
    house.act(key, "refund", "the bank never paid")
    assert house.see(key).state == "refunding"


def test_nonsense_of_a_rail_stays_with_its_own_row(house):
    fine, odd = house.announce(), house.announce()
    house.pay(fine)
    house.pay(odd)
    house.teller.to_order = lambda payout: 42 if payout.key == odd else Report(payout.key, State.DELIVERED)
    house.execute()
    assert house.see(fine).state == "completed"
    row = house.see(odd)
    assert (row.state, row.message) == ("executing", "the rail answered int instead of Report")


def test_what_the_payee_must_correct_is_asked_for_and_a_new_order_goes_out(house):
    key = house.announce(fields={"bank_account_number": "1"})
    house.pay(key)
    house.teller.to_order = lambda p: Report(p.key, State.FAILED, fix={"bank_account_number": "no such account"})
    house.execute()
    row = house.see(key)
    assert (row.state, row.required_info) == ("needs_customer", {"bank_account_number": "no such account"})
    assert house.balance("owed") == 100 * UNIT
    house.correct(key, {"bank_account_number": "2"})
    house.teller.to_order = State.DELIVERED
    house.execute()
    assert house.see(key).state == "completed"
    assert [payout.key for payout in house.teller.ordered] == [key, f"{key}-2"]
    assert house.teller.ordered[1].payee["bank_account_number"] == "2"


def test_what_is_not_corrected_in_time_goes_back(house):
    key = house.announce()
    house.pay(key)
    house.teller.to_order = lambda p: Report(p.key, State.FAILED, fix={"bank_account_number": "no"})
    house.execute()
    house.later("8 days")
    with transaction() as session:
        closing.close_transactions(session, 10)
    assert house.see(key).state == "refunding"


def test_delivered_money_that_comes_back_goes_back_and_stays_completed_until_it_has(house):
    house.fee(fixed=UNIT)
    key = house.announce()
    house.pay(key)
    house.teller.to_order = lambda p: Report(p.key, State.DELIVERED)
    house.execute()
    other = house.announce()
    house.pay(other)
    house.teller.to_order = State.INITIATED
    house.execute()
    house.teller.also = [Report(key, State.RETURNED, message="account closed")]
    house.poll()
    row = house.see(key)
    assert (row.state, row.message) == ("completed", "account closed")
    [order] = house.orders()
    assert order.amount == 100 * UNIT
    house.settle(order)
    assert house.see(key).state == "refunded"
    assert house.balance("fees:earned") == 0


def test_a_rail_that_refunded_by_itself_is_never_followed_by_a_refund_of_ours(house):
    key = house.announce()
    house.pay(key)
    house.teller.to_order = lambda p: Report(p.key, State.FAILED, refunded=True, message="sent back")
    house.execute()
    row = house.see(key)
    assert (row.state, row.refunded_by_rail, house.balance("owed")) == ("failed", True, 0)
    with pytest.raises(Exception, match="has given the money back already"):
        house.act(key, "refund", "")
    assert house.orders() == []


def test_a_refund_stellar_refuses_waits_for_an_operator_who_sends_it_elsewhere(house):
    key = house.announce()
    house.pay(key)
    house.teller.to_order = lambda p: Report(p.key, State.FAILED, refund=True)
    house.execute()
    house.refuse(house.orders()[0], "the receiving account has no trustline")
    [refund] = house.see(key).refunds
    assert (refund.state, "no trustline" in refund.reason) == ("stuck", True)
    assert house.balance("owed") == 100 * UNIT
    house.act(key, "retry-refund", house.elsewhere)
    again = house.orders()[-1]
    assert again.destination == house.elsewhere
    house.settle(again)
    assert house.see(key).state == "refunded"


def test_a_refund_is_settled_once_however_often_it_is_looked_at(house):
    key = house.announce()
    house.pay(key)
    house.teller.to_order = lambda p: Report(p.key, State.FAILED, refund=True)
    house.execute()
    house.settle(house.orders()[0])
    house.later("1 hour")
    with transaction() as session:
        assert refunds.settle_refunds(session, 10) == 0
    assert events(house, key).count("settle") == 1


def test_matching_twice_claims_once(house):
    key = house.announce()
    house.pay(key)
    with transaction() as session:
        assert arrivals.match_payments(session, 10) == 0
    assert house.see(key).state == "received"


def test_while_its_rail_works_a_transaction_says_how_long_it_will_still_take(house):
    key = house.announce()
    house.pay(key)
    house.teller.to_order = Report(key, State.INITIATED, eta=clock_now() + timedelta(hours=1))
    house.execute()
    assert 3590 < shown(house.see(key))["status_eta"] <= 3600
    house.later("2 hours")
    assert shown(house.see(key))["status_eta"] == 0
    house.teller.to_poll = {"*": State.DELIVERED}
    house.poll(patience_seconds=86_400)
    assert "status_eta" not in shown(house.see(key))
