"""An Interledger peer on this machine: a connector, and behind it a STREAM receiver with accounts and invoices.

The connector has a rate, a maximum packet amount, latency, and faults to order; both sides count what passes, so that
a test can compare what everybody says. ``python -m app.sandbox.peer --port 4001`` runs one by hand.
"""

import argparse
import base64
import json
import secrets
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from app.interledger import packet, receipts
from app.interledger.destinations import Destination
from app.interledger.packet import Fulfill, Prepare, Reject, Reply
from app.interledger.rates import Asset, floor
from app.interledger.receiver import Account, Receiver

CONNECTOR, RECEIVER = "test.connector", "test.receiver"
EXPIRY_MARGIN = timedelta(seconds=1)
FAR = "2099-01-01T00:00:00Z"
EUR = Asset("EUR", 2)


@dataclass(frozen=True)
class Trouble:
    """Below ILP: the connection is cut (status 0), or an answer of this status, or of these bytes. ``after`` the
    packet has been forwarded, or instead."""

    status: int = 0
    body: bytes = b""
    after: bool = False


Fault = Callable[[int, Prepare], Reply | Trouble | None]


def every(count: int, code: str) -> Fault:
    """Reject every ``count``-th packet that carries an amount."""
    return lambda number, prepare: Reject(code, CONNECTOR) if number % count == 0 else None


@dataclass
class Connector:
    """``rate`` in receiver's units for one of the sender's; ``max_packet`` in the sender's. ``fault`` is asked for
    every packet with an amount, from number 1, and may answer in the receiver's place."""

    forward: Callable[[Prepare], Reply]
    rate: Fraction = Fraction(1, 2)
    max_packet: int | None = 100
    tells_maximum: bool = True
    latency_seconds: float = 0
    fault: Fault = lambda number, prepare: None
    sent: int = 0
    delivered: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, prepare: Prepare) -> Reply | Trouble:
        """Pass a Prepare on, there and back again, and count what it came to."""
        time.sleep(self.latency_seconds)
        reply = self._answer(prepare)
        self._count(prepare, reply)
        time.sleep(self.latency_seconds)
        return reply

    def _answer(self, prepare: Prepare) -> Reply | Trouble:
        fault = self._fault(prepare)
        if fault and not (isinstance(fault, Trouble) and fault.after):
            return fault
        if self.max_packet is not None and prepare.amount > self.max_packet:
            told = packet.encode_too_large(prepare.amount, self.max_packet) if self.tells_maximum else b""
            return Reject("F08", CONNECTOR, "too large", told)
        reply = self.forward(self._onward(prepare))
        if fault and isinstance(reply, Fulfill):
            self._book(prepare)
        return fault or reply

    def _fault(self, prepare: Prepare) -> Reply | Trouble | None:
        if not prepare.amount:
            return None
        with self._lock:
            self._number += 1
            number = self._number
        return self.fault(number, prepare)

    def _onward(self, prepare: Prepare) -> Prepare:
        amount = floor(prepare.amount, self.rate)
        return replace(prepare, amount=amount, expires_at=prepare.expires_at - EXPIRY_MARGIN)

    def _count(self, prepare: Prepare, reply: Reply | Trouble) -> None:
        if isinstance(reply, Fulfill):
            self._book(prepare)
        elif isinstance(reply, Reject):
            with self._lock:
                self.rejected[reply.code] += 1

    def _book(self, prepare: Prepare) -> None:
        with self._lock:
            self.sent += prepare.amount
            self.delivered += floor(prepare.amount, self.rate)


class Books:
    """What the receiver has got for each tag, and what the invoices want; an invoice takes no more than its amount."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        self.invoices: dict[str, int | None] = {}
        self._lock = threading.Lock()

    def credit(self, tag: str, amount: int) -> int | None:
        with self._lock:
            limit = self.invoices.get(tag)
            if limit is not None and self.received[tag] >= limit:
                return None
            self.received[tag] += amount
            return self.received[tag]


class Peer:
    """A connector and a receiver behind one HTTP server, while the ``with`` block lasts.

    POST /ilp (the connector), /receiver (past it), /invoices; GET /accounts/NAME and /.well-known/pay (SPSP),
    /wallets/NAME (wallet addresses of today), /invoices/ID (2021), /incoming-payments/ID (today), /connections/ID (the
    pay 0.4 alphas), /stats.
    """

    def __init__(self, asset: Asset = EUR, port: int = 0) -> None:
        self.asset = asset
        self.books = Books()
        self.receiver = Receiver(RECEIVER, secrets.token_bytes(32), self.books.credit)
        self.connector = Connector(lambda prepare: self.receiver.receive(prepare))
        self._receipts = {"receipt_nonce": secrets.token_bytes(receipts.NONCE_SIZE), "receipt_secret": b"r" * 32}
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.peer = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.uplink_url = f"{self.url}/ilp"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def credentials(self, tag: str = "alice", knows_asset: bool = True) -> Destination:
        """Credentials by hand, for who needs no resolving."""
        given = self.receiver.credentials(Account(tag, self.asset, **self._receipts))
        return given if knows_asset else replace(given, asset=None)

    def invoice(self, amount: int | None) -> str:
        """Make an invoice and return its id; its amount is in units of the receiver's asset."""
        made = secrets.token_hex(6)
        self.books.invoices[made] = amount
        return made

    def verify(self, receipt: bytes) -> receipts.Receipt:
        """Check a receipt with the secret that signs ours."""
        return receipts.verify(receipt, self._receipts["receipt_secret"])

    def document(self, place: str, name: str) -> Mapping[str, Any] | None:
        """What a GET of /place/name shows."""
        if place in ("accounts", ".well-known"):
            return self._spsp(name)
        shown = {
            "wallets": self._wallet,
            "invoices": self._invoice,
            "incoming-payments": self._incoming_payment,
            "connections": self._connection,
        }
        known = place == "wallets" or name in self.books.invoices
        return shown[place](name) if place in shown and known else None

    def stats(self) -> Mapping[str, Any]:
        connector = self.connector
        return {
            "sent": str(connector.sent),
            "delivered": str(connector.delivered),
            "rejected": connector.rejected,
            "received": {tag: str(total) for tag, total in self.books.received.items()},
        }

    def _spsp(self, name: str) -> Mapping[str, Any]:
        given = self.credentials(name)
        secret = base64.b64encode(given.shared_secret).decode()
        return {"destination_account": given.address, "shared_secret": secret, "receipts_enabled": True}

    def _wallet(self, name: str) -> Mapping[str, Any]:
        return {
            "id": f"{self.url}/wallets/{name}",
            "assetCode": self.asset.code,
            "assetScale": self.asset.scale,
            "authServer": f"{self.url}/auth",
        }

    def _connection(self, name: str) -> Mapping[str, str]:
        given = self.credentials(name)
        secret = base64.urlsafe_b64encode(given.shared_secret).rstrip(b"=").decode()
        return {"ilpAddress": given.address, "sharedSecret": secret}

    def _invoice(self, name: str) -> Mapping[str, Any]:
        return {
            "id": f"{self.url}/invoices/{name}",
            "account": "https://receiver.example/alice",
            "amount": str(self.books.invoices[name] or 0),
            "received": str(self.books.received[name]),
            "assetCode": self.asset.code,
            "assetScale": self.asset.scale,
            "expiresAt": FAR,
            "description": "coffee",
            **self._connection(name),
        }

    def _incoming_payment(self, name: str) -> Mapping[str, Any]:
        wanted, received = self.books.invoices[name], self.books.received[name]
        return {
            "id": f"{self.url}/incoming-payments/{name}",
            "walletAddress": "https://receiver.example/alice",
            "completed": wanted is not None and received >= wanted,
            **({"incomingAmount": self._amount(wanted)} if wanted is not None else {}),
            "receivedAmount": self._amount(received),
            "expiresAt": FAR,
            "methods": [{"type": "ilp", **self._connection(name)}],
        }

    def _amount(self, value: int) -> Mapping[str, Any]:
        return {"value": str(value), "assetCode": self.asset.code, "assetScale": self.asset.scale}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    peer: Peer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that dies is nothing to talk about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write, one packet
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        place, _, name = self.path.partition("?")[0].strip("/").partition("/")
        shown = self.server.peer.stats() if place == "stats" else self.server.peer.document(place, name)
        self._send(200 if shown else 404, json.dumps(shown or {}).encode(), "application/json")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        peer = self.server.peer
        if self.path == "/invoices":
            made = peer.invoice(json.loads(body).get("amount"))
            self._send(201, json.dumps({"id": made}).encode(), "application/json")
            return
        receive = peer.connector.receive if self.path == "/ilp" else peer.receiver.receive
        reply = receive(packet.decode_prepare(body))
        if isinstance(reply, Trouble):
            self._fail(reply)
        else:
            self._send(200, packet.encode(reply), "application/octet-stream")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of every packet."""

    def _fail(self, trouble: Trouble) -> None:
        if trouble.status:
            self._send(trouble.status, trouble.body, "application/octet-stream")
        else:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def main() -> None:
    """Run a peer until it is interrupted, saying where it listens."""
    arguments = argparse.ArgumentParser(description="An Interledger peer on 127.0.0.1.")
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--rate", type=Fraction, default=Fraction(1, 2))
    arguments.add_argument("--max-packet", type=int, default=100)
    arguments.add_argument("--latency-ms", type=int, default=0)
    given = arguments.parse_args()
    with Peer(port=given.port) as peer:
        connector = peer.connector
        connector.rate, connector.max_packet = given.rate, given.max_packet
        connector.latency_seconds = given.latency_ms / 1000
        print(json.dumps({"url": peer.url}), flush=True)  # noqa: T201  a program's own voice
        threading.Event().wait()


if __name__ == "__main__":
    main()
