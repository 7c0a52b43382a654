"""Payments between our sender and the reference receivers, and between the reference sender and our receiver.

Every test compares what the sender, the connector and the receiver say was sent and delivered: exactly.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from app.interledger.connection import Connection
from app.interledger.delivery import Outcome
from app.interledger.destinations import Destination
from app.interledger.quoting import Terms, quote
from app.interledger.rates import Asset
from app.interledger.resolve import Asking, resolve_account, resolve_invoice
from app.interledger.sender import close, pay
from app.interledger.uplink import HttpUplink
from app.sandbox.peer import Peer
from tests.interop.interledger.node import get, post, reference_pays, serving

USD = Asset("USD", 2)
PRICES = {"USD": Decimal(1), "EUR": Decimal(2)}
HERE = Asking(allow_private=True)

ROADS = {
    "plain": {},
    "F08 without metadata": {"F08_METADATA": 0},
    "every 20th packet T04": {"T04_EVERY": 20},
    "50 ms each way": {"LATENCY_MS": 50},
}


@pytest.fixture(scope="module", params=["receiver-alpha.3", "receiver-alpha.4"])
def receiver(request: pytest.FixtureRequest) -> Iterator[str]:
    with serving("receiver.js", RECEIVER=request.param) as url:
        yield url


@contextmanager
def connected(receiver: str, road: dict[str, int]) -> Iterator[str]:
    """A connector with rate one half and packets of at most 100, in front of a receiver."""
    with serving("connector.js", NEXT=f"{receiver}/ilp", RATE="1/2", MAX=100, **road) as url:
        yield url


def paid(connector: str, destination: Destination, terms: Terms) -> Outcome:
    with HttpUplink(f"{connector}/ilp", "secret") as uplink:
        connection = Connection(destination)
        outcome = pay(uplink, connection, quote(uplink, connection, terms))
        close(uplink, connection)
        return outcome


@pytest.mark.parametrize("road", ROADS)
def test_a_fixed_send_to_the_reference_receiver(receiver: str, road: str) -> None:
    before = int(get(f"{receiver}/stats").get("account", 0))
    with connected(receiver, ROADS[road]) as connector:
        destination = resolve_account(f"{receiver}/.well-known/pay", HERE)
        outcome = paid(connector, destination, Terms(USD, amount_to_send=10_000, prices=PRICES))
        counted = get(f"{connector}/stats")
    received = int(get(f"{receiver}/stats")["account"]) - before
    assert (outcome.failure, outcome.sent, outcome.delivered, outcome.unknown) == (None, 10_000, 5_000, 0)
    assert (int(counted["sent"]), int(counted["delivered"]), received) == (10_000, 5_000, 5_000)


@pytest.mark.parametrize("place", ["invoices", "incoming-payments"])
@pytest.mark.parametrize("road", ROADS)
def test_an_invoice_of_the_reference_receiver_is_paid(receiver: str, road: str, place: str) -> None:
    made = post(f"{receiver}/invoices", {"amount": 5_000})["id"]
    with connected(receiver, ROADS[road]) as connector:
        destination = resolve_invoice(f"{receiver}/{place}/{made}", HERE)
        outcome = paid(connector, destination, Terms(USD, prices=PRICES))
        counted = get(f"{connector}/stats")
    received = int(get(f"{receiver}/stats")[made])
    assert (outcome.failure, outcome.unknown) == (None, 0)
    assert outcome.delivered == received == int(counted["delivered"]) == 5_000
    assert outcome.sent == int(counted["sent"]) == 10_000


@pytest.mark.parametrize(("direction", "amount"), [("send", 10_000), ("deliver", 5_000)])
@pytest.mark.parametrize("through", ["the reference connector", "our connector"])
def test_the_reference_sender_pays_our_receiver(direction: str, amount: int, through: str) -> None:
    with Peer() as peer:
        if through == "our connector":
            reported = reference_pays(peer.url, peer.credentials(), direction, amount)
            counted = {"sent": str(peer.connector.sent), "delivered": str(peer.connector.delivered)}
        else:
            with serving("connector.js", NEXT=f"{peer.url}/receiver", RATE="1/2", MAX=100) as connector:
                reported = reference_pays(connector, peer.credentials(), direction, amount)
                counted = get(f"{connector}/stats")
        received = peer.books.received["alice"]
    assert "error" not in reported
    assert (reported["amountSent"], reported["amountDelivered"]) == ("10000", "5000")
    assert (counted["sent"], counted["delivered"], received) == ("10000", "5000", 5_000)


def test_both_senders_quote_the_same(receiver: str) -> None:
    with connected(receiver, {}) as connector, HttpUplink(f"{connector}/ilp", "secret") as uplink:
        destination = resolve_account(f"{receiver}/.well-known/pay", HERE)
        ours = quote(uplink, Connection(destination), Terms(USD, amount_to_deliver=5_000, prices=PRICES))
    assert (ours.max_source_amount, ours.min_delivery_amount, ours.max_packet_amount) == (10_102, 5_000, 100)
