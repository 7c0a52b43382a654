"""Payments nobody expected, on the running house: each is recorded, none silently taken, every stroop explained."""

import time

import pytest
from sqlalchemy import select
from stellar_sdk import Asset, Keypair, Server, TransactionBuilder

from app.anchor import operate, sends
from app.anchor.models import Transaction
from app.customers import service as customers
from app.customers.identities import Identity
from app.db import db, new_id, transaction
from app.money import code
from app.organizations.models import HomeDomain, Partner
from app.reconcile import findings
from app.submission.models import Treasury
from app.watcher import tally
from tests.journeys.conftest import PATIENCE_SECONDS

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300), pytest.mark.xdist_group("house")]

UNIT = 10**7
ROLES = {"sender_id": "sep31-sender", "receiver_id": "sep31-receiver"}
PERSON = {"first_name": "Ada", "last_name": "Lovelace", "bank_account_number": "12345678", "bank_number": "0042"}


class Payer:
    """Pays the house's treasury from the sending anchor's purse, in one transaction each."""

    def __init__(self, journey, treasury, issuer):
        self.server = Server(journey.house.horizon_url)
        self.passphrase = journey.house.settings["NETWORK_PASSPHRASE"]
        self.key = Keypair.from_secret(journey.house.scene().sending_seed)
        self.treasury, self.usdc = treasury, Asset("USDC", issuer)

    def pay(self, amount, memo=None, asset=None):
        builder = TransactionBuilder(self.server.load_account(self.key.public_key), self.passphrase, 1000)
        builder.append_payment_op(self.treasury, asset or self.usdc, amount).set_timeout(60)
        if memo:
            builder.add_text_memo(memo)
        envelope = builder.build()
        envelope.sign(self.key)
        self.server.submit_transaction(envelope, skip_memo_required_check=True)


def registered(session, home, account, kind):
    customer = customers.register(session, Identity(home.organization_id, account, "4711", "id"), home.id)
    customers.update(session, customer, PERSON, kind)
    return customer.id


def announced(session):
    """Announce a remittance of 100, to nobody in particular."""
    home, partner = session.scalars(select(HomeDomain)).one(), session.scalars(select(Partner)).first()
    terms = sends.Terms(new_id(), home.organization_id, home.id, 3600)
    people = {role: registered(session, home, partner.account, kind) for role, kind in ROLES.items()}
    wish = sends.NewSend(amount=100 * UNIT, asset_code="USDC", **people)
    made = sends.create_send(session, terms, sends.Sender(partner.account), wish)
    return made.id, made.memo


def until(journey, holds):
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        journey.supervisor.tend()
        with transaction() as session:
            if holds(session):
                return True
        time.sleep(0.3)
    return False


def test_whatever_comes_is_recorded_and_every_stroop_explained(journey):
    with journey.app.app_context():
        with transaction() as session:
            treasury = session.scalars(select(Treasury.address)).one()
            made = {name: announced(session) for name in ("underpaid", "paid twice", "paid in another asset")}
            issuer = session.get(Transaction, made["underpaid"][0]).asset.issuer
            before = sum(tally.suspended(session).values())
        payer = Payer(journey, treasury, issuer)
        payer.pay("0.01", made["underpaid"][1])
        payer.pay("60", made["paid twice"][1])
        payer.pay("100", made["paid twice"][1])
        payer.pay("100", made["paid in another asset"][1], Asset.native())
        payer.pay("7")
        payer.pay("8", "nobody knows me")
        assert until(journey, lambda session: _refunds(session, made) == [(1, "XLM"), (1, "USDC"), (1, "USDC")])
        with transaction() as session:
            states = {name: session.get(Transaction, key).state for name, (key, _) in made.items()}
            reasons = sorted(row.reason for row in operate.unclaimed(session) if row.amount in (7 * UNIT, 8 * UNIT))
            after = sum(tally.suspended(session).values())
        assert (states["underpaid"], states["paid in another asset"]) == ("awaiting_payment", "awaiting_payment")
        assert states["paid twice"] != "awaiting_payment"
        assert reasons == ["no memo", "no transaction has this memo"]
        assert after - before == 15 * UNIT
        assert until(journey, lambda _: not [words for _, differences in findings() for words in differences])
        db.engine.dispose()


def _refunds(session, made):
    """Return how many payments went back for each transaction, and in what."""
    rows = [session.get(Transaction, key) for key, _ in reversed(made.values())]
    settled = [[refund for refund in row.refunds if refund.state == "settled"] for row in rows]
    return [(len(refunds), code(refunds[0].asset) if refunds else "") for refunds in settled]
