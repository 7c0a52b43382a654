"""An organization, and people it comes to know."""

import pytest
from stellar_sdk import Keypair

from app.customers import service
from app.customers.identities import Identity
from app.customers.models import Customer
from app.db import db, transaction
from app.organizations import service as organizations

ACCOUNT = Keypair.random().public_key
SENDER = {"first_name": "Ada", "last_name": "Lovelace"}
RECEIVER = {**SENDER, "bank_account_number": "0532013000", "bank_number": "37040044"}


@pytest.fixture
def home_domain_id(app):
    with transaction() as session:
        owner = organizations.add_organization(session, "North")
        return organizations.add_home_domain(session, owner, "localhost", Keypair.random(), ["sep12"]).id


@pytest.fixture
def identity(home_domain_id):
    """Make the names customers are known by."""
    with transaction() as session:
        organization_id = organizations.organization(session).id

    def naming(memo: str = "", account: str = ACCOUNT, **more: str) -> Identity:
        return Identity(organization_id, account, memo, "id" if memo else "", **more)

    return naming


@pytest.fixture
def give(identity, home_domain_id):
    """Register a customer with what they give, committed; return their id."""

    def giving(given: dict, kind: str = "sep31-sender", **name: str) -> str:
        with transaction() as session:
            customer = service.register(session, identity(**name), home_domain_id)
            service.update(session, customer, given, kind)
            return customer.id

    return giving


@pytest.fixture
def known(app):
    """Read a customer afresh."""

    def reading(customer_id: str) -> Customer:
        db.session.rollback()
        db.session.expire_all()
        return db.session.get(Customer, customer_id)

    return reading
