from collections.abc import Iterator
from decimal import Decimal

import pytest

from app.interledger.connection import Connection
from app.interledger.quoting import Quote, Terms, quote
from app.interledger.rates import Asset
from app.interledger.uplink import HttpUplink
from app.sandbox.peer import Peer

USD = Asset("USD", 2)
PRICES = {"USD": Decimal(1), "EUR": Decimal(2)}


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as running:
        yield running


@pytest.fixture
def uplink(peer: Peer) -> Iterator[HttpUplink]:
    with HttpUplink(peer.uplink_url, "secret") as link:
        yield link


@pytest.fixture
def connection(peer: Peer) -> Connection:
    return Connection(peer.credentials())


def fixed_send(amount: int) -> Terms:
    return Terms(USD, amount_to_send=amount, prices=PRICES)


def fixed_delivery(amount: int) -> Terms:
    return Terms(USD, amount_to_deliver=amount, prices=PRICES)


@pytest.fixture
def quoted(uplink: HttpUplink, connection: Connection) -> Quote:
    """A quote for sending 1000 over the peer: at rate one half, in packets of at most 100."""
    return quote(uplink, connection, fixed_send(1000))
