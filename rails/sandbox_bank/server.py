"""The bank over HTTP, on this machine only. Amounts are texts such as "12.50"; bodies are JSON.

    POST   /orders               {key, asset, amount, payee: {SEP-9 name: value}} → the order (409: the key is taken)
    GET    /orders?keys=A&keys=B → {orders: [order]}, those it knows;   order: {key, ref, state, message, fix, secret,
                                   asset, amount, fee}; ``state`` as in ``rails.base.State``
    GET    /deposits?cursor=N    → {deposits: [deposit], cursor};   deposit: {ref, at, asset, amount, reference,
                                   account, payer, reverses, settled}
    GET    /statement?since=T&until=T → {lines: [line]}, what was booked from since to before until (ISO 8601);
                                   line: {ref, direction, asset, amount, at, key, payment}

For whoever directs the play:

    POST   /deposits             {asset, amount, reference, account, payer, reverses, settled, ref}: money comes in
    POST   /orders/KEY/EVENT     EVENT: available, delivered, refused, returned, or next for what would come by itself
    POST   /statement            {direction, asset, amount, key, payment}: a line nobody ordered, as banks make them
    POST   /faults               see ``faults.Fault``;   DELETE /faults: all is well again
    POST   /settings             {latency_seconds, settle_seconds}
"""

import json
import sys
import time
from dataclasses import asdict
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlsplit

from app.money import show
from rails.base import State
from rails.sandbox_bank.bank import FATES, Bank, Booking, Order, OtherOrder, account_of
from rails.sandbox_bank.faults import HOWS, Fault, Faults
from rails.sandbox_bank.journal import Entry

Answer = dict[str, Any]


class BankServer(ThreadingHTTPServer):
    """Serves ``bank`` on 127.0.0.1; port 0 takes a free one. ``latency_seconds`` is added to every answer."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, bank: Bank, port: int = 0, latency_seconds: float = 0):
        super().__init__(("127.0.0.1", port), _Request)
        self.bank = bank
        self.faults = Faults()
        self.latency_seconds = latency_seconds

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A customer who hung up is none of the bank's troubles; anything else is reported as usual."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Cut(Exception):
    """The connection is to be cut without an answer."""


class _Request(BaseHTTPRequestHandler):
    """One request: find what it asks for, do it, and answer, unless a fault was ordered for it."""

    server: BankServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """The journal tells what happened."""

    def _serve(self) -> None:
        time.sleep(self.server.latency_seconds)
        self.server.bank.settle()
        try:
            self._answer(200, self._do(self._body()))
        except _Cut:
            self.close_connection = True
        except OtherOrder as other:
            self._answer(409, {"error": str(other)})
        except (KeyError, TypeError, ValueError) as wrong:
            self._answer(400, {"error": f"{type(wrong).__name__}: {wrong}"})

    def _do(self, body: Any) -> Answer:
        address = urlsplit(self.path)
        asked = parse_qs(address.query)
        match (self.command, *address.path.strip("/").split("/")):
            case ("POST", "orders"):
                return self._order(body)
            case ("GET", "orders"):
                return self._look_up(asked.get("keys", []))
            case ("POST", "orders", key, event):
                return shown(self.server.bank.advance(key, "" if event == "next" else event))
            case ("GET", "deposits"):
                return self._deposits(asked.get("cursor", [""])[0])
            case ("POST", "deposits"):
                return deposit_shown(self.server.bank.deposit(**body))
            case ("GET", "statement"):
                return self._statement(asked["since"][0], asked["until"][0])
            case ("POST", "statement"):
                return booking_shown(self.server.bank.misbook(**body))
            case ("POST", "faults"):
                self.server.faults.order(Fault(**body))
            case ("DELETE", "faults"):
                self.server.faults.clear()
            case ("POST", "settings"):
                self.server.latency_seconds = body.get("latency_seconds", self.server.latency_seconds)
                self.server.bank.settle_seconds = body.get("settle_seconds", self.server.bank.settle_seconds)
            case ("GET", ""):
                return {"orders": len(self.server.bank.orders), "deposits": len(self.server.bank.deposits)}
            case _:
                raise ValueError(f"no such thing: {self.command} {address.path}")
        return {}

    def _order(self, body: dict[str, Any]) -> Answer:
        fault = self.server.faults.take("orders", [body["key"]], account_of(body.get("payee", {})))
        if fault and fault.how in HOWS and fault.when == "before":
            self.server.bank.write("turned_away", key=body["key"], how=fault.how)
            self._go_wrong(fault)
        fate = fault.how if fault and fault.how in FATES else ""
        order = self.server.bank.order(body["key"], body["asset"], body["amount"], body.get("payee", {}), fate)
        if fault and not fate:
            self._go_wrong(fault)
        return shown(order)

    def _look_up(self, keys: list[str]) -> Answer:
        fault = self.server.faults.take("look_ups", keys)
        if fault:
            self._go_wrong(fault)
        known = self.server.bank.orders
        return {"orders": [shown(known[key]) for key in keys if key in known]}

    def _deposits(self, cursor: str) -> Answer:
        fault = self.server.faults.take("deposits")
        if fault:
            self._go_wrong(fault)
        deposits, after = self.server.bank.deposits_after(cursor)
        return {"deposits": list(map(deposit_shown, deposits)), "cursor": after}

    def _statement(self, since: str, until: str) -> Answer:
        fault = self.server.faults.take("statements")
        if fault:
            self._go_wrong(fault)
        booked = self.server.bank.booked(datetime.fromisoformat(since), datetime.fromisoformat(until))
        return {"lines": list(map(booking_shown, booked))}

    def _go_wrong(self, fault: Fault) -> NoReturn:
        """Answer as the fault has it."""
        if fault.how == "error":
            self._send(500, b'{"error": "as ordered"}')
        if fault.how == "nonsense":
            self._send(200, b"<h1>Welcome to our new online banking!</h1>")
        if fault.how == "hang":
            time.sleep(fault.seconds)
        raise _Cut

    def _answer(self, status: int, answer: Answer) -> None:
        self._send(status, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")


def shown(order: Order) -> Answer:
    """Return ``order`` as the bank's customers see it."""
    fate = FATES[order.fate]
    returned = order.state == State.RETURNED
    fee = order.amount - order.back if returned else 0
    return {
        "key": order.key,
        "ref": order.ref,
        "state": order.state,
        "message": fate.message if order.state in (State.FAILED, State.RETURNED) else "",
        "fix": {fate.fix: fate.message} if fate.fix else {},
        "secret": {"pickup_code": f"{order.ref}-{order.key[:4]}"} if order.state == State.AVAILABLE else {},
        "asset": order.asset,
        "amount": show(order.amount - fee),
        "fee": show(fee),
    }


def deposit_shown(deposit: Entry) -> Answer:
    texts = {
        name: deposit.get(name, "") for name in ("ref", "at", "asset", "reference", "account", "payer", "reverses")
    }
    return {**texts, "amount": show(deposit["amount"]), "settled": deposit.get("settled", "yes") != "no"}


def booking_shown(booking: Booking) -> Answer:
    return {**asdict(booking), "amount": show(booking.amount), "at": booking.at.isoformat()}
