"""Payments through the sandbox peer: what each side says was sent and delivered must agree exactly."""

import random
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from app.interledger import packet
from app.interledger.connection import Connection
from app.interledger.delivery import Outcome
from app.interledger.failures import Failure
from app.interledger.packet import FULFILL, Fulfill, Prepare, Reject, Reply
from app.interledger.quoting import Quote, Terms, quote
from app.interledger.receiver import Incoming, Receiver, sealed
from app.interledger.sender import Options, pay
from app.interledger.stream import ConnectionClose, ErrorCode, Frame
from app.interledger.uplink import HttpUplink, Unanswered
from app.sandbox.peer import CONNECTOR, Connector, Fault, Peer, Trouble, every
from tests.interledger.conftest import fixed_delivery, fixed_send


def at_rate(terms: Terms, peer: Peer, rate: Fraction) -> Terms:
    """Let the connector give ``rate``, and the prices say so."""
    peer.connector.rate = rate
    return replace(terms, prices={"USD": Decimal(rate.numerator), "EUR": Decimal(rate.denominator)})


def test_a_fixed_send_sends_exactly_its_amount(
    peer: Peer, uplink: HttpUplink, connection: Connection, quoted: Quote
) -> None:
    outcome = pay(uplink, connection, quoted)
    assert (outcome.failure, outcome.sent, outcome.delivered, outcome.unknown) == (None, 1000, 500, 0)
    assert (peer.connector.sent, peer.books.received["alice"]) == (1000, 500)


@pytest.mark.parametrize("rate", [Fraction(1, 2), Fraction(7, 3), Fraction(12_345, 100_000), Fraction(300)])
def test_a_fixed_delivery_delivers_its_amount_and_spends_no_more_than_quoted(
    peer: Peer, uplink: HttpUplink, connection: Connection, rate: Fraction
) -> None:
    peer.connector.max_packet = 1000
    offer = quote(uplink, connection, at_rate(fixed_delivery(7777), peer, rate))
    outcome = pay(uplink, connection, offer)
    assert (outcome.failure, outcome.delivered) == (None, peer.books.received["alice"])
    assert outcome.sent == peer.connector.sent <= offer.max_source_amount
    assert 7777 <= outcome.delivered < 7777 + max(rate, 1) + 2


def test_the_receipt_proves_what_was_delivered(
    peer: Peer, uplink: HttpUplink, connection: Connection, quoted: Quote
) -> None:
    outcome = pay(uplink, connection, quoted)
    assert peer.verify(outcome.receipt).total_received == 500


@pytest.mark.parametrize("amount", [20, 22, 41, 101, 119, 2022])
def test_any_amount_that_was_quoted_can_be_sent_however_coarse_the_receivers_units(
    peer: Peer, uplink: HttpUplink, connection: Connection, amount: int
) -> None:
    offer = quote(uplink, connection, at_rate(fixed_send(amount), peer, Fraction(1, 20)))
    outcome = pay(uplink, connection, offer)
    assert (outcome.failure, outcome.sent) == (None, amount)
    assert outcome.delivered == peer.books.received["alice"] >= offer.min_delivery_amount >= 1


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("rate", [Fraction(1, 2), Fraction(1, 20)])
def test_a_payment_goes_on_when_the_path_takes_only_smaller_packets(
    peer: Peer, uplink: HttpUplink, connection: Connection, tells: bool, rate: Fraction
) -> None:
    offer = quote(uplink, connection, at_rate(fixed_send(1000), peer, rate))
    peer.connector.max_packet, peer.connector.tells_maximum = 57, tells
    outcome = pay(uplink, connection, offer)
    assert (outcome.failure, outcome.sent, peer.connector.sent) == (None, 1000, 1000)
    assert outcome.delivered == peer.books.received["alice"] >= offer.min_delivery_amount


def test_a_rate_that_falls_below_the_minimum_ends_the_payment_and_nothing_is_lost(
    peer: Peer, uplink: HttpUplink, connection: Connection
) -> None:
    offer = quote(uplink, connection, fixed_send(10_000))

    def fall(number: int, prepare: Prepare) -> Reply | None:
        peer.connector.rate = Fraction(1, 2) if number < 60 else Fraction(2, 5)
        return None

    peer.connector.fault = fall
    outcome = pay(uplink, connection, offer)
    assert outcome.failure is Failure.InsufficientExchangeRate
    assert outcome.sent == peer.connector.sent < 10_000
    assert outcome.delivered == peer.books.received["alice"] == outcome.sent // 2


@pytest.mark.parametrize("code", ["T00", "T03", "T04", "T05"])
def test_temporary_rejects_are_sent_again(
    peer: Peer, uplink: HttpUplink, connection: Connection, quoted: Quote, code: str
) -> None:
    peer.connector.fault = every(4, code)
    outcome = pay(uplink, connection, quoted)
    assert (outcome.failure, outcome.sent, peer.connector.sent) == (None, 1000, 1000)
    assert peer.connector.rejected[code] >= 2


class Parting(Receiver):
    """Takes what comes, and says farewell with every answer."""

    def take(self, incoming: Incoming, fulfillment: bytes, frames: tuple[Frame, ...]) -> Reply:
        self.credit(incoming.account.tag, incoming.prepare.amount)
        farewell = (ConnectionClose(ErrorCode.NO_ERROR, "thank you"),)
        return Fulfill(fulfillment, sealed(incoming, FULFILL, incoming.prepare.amount, farewell))


def test_a_payment_that_is_fully_paid_is_not_failed_by_a_receiver_that_closes(
    peer: Peer, uplink: HttpUplink, connection: Connection
) -> None:
    offer = quote(uplink, connection, fixed_send(100))
    peer.receiver = Parting(peer.receiver.address, peer.receiver.secret, peer.receiver.credit)
    assert pay(uplink, connection, offer).failure is None


def test_what_is_told_of_the_progress_adds_up(uplink: HttpUplink, connection: Connection, quoted: Quote) -> None:
    told: list[Outcome] = []
    outcome = pay(uplink, connection, quoted, Options(progress=told.append))
    assert told[-1] == outcome
    assert all(step.sent + step.in_flight + step.unknown <= 1000 for step in told)
    assert [step.sent for step in told] == sorted(step.sent for step in told)


def test_the_last_reject_is_told_to_whoever_must_understand(
    peer: Peer, uplink: HttpUplink, connection: Connection, quoted: Quote
) -> None:
    peer.connector.fault = lambda number, prepare: Reject("F02", CONNECTOR, "no route to " + "there " * 100)
    reason = pay(uplink, connection, quoted).reason
    assert reason.startswith("F02 no route to there")
    assert len(reason) == 200


class Loopback:
    """An uplink without HTTP: straight to a connector, its troubles included."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    def exchange(self, prepare: bytes, timeout_seconds: float) -> bytes:
        reply = self._connector.receive(packet.decode_prepare(prepare))
        if isinstance(reply, Trouble):
            raise Unanswered
        return packet.encode(reply)


@pytest.mark.parametrize("seed", range(10))
def test_whatever_the_path_does_the_amounts_agree_and_when_it_heals_the_payment_ends(peer: Peer, seed: int) -> None:
    rng = random.Random(seed)
    uplink, connection, connector = Loopback(peer.connector), Connection(peer.credentials()), peer.connector
    connector.max_packet, connector.tells_maximum = rng.randrange(60, 2_000), rng.random() < 0.5
    kind, packets = rng.choice([fixed_send, fixed_delivery]), rng.randrange(5, 12)
    rate = Fraction(rng.randrange(1, 40), rng.randrange(1, 40))
    offer = quote(uplink, connection, at_rate(kind(connector.max_packet * packets), peer, rate))
    outcome = Outcome()
    for weather in [_bad_weather(rng)] * 4 + [lambda number, prepare: None]:
        connector.fault = weather
        outcome = pay(uplink, connection, offer, Options(earlier=outcome))
        _check(peer, offer, outcome)
    assert outcome.failure in ((None, Failure.OutcomeUnknown) if outcome.unknown else (None,))


def _bad_weather(rng: random.Random) -> Fault:
    """One packet in six meets something: overload, a final reject, silence before or after it was passed on."""
    rejects = [Reject(code, CONNECTOR) for code in ("T00", "T04", "F02")]
    troubles = [*rejects, Trouble(), Trouble(after=True)]
    return lambda number, prepare: rng.choice(troubles) if rng.randrange(6) == 0 else None


def _check(peer: Peer, offer: Quote, outcome: Outcome) -> None:
    assert outcome.in_flight == 0
    assert outcome.sent <= peer.connector.sent <= outcome.sent + outcome.unknown <= offer.max_source_amount
    assert outcome.delivered <= peer.books.received["alice"]
    if outcome.unknown == 0:
        assert (outcome.sent, outcome.delivered) == (peer.connector.sent, peer.books.received["alice"])
