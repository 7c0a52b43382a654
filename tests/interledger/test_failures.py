"""Every failure in the table is provoked, with the sandbox peer; and whatever happens, the amounts agree."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from app.interledger.connection import Connection
from app.interledger.delivery import Outcome
from app.interledger.destinations import Destination, Invoice
from app.interledger.failures import Failure, PaymentFailed
from app.interledger.flight import LIMITS, Limits
from app.interledger.holds import Hold, InsufficientFunds, NoHolds
from app.interledger.packet import FULFILL, Fulfill, Reject, Reply
from app.interledger.quoting import Terms, quote
from app.interledger.receiver import Incoming, Receiver, sealed
from app.interledger.resolve import Asking, resolve_account, resolve_invoice
from app.interledger.sender import Options, pay
from app.interledger.stream import ConnectionAssetDetails, Frame, StreamMaxMoney
from app.interledger.uplink import HttpUplink
from app.sandbox.peer import CONNECTOR, Peer, Trouble
from tests.interledger.conftest import PRICES, USD, fixed_delivery, fixed_send

HERE = Asking(allow_private=True)
IMPATIENT = Limits(idle_seconds=0.2, probe_seconds=0.2)
OPTIONS = Options()


class Mute(Receiver):
    """Never tells its asset."""

    def greet(self, incoming: Incoming) -> tuple[Frame, ...]:
        return ()


class Fickle(Receiver):
    """Tells another asset than it did at first."""

    def greet(self, incoming: Incoming) -> tuple[Frame, ...]:
        return (ConnectionAssetDetails("XAU", 6),)


class Modest(Receiver):
    """Takes no more than ten in all, and says so."""

    def take(self, incoming: Incoming, fulfillment: bytes, frames: tuple[Frame, ...]) -> Reply:
        return self.reject(incoming, "F99", (StreamMaxMoney(1, 10, 0),))


class Liar(Receiver):
    """Takes everything, and says that nothing has come."""

    def take(self, incoming: Incoming, fulfillment: bytes, frames: tuple[Frame, ...]) -> Reply:
        self.credit(incoming.account.tag, incoming.prepare.amount)
        return Fulfill(fulfillment, sealed(incoming, FULFILL, 0, frames))


class Empty(NoHolds):
    """An account with nothing in it."""

    def reserve(self, holds: Sequence[Hold]) -> None:
        raise InsufficientFunds("nothing there")


class Provoking:
    """What a scenario needs: a peer, an uplink to it, and the three calls."""

    def __init__(self, peer: Peer, uplink: HttpUplink) -> None:
        self.peer, self.uplink = peer, uplink
        self.connection = Connection(peer.credentials())

    def quote(self, terms: Terms, limits: Limits = LIMITS) -> None:
        quote(self.uplink, self.connection, terms, limits)

    def pay(self, options: Options = OPTIONS, before: Callable[[], None] = lambda: None) -> None:
        """Quote at the best of terms, let something happen, and pay."""
        offer = quote(self.uplink, self.connection, fixed_send(1000))
        before()
        outcome = pay(self.uplink, self.connection, offer, options)
        self.check(outcome)
        if outcome.failure:
            raise PaymentFailed(outcome.failure)

    def check(self, outcome: Outcome) -> None:
        """Whatever happened: what we count as sent, and what is in doubt, is what the connector has counted."""
        connector, received = self.peer.connector, self.peer.books.received["alice"]
        assert outcome.in_flight == 0
        assert outcome.sent <= connector.sent <= outcome.sent + outcome.unknown <= 1000
        assert outcome.delivered <= received

    def receiver(self, kind: type[Receiver]) -> None:
        honest = self.peer.receiver
        self.peer.receiver = kind(honest.address, honest.secret, honest.credit)

    def fault(self, answer: Reply | Trouble, first: int = 1) -> None:
        """From the ``first`` packet with an amount on, counted from now."""
        start = self.peer.connector._number
        self.peer.connector.fault = lambda number, prepare: answer if number >= start + first else None

    def unknown_asset(self) -> None:
        self.connection = Connection(self.peer.credentials(knows_asset=False))


def _stranger(at: Provoking) -> None:
    at.unknown_asset()
    at.connection = Connection(replace(at.connection.destination, shared_secret=b"x" * 32))
    at.quote(fixed_send(1000))


def _mute(at: Provoking) -> None:
    at.unknown_asset()
    at.receiver(Mute)
    at.quote(fixed_send(1000))


def _invoice(at: Provoking, invoice: Invoice) -> None:
    at.connection = Connection(replace(at.connection.destination, invoice=invoice))
    at.quote(Terms(USD, prices=PRICES))


def _overloaded(at: Provoking) -> None:
    at.fault(Reject("T04", CONNECTOR))
    at.quote(fixed_send(1000), IMPATIENT)


def _worse_rate(at: Provoking) -> None:
    at.peer.connector.rate = Fraction(49, 100)
    at.quote(fixed_send(1000))


def _declining(at: Provoking) -> None:
    at.pay(before=lambda: at.peer.books.invoices.update(alice=250))


def _slow(at: Provoking) -> None:
    def slow_down() -> None:
        at.peer.connector.latency_seconds = 0.1

    at.pay(Options(limits=Limits(overall_seconds=0.1, in_flight_max=1)), slow_down)


PROVOKED: dict[Failure, Callable[[Provoking], object]] = {
    Failure.InvalidPaymentPointer: lambda at: resolve_account("$example.com:443"),
    Failure.InvalidCredentials: lambda at: Destination("test.alice", b"short"),
    Failure.InvalidDestination: lambda at: resolve_account(f"{at.peer.url}/wallets/alice", HERE),
    Failure.InvalidSlippage: lambda at: at.quote(replace(fixed_send(1000), slippage=Decimal("1.01"))),
    Failure.UnknownSourceAsset: lambda at: at.quote(replace(fixed_send(1000), source_asset=None)),
    Failure.UnknownPaymentTarget: lambda at: at.quote(Terms(USD, prices=PRICES)),
    Failure.InvalidSourceAmount: lambda at: at.quote(fixed_send(0)),
    Failure.InvalidDestinationAmount: lambda at: at.quote(fixed_delivery(2**64)),
    Failure.UnenforceableDelivery: lambda at: at.quote(replace(fixed_delivery(1000), slippage=Decimal(1))),
    Failure.InvalidQuote: lambda at: pay(
        at.uplink, at.connection, replace(quote(at.uplink, at.connection, fixed_send(10)), max_packet_amount=0)
    ),
    Failure.QueryFailed: lambda at: resolve_invoice(f"{at.peer.url}/invoices/none", HERE),
    Failure.IncomingPaymentCompleted: lambda at: _invoice(at, Invoice("", 100, 100)),
    Failure.IncomingPaymentExpired: lambda at: _invoice(at, Invoice("", 100, 0, datetime(2020, 1, 1, tzinfo=UTC))),
    Failure.ConnectorError: lambda at: at.pay(before=lambda: at.fault(Reject("F02", CONNECTOR), first=3)),
    Failure.EstablishmentFailed: _stranger,
    Failure.UnknownDestinationAsset: _mute,
    Failure.DestinationAssetConflict: lambda at: at.pay(before=lambda: at.receiver(Fickle)),
    Failure.ExternalRateUnavailable: lambda at: at.quote(replace(fixed_send(1000), prices={"USD": Decimal(1)})),
    Failure.RateProbeFailed: _overloaded,
    Failure.InsufficientExchangeRate: _worse_rate,
    Failure.IdleTimeout: lambda at: at.pay(
        Options(limits=IMPATIENT), lambda: at.fault(Reject("T04", CONNECTOR), first=3)
    ),
    Failure.ClosedByReceiver: _declining,
    Failure.IncompatibleReceiveMax: lambda at: at.pay(before=lambda: at.receiver(Modest)),
    Failure.ReceiverProtocolViolation: lambda at: at.pay(before=lambda: at.receiver(Liar)),
    Failure.MaxSafeEncryptionLimit: lambda at: at.pay(before=lambda: setattr(at.connection, "sequence", 2**31 - 3)),
    Failure.AmountTooSmall: lambda at: at.quote(fixed_send(1)),
    Failure.InsufficientBalance: lambda at: at.pay(Options(holds=Empty())),
    Failure.Cancelled: lambda at: at.pay(
        Options(limits=Limits(in_flight_max=1), cancelled=lambda: at.peer.connector.sent >= 300)
    ),
    Failure.DeadlineExceeded: _slow,
    Failure.OutcomeUnknown: lambda at: at.pay(before=lambda: at.fault(Trouble(after=True), first=10)),
}


def test_every_failure_is_provoked() -> None:
    assert set(PROVOKED) == set(Failure)


@pytest.mark.parametrize("failure", Failure, ids=lambda failure: failure.name)
def test_provoked(failure: Failure, peer: Peer, uplink: HttpUplink) -> None:
    with pytest.raises(PaymentFailed) as raised:
        PROVOKED[failure](Provoking(peer, uplink))
    assert raised.value.failure is failure


def test_an_amount_too_small_is_refused_with_the_minimum_named(peer: Peer, uplink: HttpUplink) -> None:
    peer.connector.rate = Fraction(1, 20)
    cheap = replace(fixed_send(19), prices={"USD": Decimal(1), "EUR": Decimal(20)})
    with pytest.raises(PaymentFailed) as raised:
        quote(uplink, Connection(peer.credentials()), cheap)
    assert raised.value.facts == {"minimum": 20}
