"""A customer who is deleted is forgotten, but money on its way to them keeps its address until it is there."""

import pytest
from sqlalchemy import select

from app.anchor import parties
from app.anchor.models import Transaction
from app.customers import service as customers
from app.customers.identities import Identity
from app.customers.models import Customer
from app.db import db, transaction
from rails.base import Report, State
from tests.anchor.conftest import UNIT

PAYEE = {"first_name": "Ada", "last_name": "Lovelace", "bank_account_number": "12345678", "bank_number": "0042"}


@pytest.fixture
def receiver(house):
    """The id of somebody who is to receive money."""
    with transaction() as session:
        who = Identity(house.organization_id, house.sender.account, "1", "id")
        customer = customers.register(session, who, house.home_domain_id)
        customers.update(session, customer, PAYEE, "sep31-receiver")
        return customer.id


def erase(receiver):
    with transaction() as session:
        parties.erase(session, session.get(Customer, receiver))
    db.session.remove()
    assert db.session.get(Customer, receiver) is None
    db.session.remove()


def forget():
    with transaction() as session:
        return parties.forget_payees(session, 10)


def kept():
    db.session.remove()
    return [bool(payee) for payee in db.session.scalars(select(Transaction.payee))]


@pytest.mark.parametrize("paid_before", [True, False])
def test_an_open_payout_keeps_its_payee_and_forgets_them_when_it_is_over(house, receiver, paid_before):
    key = house.announce(receiver_id=receiver)
    if paid_before:
        house.pay(key)
    erase(receiver)
    if not paid_before:
        house.pay(key)
    house.execute()
    [payout] = house.teller.ordered
    assert payout.payee == PAYEE
    assert (forget(), kept()) == (0, [True])
    house.teller.to_poll = {"*": State.DELIVERED}
    house.poll()
    assert (house.see(key).state, forget(), kept()) == ("completed", 1, [False])


def test_an_order_that_was_looked_up_goes_to_the_same_payee_again(house, receiver):
    key = house.announce(receiver_id=receiver)
    house.pay(key)
    house.teller.to_order = ConnectionError()
    house.execute()
    erase(receiver)
    house.teller.to_poll = {"*": State.NOT_FOUND}
    house.poll()
    house.teller.to_order = State.INITIATED
    house.execute()
    assert [payout.payee for payout in house.teller.ordered] == [PAYEE, PAYEE]


def test_what_is_over_or_pays_somebody_else_keeps_nothing(house, receiver):
    over, other = house.announce(receiver_id=receiver), house.announce()
    house.pay(over)
    house.teller.to_order = Report(over, State.FAILED, refund=True)
    house.execute()
    house.settle(house.orders()[0])
    erase(receiver)
    assert (house.see(over).state, house.see(other).state, kept()) == ("refunded", "awaiting_payment", [False, False])


def test_nobody_is_paid_of_whom_nothing_is_known(house, receiver):
    key = house.announce(receiver_id=receiver)
    house.pay(key)
    with transaction() as session:
        customers.erase(session, session.get(Customer, receiver))
    house.execute()
    row = house.see(key)
    assert (row.state, row.message) == ("held", "nothing is known any more of whom to pay")
    assert (house.teller.ordered, house.balance("owed")) == ([], 100 * UNIT)
