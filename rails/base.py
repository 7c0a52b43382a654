"""A rail in one page: the contract between the house and a bank, a mobile money operator or any other network.

A rail is asked and answers with facts. It never sees a table and never changes a row; what its facts mean for the
customer, the ledger and Stellar is decided by the house. Three verbs are enough, and the defaults below do for a
rail that only pays in or only pays out:

    import requests

    from app.money import show
    from rails.base import Method, Rail, Report, State


    class ExampleBank(Rail):
        name = "example_bank"
        methods = (Method("bank_account", "iso4217:USD"),)

        def __init__(self, settings):
            self.orders = settings["url"] + "/orders"

        def execute_outgoing_transaction(self, payout):
            order = {"key": payout.key, "asset": payout.amount.asset, "amount": show(payout.amount.amount)}
            answer = requests.post(self.orders, json={**order, "payee": dict(payout.payee)}, timeout=10)
            answer.raise_for_status()
            return Report(payout.key, State(answer.json()["state"]), ref=answer.json()["ref"])

        def poll_outgoing_transactions(self, payouts, cursor):
            for payout in payouts:
                answer = requests.get(self.orders, {"keys": payout.key}, timeout=10)
                for order in answer.json()["orders"] or [{"state": "not_found", "ref": ""}]:
                    yield Report(payout.key, State(order["state"]), ref=order["ref"])

What the house promises

* **One order, one key.** ``Payout.key`` stays the same over retries and crashes. Hand it to the bank as the
  idempotency key.
* **Doubt is looked up, not repeated.** After an exception, a time-out or ``UNKNOWN`` the house polls first, and
  executes again only if the rail then says ``NOT_FOUND``. A method with ``can_look_up=False`` is never executed
  twice: an operator decides. So let an exception out when you do not know; never guess ``FAILED``.
* **Your fault is your own.** A rail that raises, hangs or talks nonsense holds up its own rows only, and these say why.

What the house expects: one object is called from several threads at once; a call ends within ``timeout_seconds``;
amounts are ``Money`` (10⁻⁷ of the asset); every time knows its zone. A rail is registered under the entry point group
``railhead.rails`` or named as ``module:Class``; ``flask rails check module:Class`` runs the contract's own tests on it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.money import STROOPS_MAX, Money

Arrivals = Iterable["Arrival"] | tuple[Iterable["Arrival"], str]
Reports = Iterable["Report"] | tuple[Iterable["Report"], str]
"""What a poll gives: the facts and the new cursor as a pair, or a generator that yields facts and returns the cursor.

A generator is kinder: what it yielded before it raised is kept. Without a new cursor the old one stands.
"""


class State(StrEnum):
    """Where a payout stands, as far as the rail knows."""

    INITIATED = "initiated"  # the rail has the order; the payee does not have the money yet
    AVAILABLE = "available"  # waiting to be collected by the payee (cash pick-up)
    DELIVERED = "delivered"  # the payee has the money
    RETURNED = "returned"  # the money left, and came back
    FAILED = "failed"  # certain: no money left and none will
    NOT_FOUND = "not_found"  # certain: the rail never had an order with this key (only to be said when polled)
    UNKNOWN = "unknown"  # the rail cannot tell


@dataclass(frozen=True)
class Method:
    """One way to pay in or out: SEP-31's and SEP-6's ``funding_method``. (asset, name) leads to one rail.

    Amounts are units of 10⁻⁷ of ``asset``, which is named as in SEP-38 (``iso4217:USD``).
    """

    name: str  # bank_account, cash, mobile_money …
    asset: str
    decimals: int = 2  # how finely the rail can pay
    fee_fixed: int = 0
    fee_percent: Decimal = Decimal(0)
    minimum: int = 0
    maximum: int = STROOPS_MAX
    cutoffs: tuple[time, ...] = ()  # times of day, in ``zone``, at which a batched method takes its file
    zone: str = "UTC"
    batched: bool = False  # payouts are gathered and given to ``execute_batch`` at each cut-off
    can_look_up: bool = True  # polling tells for certain whether an order with a key exists
    return_days: int = 0  # for so long after delivery the house keeps asking whether the money came back


@dataclass(frozen=True)
class PendingDeposit:
    """A customer was told how to pay in; the money has not been seen."""

    key: str
    method: str
    expected: Money
    reference: str  # what the payer was asked to write on the payment
    payer: Mapping[str, str] = field(default_factory=dict, repr=False)  # SEP-9 name → value


@dataclass(frozen=True)
class Instructions:
    """How to pay in, for one deposit."""

    fields: Mapping[str, str] = field(repr=False)  # SEP-9 name → value, shown to the payer
    reference: str = ""
    account: str = ""  # a virtual account opened for this deposit alone; arrivals on it name it


@dataclass(frozen=True)
class Arrival:
    """Money that came in. The same ``ref`` again is the same money: it may be said any number of times."""

    ref: str  # the rail's own name for this movement, unique on the rail
    amount: Money
    at: datetime
    settled: bool = True  # False: seen, but it may yet vanish; say it again with True when it cannot
    key: str = ""  # the PendingDeposit it pays, if the rail knows; else the house matches, or keeps it in suspense
    reference: str = ""
    account: str = ""
    payer: str = field(default="", repr=False)
    reverses: str = (
        ""  # the ``ref`` of an earlier arrival that this one takes back (chargeback); ``amount`` is positive
    )


@dataclass(frozen=True)
class Payout:
    """An order to pay somebody."""

    key: str  # idempotency key
    method: str
    amount: Money  # what the payee is to get
    amount_in: Money  # what came in for it on Stellar
    amount_expected: Money  # what should have come in
    payee: Mapping[str, str] = field(default_factory=dict, repr=False)  # SEP-9 name → value
    narrative: str = ""  # text for the payee's statement
    batch_key: str = ""  # idempotency key of the file it goes out with, for batched methods
    refund_of: str = ""  # the ``ref`` of the arrival this gives back
    ref: str = ""  # the rail's own name for it, from an earlier report
    fee: Money | None = None  # what the house keeps of ``amount_in``, if anything was agreed
    transaction_id: str = ""  # by which customers know it; a corrected order has a new key, and still this name


@dataclass(frozen=True)
class Report:
    """What the rail knows of one payout. Saying the same thing again is harmless."""

    key: str  # of the payout
    state: State
    ref: str = ""  # the rail's own name for the payment
    amount: Money | None = None  # in all so far to the payee (or back, if RETURNED); None: the whole payout
    fee: Money | None = None  # what the rail kept, in the asset of the payout or of what came in
    eta: datetime | None = None
    message: str = ""  # for people: no secrets, no personal data
    fix: Mapping[str, str] = field(default_factory=dict)  # FAILED because of these: SEP-9 field → why it is wrong
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)  # for the payee's eyes: a pick-up code
    refund: bool = False  # please give the money back to its sender on Stellar
    refunded: bool = False  # the rail itself has given it back: recorded, and the house never does so again


@dataclass(frozen=True)
class Line:
    """A line of the bank's statement: money that left the account or came to it. The same ``ref`` is the same line."""

    ref: str  # the bank's own name for this line, unique on the rail
    direction: str  # "out": it left; "in": it came, or came back
    amount: Money  # more than zero, either way; the bank's own fee apart
    at: datetime
    key: str = ""  # of the payout, if the bank tells it
    payment: str = ""  # the ``ref`` the payout's reports have, if the bank does not tell the key


class Rail:
    """Base of every rail: a deposit-only or payout-only rail overrides only its half."""

    name: str = ""
    methods: Sequence[Method] = ()
    timeout_seconds: int = 30
    statement_lag_seconds: int = 86_400  # how long after a payment moved it may still be missing on the statement

    def __init__(self, settings: Mapping[str, Any]):
        """``settings`` are this rail's own, from the configuration. Connect to nobody here."""

    def poll_pending_deposits(self, deposits: Sequence[PendingDeposit], cursor: str) -> Arrivals:
        """Say what came in since ``cursor``; called at every interval, with deposits still waited for.

        Money nobody announced is welcome too. ``cursor`` is the rail's own note, "" at first.
        """
        return (), cursor

    def execute_outgoing_transaction(self, payout: Payout) -> Report:
        """Order the payment, once, and say how it stands. Asked again with the same key: say the same again."""
        return Report(payout.key, State.FAILED, message=f"{self.name} pays nobody")

    def poll_outgoing_transactions(self, payouts: Sequence[Payout], cursor: str) -> Reports:
        """Say what is new of ``payouts``: those under way, delivered within ``return_days``, or in doubt.

        Those in doubt are asked about only where ``can_look_up``. A payout left out has no news; there may be none.
        """
        return (), cursor

    def prepare_deposit(self, deposit: PendingDeposit) -> Instructions | None:
        """Say how to pay in, before the customer is told; None leaves it to the organization's own account."""
        return None

    def check_payee(self, payout: Payout) -> Report | None:
        """Object, before any money moves, with a FAILED report (and ``fix``); None has nothing against it."""
        return None

    def execute_batch(self, payouts: Sequence[Payout]) -> Iterable[Report]:
        """At the cut-off of a batched method: order all of ``payouts``, which share one ``batch_key``."""
        return (self.execute_outgoing_transaction(payout) for payout in payouts)

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> tuple[Iterable[Arrival], Iterable[Report]]:
        """Read what the bank sent us of its own accord. Raise PermissionError unless its signature is right."""
        raise PermissionError(f"{self.name} is not known to send notifications")

    def statement(self, since: datetime, until: datetime) -> Iterable[Line] | None:
        """Say what moved on the bank's account in this time; None: this rail gives no statement.

        Tell whatever moved, also what you know nothing of; leave out only what is between the bank and its customer,
        such as its fees. ``flask reconcile`` compares it with the house's own rows.
        """
        return None
