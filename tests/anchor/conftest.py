"""A house with one organization, one asset and two rails, and the verbs a story needs."""

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text, update
from stellar_sdk import Keypair

from app.anchor import arrivals, operate, payouts, refunds, sends
from app.anchor.counters import Counter
from app.anchor.models import Refund, Transaction
from app.assets import service as assets
from app.assets.models import Asset
from app.assets.models import Method as AssetMethod
from app.clock import after, now, read
from app.db import db, new_id, transaction
from app.ledger import queries as books
from app.ledger import service as ledger
from app.organizations import service as organizations
from app.states import move
from app.submission import keys
from app.submission.models import Order, Settlement, Treasury
from app.watcher import service as watcher
from app.watcher.facts import Fact
from app.watcher.feed import Page
from app.watcher.models import Stream
from rails.base import Method, Rail, Report, State

UNIT = 10**7
USD = "iso4217:USD"


class Teller(Rail):
    """A rail that says what the test told it to say, and remembers what it was asked."""

    name = "teller"
    timeout_seconds = 2

    def __init__(self, settings: Any = None, can_look_up: bool = True):
        self.methods = (Method("bank_account", USD, can_look_up=can_look_up),)
        self.ordered: list[Any] = []
        self.polled: list[Any] = []
        self.to_order: Any = State.INITIATED
        self.to_poll: dict[str, Any] = {}
        self.also: list[Any] = []

    def execute_outgoing_transaction(self, payout):
        self.ordered.append(payout)
        return self._answer(self.to_order, payout)

    def poll_outgoing_transactions(self, payouts, cursor):
        self.polled.append([payout.key for payout in payouts])
        told = [(payout, self.to_poll.get(payout.key, self.to_poll.get("*"))) for payout in payouts]
        return [*self.also, *(self._answer(said, payout) for payout, said in told if said is not None)]

    def _answer(self, said, payout):
        if isinstance(said, Exception):
            raise said
        if callable(said):
            return said(payout)
        return Report(payout.key, said, ref=f"ref-{payout.key}") if isinstance(said, State) else said


@dataclass
class House:
    organization_id: str
    home_domain_id: str
    asset: str
    distribution: str
    teller: Teller
    sender: sends.Sender
    payer: str = field(default_factory=lambda: Keypair.random().public_key)
    elsewhere: str = field(default_factory=lambda: Keypair.random().public_key)
    numbers: Any = field(default_factory=lambda: itertools.count(1 << 40, 4096))

    def counter(self, poll_seconds: int = 0, patience_seconds: int = 3600) -> Counter:
        return Counter("bank", self.teller, poll_seconds, patience_seconds)

    def announce(self, amount: int = 100 * UNIT, **new: Any) -> str:
        terms = sends.Terms(new_id(), self.organization_id, self.home_domain_id, 3600)
        wish = sends.NewSend(amount=amount, asset_code="USDC", **new)
        with transaction() as session:
            return sends.create_send(session, terms, self.sender, wish).id

    def see(self, transaction_id: str) -> Transaction:
        db.session.remove()
        found = db.session.get(Transaction, transaction_id)
        assert found is not None
        return found

    def balance(self, name: str, asset: str = "") -> int:
        db.session.remove()
        found = books.accounts(db.session(), name, self.organization_id, asset or self.asset)
        return found[0].balance.posted if found else 0

    def orders(self) -> list[Order]:
        db.session.remove()
        return list(db.session.query(Order).order_by(Order.created_at))

    # the world outside

    def pay(self, transaction_id: str, amount: int = 100 * UNIT, **other: Any) -> None:
        """Let a payment appear on Stellar, be written down and matched."""
        found = self.see(transaction_id) if transaction_id else None
        memo = other.get("memo") or (found.memo_type, found.memo)
        operation = next(self.numbers)
        fact = Fact(
            id=f"{operation}-0",
            operation_id=operation,
            account=self.distribution,
            muxed_id="",
            direction="in",
            kind="payment",
            asset=other.get("asset", self.asset),
            amount=amount,
            counterparty=self.payer,
            memo_type=memo[0],
            memo=memo[1],
            transaction_hash=f"{operation:064x}",
            inner_hash=f"{operation:064x}",
            operation_index=0,
            ledger=operation >> 32,
            closed_at=other.get("closed_at") or clock_now(),
        )
        with transaction() as session:
            stream = session.get_one(Stream, self.distribution)
            watcher.record(session, Page(self.distribution, stream.cursor, operation, [fact], True), operation >> 32)
        with transaction() as session:
            arrivals.match_payments(session, 10)

    def settle(self, order: Order) -> None:
        """Let the engine find that an order was paid."""
        with transaction() as session:
            place = {"transaction_hash": uuid.uuid4().hex * 2, "operation_index": 0, "ledger": 7}
            session.add(Settlement(order_id=order.id, **place))
            move(session, Order, "bind", Order.id == order.id, due_at=after(60))
            move(session, Order, "settle", Order.id == order.id)
            ledger.post(session, order.reservation)
        with transaction() as session:
            self._now_due(session, Refund)
            refunds.settle_refunds(session, 10)

    def refuse(self, order: Order, why: str) -> None:
        """Let the engine find that an order can never be paid."""
        with transaction() as session:
            move(session, Order, "fail", Order.id == order.id, code="op_no_trust", reason=why)
            ledger.void(session, order.reservation)
        with transaction() as session:
            self._now_due(session, Refund)
            refunds.settle_refunds(session, 10)

    def later(self, interval: str) -> None:
        """Let time pass."""
        name = db.engine.url.database
        db.session.remove()
        with db.engine.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} SET railhead.clock_offset = '{interval}'"))
            connection.commit()
        db.engine.dispose()

    # the drains

    def execute(self) -> None:
        counter = self.counter()
        with transaction() as session:
            orders = payouts.claim_orders(counter, session, 10)
        for order in orders:
            report = payouts.execute(counter, order)
            with transaction() as session:
                payouts.record_order(counter, session, order, report)

    def poll(self, **patience: int) -> None:
        counter = self.counter(**patience)
        with transaction() as session:
            self._now_due(session, Transaction, Transaction.state != "received")
            questions = payouts.claim_question(counter, session, 1)
        for question in questions:
            news = payouts.ask_rail(counter, question)
            with transaction() as session:
                payouts.record_news(counter, session, question, news)

    def act(self, transaction_id: str, verb: str, reason: str) -> None:
        with transaction() as session:
            operate.act(session, self.counter(), operate.find(session, transaction_id), verb, reason)

    def correct(self, transaction_id: str, fields: dict[str, str]) -> None:
        with transaction() as session:
            sends.update_send(session, operate.find(session, transaction_id), fields)

    def policy(self, name: str) -> None:
        with transaction() as session:
            session.execute(update(Asset).values(amount_policy=name))

    def fee(self, fixed: int = 0, percent: str = "0") -> None:
        with transaction() as session:
            session.execute(update(AssetMethod).values(fee_fixed=fixed, fee_percent=Decimal(percent)))

    @staticmethod
    def _now_due(session: Any, model: Any, *where: Any) -> None:
        session.execute(update(model).where(model.due_at.is_not(None), *where).values(due_at=now()))


def clock_now() -> datetime:
    with transaction() as session:
        return read(session)


@pytest.fixture
def house(app):
    issuer, distribution, sender = Keypair.random(), Keypair.random(), Keypair.random()
    with transaction() as session:
        owner = organizations.add_organization(session, "Anchor")
        domain = organizations.add_home_domain(session, owner, "localhost", Keypair.random(), ["sep31"])
        organizations.add_partner(session, owner.id, sender.public_key, "Sender")
        name = f"stellar:USDC:{issuer.public_key}"
        asset = assets.add_asset(session, assets.NewAsset(owner.id, name, distribution.public_key))
        assets.add_method(session, asset.id, "bank_account", kind="send", rail="bank", pays=USD, minimum=UNIT)
        watcher.follow(session, owner.id, distribution.public_key, 0)
        session.add(Treasury(address=distribution.public_key, organization_id=owner.id))
        keys.add(session, distribution.public_key, distribution)
        made = owner.id, domain.id
    return House(*made, name, distribution.public_key, Teller(), sends.Sender(sender.public_key))
