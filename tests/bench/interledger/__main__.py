"""How fast we pay, beside the reference sender: ``python -m tests.bench.interledger``. Needs Node and npm.

Both pay in turns through one connector and one receiver, both in Node, with their congestion control on; we also write
every hold to PostgreSQL, with all its guarantees. A payment must take at most half the reference's time.
The cost of codec and crypto is shown beside its floor: the bare calls of the cryptography library for the same packet.
"""

import hmac
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.interledger import packet, stream
from app.interledger.connection import Connection, Request
from app.interledger.destinations import Destination
from app.interledger.packet import FULFILL, Fulfill
from app.interledger.quoting import Terms, quote
from app.interledger.rates import Asset
from app.interledger.resolve import Asking, resolve_account
from app.interledger.sender import Options, pay
from app.interledger.stream import StreamMoney, StreamPacket
from app.interledger.uplink import HttpUplink
from app.sandbox.services import Postgres
from app.sandbox.state import scratch_directory
from tests.bench.interledger.ledger import Ledger
from tests.interop.interledger import node

PACKET_AMOUNT = 100
ROUNDS = {100: 5, 1_000: 3}  # packets in a payment: payments by each side
MOST = 0.5  # of the reference's time
CODEC_ROUNDS = 5_000
USD = Asset("USD", 2)
PRICES = {"USD": Decimal(1), "EUR": Decimal(2)}


@dataclass(frozen=True)
class Place:
    connector: str
    receiver: str
    database: str


def main() -> int:
    codec()
    node.install()
    with ExitStack() as stack:
        receiver = stack.enter_context(node.serving("receiver.js", RECEIVER="receiver-alpha.3"))
        connector = stack.enter_context(node.serving("connector.js", NEXT=f"{receiver}/ilp", RATE="1/2", MAX=100))
        place = Place(connector, receiver, stack.enter_context(postgres()))
        ratios = [payments(place, packets, rounds) for packets, rounds in ROUNDS.items()]
    return int(max(ratios) > MOST)


@contextmanager
def postgres() -> Iterator[str]:
    directory = scratch_directory() / "bench-interledger"
    service = Postgres(directory)
    try:
        yield service.start().replace("+psycopg", "")
    finally:
        service.stop()
        shutil.rmtree(directory)


def payments(place: Place, packets: int, rounds: int) -> float:
    """Pay in turns; print and return the ratio of the medians."""
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(_reference(place, packets * PACKET_AMOUNT))
        ours.append(_railhead(place, packets * PACKET_AMOUNT))
    ratio = statistics.median(ours) / statistics.median(theirs)
    say(f"{packets} packets, ours   {_span(ours)}")
    say(f"{packets} packets, theirs {_span(theirs)}")
    say(f"{packets} packets, ratio  {ratio:.2f} (at most {MOST})")
    return ratio


def _reference(place: Place, amount: int) -> float:
    """Seconds the reference sender takes to pay, quoting left out."""
    reported = node.reference_pays(place.connector, _destination(place), "send", amount)
    if reported["amountSent"] != str(amount):
        raise RuntimeError(f"the reference sent {reported}")
    return float(reported["payMs"]) / 1000


def _railhead(place: Place, amount: int) -> float:
    """Seconds we take to pay with every hold in PostgreSQL, quoting left out."""
    connection, ledger = Connection(_destination(place)), Ledger(place.database)
    with HttpUplink(f"{place.connector}/ilp", "secret") as uplink:
        offer = quote(uplink, connection, Terms(USD, amount_to_send=amount, prices=PRICES))
        began = time.perf_counter()
        outcome = pay(uplink, connection, offer, Options(holds=ledger))
        booked = ledger.close()
        took = time.perf_counter() - began
    if (outcome.sent, booked) != (amount, (amount, 0)):
        raise RuntimeError(f"we sent {outcome}, and booked {booked}")
    return took


def _destination(place: Place) -> Destination:
    return resolve_account(f"{place.receiver}/.well-known/pay", Asking(allow_private=True))


def _span(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):7.3f} s  ({min(seconds):.3f} to {max(seconds):.3f}, {len(seconds)} payments)"


def codec() -> None:
    """What a packet costs us in codec and crypto, there and back, and what the crypto alone costs."""
    connection = Connection(Destination("test.receiver." + "a" * 80, bytes(32)))
    request = Request(connection.destination.address, 77, 100, 49, (StreamMoney(1, 1),), fulfillable=True)
    reply_envelope = connection.keys.seal(stream.encode(StreamPacket(FULFILL, 77, 50), 64))
    now = datetime.now(UTC)

    def there_and_back() -> None:
        sealed = connection.seal(request, now)
        reply = packet.encode(Fulfill(sealed.fulfillment or b"", reply_envelope))
        connection.read(request, sealed, reply)

    cipher, key, octets = AESGCM(bytes(32)), bytes(32), bytes(64)
    encrypted = cipher.encrypt(bytes(12), octets, None)

    def crypto_alone() -> None:
        cipher.encrypt(os.urandom(12), octets, None)
        sha256(hmac.digest(key, octets, "sha256")).digest()
        cipher.decrypt(bytes(12), encrypted, None)

    ours, floor = _microseconds(there_and_back), _microseconds(crypto_alone)
    say(f"codec and crypto {ours:.1f} µs a packet, crypto alone {floor:.1f} µs, ratio {ours / floor:.1f}")


def _microseconds(call: Callable[[], None]) -> float:
    """The least of five rounds, for one call."""
    rounds = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(CODEC_ROUNDS):
            call()
        rounds.append((time.perf_counter() - began) / CODEC_ROUNDS * 1e6)
    return min(rounds)


def say(line: str) -> None:
    print(f"interledger: {line}", flush=True)  # noqa: T201  a program's own voice


if __name__ == "__main__":
    sys.exit(main())
