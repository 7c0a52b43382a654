"""What a quote promises, and how the path is found out."""

import socket
from collections import Counter
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from app.interledger.connection import Connection
from app.interledger.destinations import Destination, Invoice
from app.interledger.failures import Failure, PaymentFailed
from app.interledger.flight import Limits
from app.interledger.oer import UINT64_MAX
from app.interledger.packet import Prepare, Reject, Reply
from app.interledger.quoting import PaymentType, Quote, Terms, quote
from app.interledger.rates import Asset
from app.interledger.sender import close
from app.interledger.uplink import HttpUplink
from app.sandbox.peer import Peer, every
from tests.interledger.conftest import PRICES, USD, fixed_delivery, fixed_send


def test_a_fixed_send(uplink: HttpUplink, connection: Connection) -> None:
    assert quote(uplink, connection, fixed_send(10_000)) == Quote(
        payment_type=PaymentType.FIXED_SEND,
        max_source_amount=10_000,
        min_delivery_amount=4_950,
        max_packet_amount=100,
        min_exchange_rate=Fraction(99, 200),
        low_estimated_exchange_rate=Fraction(1, 2),
        high_estimated_exchange_rate=Fraction(51, 100),
    )


def test_a_fixed_delivery(uplink: HttpUplink, connection: Connection) -> None:
    found = quote(uplink, connection, fixed_delivery(5_000))
    assert (found.payment_type, found.max_source_amount) == (PaymentType.FIXED_DELIVERY, 10_102)
    assert found.min_delivery_amount == 5_000


def test_what_remains_of_an_invoice_goes_before_every_other_amount(peer: Peer, uplink: HttpUplink) -> None:
    connection = Connection(replace(peer.credentials(), invoice=Invoice("", 500, 20)))
    found = quote(uplink, connection, Terms(USD, amount_to_send=7, amount_to_deliver=8, prices=PRICES))
    assert (found.payment_type, found.min_delivery_amount) == (PaymentType.FIXED_DELIVERY, 480)


def test_an_invoice_without_an_amount_leaves_it_to_the_payer(peer: Peer, uplink: HttpUplink) -> None:
    connection = Connection(replace(peer.credentials(), invoice=Invoice("", None, 20)))
    assert quote(uplink, connection, fixed_send(1000)).max_source_amount == 1000


@pytest.mark.parametrize("maximum", [1, 2, 3, 100, 999, 1000, 123_456_789, 10**12 - 1])
@pytest.mark.parametrize("tells", [True, False])
def test_the_maximum_packet_is_found_exactly_told_or_not(
    peer: Peer, uplink: HttpUplink, connection: Connection, maximum: int, tells: bool
) -> None:
    peer.connector.rate = Fraction(1)
    peer.connector.max_packet, peer.connector.tells_maximum = maximum, tells
    even = replace(fixed_send(10**13), prices={"USD": Decimal(1), "EUR": Decimal(1)})
    assert quote(uplink, connection, even).max_packet_amount == maximum


def test_a_path_without_a_maximum_takes_any_packet(peer: Peer, uplink: HttpUplink, connection: Connection) -> None:
    peer.connector.max_packet = None
    assert quote(uplink, connection, fixed_send(10_000)).max_packet_amount == UINT64_MAX


def test_no_amount_is_probed_twice_at_a_time(peer: Peer, uplink: HttpUplink, connection: Connection) -> None:
    peer.connector.tells_maximum = False
    peer.connector.latency_seconds = 0.01
    amounts: Counter[int] = Counter()

    def look(number: int, prepare: Prepare) -> Reply | None:
        amounts[prepare.amount] += 1
        return None

    peer.connector.fault = look
    quote(uplink, connection, fixed_send(10_000))
    assert amounts
    assert max(amounts.values()) == 1


def test_overload_is_waited_out(peer: Peer, uplink: HttpUplink, connection: Connection) -> None:
    peer.connector.fault = every(3, "T03")
    assert quote(uplink, connection, fixed_send(10_000)).max_packet_amount == 100


def test_the_asset_is_asked_for_where_resolving_did_not_tell_it(peer: Peer, uplink: HttpUplink) -> None:
    connection = Connection(peer.credentials(knows_asset=False))
    quote(uplink, connection, fixed_send(1000))
    assert connection.destination.asset == Asset("EUR", 2)


def test_quoting_costs_nothing(peer: Peer, uplink: HttpUplink, connection: Connection) -> None:
    quote(uplink, connection, fixed_send(1000))
    assert (peer.connector.sent, peer.books.received.total()) == (0, 0)


def test_sequence_numbers_go_on_through_quoting_and_closing(uplink: HttpUplink, connection: Connection) -> None:
    quote(uplink, connection, fixed_send(1000))
    probes = connection.sequence
    close(uplink, connection)
    assert probes > 10
    assert connection.sequence == probes + 1


def test_closing_is_best_effort(peer: Peer, uplink: HttpUplink) -> None:
    connection = Connection(replace(peer.credentials(), address="test.receiver.nobody"))
    close(uplink, connection)
    assert peer.connector.rejected == {"F06": 1}


def test_receivers_that_refuse_probes_in_other_words_are_understood(
    peer: Peer, uplink: HttpUplink, connection: Connection
) -> None:
    honest = peer.receiver.receive

    def in_other_words(prepare: Prepare) -> Reply:
        reply = honest(prepare)
        return replace(reply, code="F05") if isinstance(reply, Reject) and reply.code == "F99" else reply

    peer.connector.forward = in_other_words
    assert quote(uplink, connection, fixed_send(1000)).max_packet_amount == 100


def test_a_connector_that_says_nothing_does_not_keep_us_waiting() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        uplink = HttpUplink(f"http://127.0.0.1:{silent.getsockname()[1]}/ilp", "secret")
        asking = Connection(Destination("test.nobody", bytes(32)))
        with pytest.raises(PaymentFailed) as raised:
            quote(uplink, asking, fixed_send(1000), Limits(probe_seconds=0.05, expiry_seconds=0.2))
    assert raised.value.failure is Failure.EstablishmentFailed
