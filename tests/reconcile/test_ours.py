"""What is wrong between ledger and rows is named: each test breaks one thing in a house where all is well."""

import pytest
from sqlalchemy import update

from app.anchor import books
from app.anchor.models import Refund, Transaction
from app.db import transaction
from app.ledger import service as ledger
from app.reconcile import ours
from app.submission.models import Order
from rails.base import Report, State
from tests.anchor.conftest import UNIT
from tests.reconcile.conftest import found

CHECKS = (ours.books, ours.suspense, ours.owed, ours.paid_out, ours.reserved, ours.orders, ours.refunds, ours.due)


def everything():
    return [words for check in CHECKS for words in found(check)]


@pytest.fixture
def keys(house):
    """One payout delivered with a fee, one under way, one returned after delivery, one refused: all is well."""
    house.fee(fixed=2 * UNIT)
    keys = [house.announce() for _ in range(4)]
    delivered, under_way, returned, refused = keys
    for key, said in ((delivered, State.DELIVERED), (under_way, State.INITIATED), (returned, State.DELIVERED)):
        house.pay(key)
        house.teller.to_order = said
        house.execute()
    house.act(returned, "returned", "the bank says so")
    house.pay(refused)
    house.teller.to_order = Report(refused, State.FAILED, refund=True)
    house.execute()
    house.settle(house.orders()[0])
    assert [house.see(key).state for key in keys] == ["completed", "initiated", "refunded", "refunding"]
    assert everything() == []
    return keys


def move(house, debit, credit, amount):
    with transaction() as session:
        sides = [books.account(session, house.organization_id, name, house.asset) for name in (debit, credit)]
        ledger.transfer(session, f"{debit} to {credit}", *sides, amount)


def test_a_rail_that_paid_out_another_amount_than_its_transactions_say_is_named(house, keys):
    move(house, "rail:bank", "fees:earned", UNIT)
    assert everything() == [
        "USDC: the ledger has 97.0000000, paid out by rail:bank: 98.0000000",
        "USDC: the ledger has 3.0000000, earned by transactions: 2.0000000",
    ]


def test_a_rail_s_books_that_no_transaction_explains_are_named(house, keys):
    move(house, "rail:another", "rail:bank", UNIT)
    assert everything()[0] == "USDC: the ledger has -1.0000000, paid out by rail:another: 0.0000000"


def test_what_a_rail_gave_back_itself_is_in_order(house, keys):
    key = house.announce()
    house.pay(key)
    house.teller.to_order = Report(key, State.FAILED, refunded=True)
    house.execute()
    assert (house.see(key).state, everything()) == ("failed", [])


def test_a_payout_under_way_for_which_nothing_is_set_aside_is_named(house, keys):
    with transaction() as session:
        ledger.void(session, f"payout:{keys[1]}")
    assert everything() == [f"payout:{keys[1]}: 0.0000000 set aside where 100.0000000 is under way"]


def test_money_still_set_aside_for_what_has_ended_is_named(house, keys):
    with transaction() as session:
        session.execute(update(Transaction).where(Transaction.id == keys[1]).values(state="expired"))
    assert f"payout:{keys[1]}: 100.0000000 set aside, for nothing that is under way" in everything()


def test_an_order_found_to_be_unknown_to_its_rail_keeps_what_is_set_aside(house, keys):
    doubtful = house.announce()
    house.pay(doubtful)
    house.teller.to_order = ConnectionError()
    house.execute()
    house.teller.to_poll = {doubtful: State.NOT_FOUND}
    house.poll()
    assert (house.see(doubtful).state, everything()) == ("received", [])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"amount": 7}, "ordered is 0.0000007 USDC to "),
        ({"owner_key": "another"}, "sending; ordered is nothing"),
        ({"destination": "GELSEWHERE"}, "to GELSEWHERE, ready"),
    ],
)
def test_a_refund_that_is_not_ordered_as_it_is_is_named(house, keys, wrong, words):
    with transaction() as session:
        session.execute(update(Order).where(Order.state == "ready").values(wrong))
    [named] = found(ours.refunds)
    assert words in named


def test_a_refund_that_is_settled_where_its_order_is_not_is_named(house, keys):
    with transaction() as session:
        session.execute(update(Refund).where(Refund.state == "sending").values(state="settled"))
    [named] = found(ours.refunds)
    assert "settled; ordered is 100.0000000 USDC to " in named
    assert named.endswith(", ready")
