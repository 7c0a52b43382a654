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

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.money import show
from rails.base import State
from rails.sandbox_bank.bank import FATES, Bank, Booking, Order, account_of
from rails.sandbox_bank.faults import HOWS, Fault, Faults
from rails.sandbox_bank.journal import Entry
from rails.stage import Answer, Request, Server


class BankServer(Server):
    """Serves ``bank``. ``latency_seconds`` is added to every answer."""

    def __init__(self, bank: Bank, port: int = 0, latency_seconds: float = 0):
        super().__init__(BankRequest, port)
        self.bank = bank
        self.faults = Faults()
        self.latency_seconds = latency_seconds


class BankRequest(Request):
    server: BankServer

    def do(self, verb: str, path: Sequence[str], asked: dict[str, list[str]], body: Any) -> Answer:
        time.sleep(self.server.latency_seconds)
        self.server.bank.settle()
        match (verb, *path):
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
                raise ValueError(f"no such thing: {verb} {self.path}")
        return {}

    def _order(self, body: dict[str, Any]) -> Answer:
        fault = self.server.faults.take("orders", [body["key"]], account_of(body.get("payee", {})))
        if fault and fault.how in HOWS and fault.when == "before":
            self.server.bank.write("turned_away", key=body["key"], how=fault.how)
            self.go_wrong(fault)
        fate = fault.how if fault and fault.how in FATES else ""
        order = self.server.bank.order(body["key"], body["asset"], body["amount"], body.get("payee", {}), fate)
        if fault and not fate:
            self.go_wrong(fault)
        return shown(order)

    def _look_up(self, keys: list[str]) -> Answer:
        fault = self.server.faults.take("look_ups", keys)
        if fault:
            self.go_wrong(fault)
        known = self.server.bank.orders
        return {"orders": [shown(known[key]) for key in keys if key in known]}

    def _deposits(self, cursor: str) -> Answer:
        fault = self.server.faults.take("deposits")
        if fault:
            self.go_wrong(fault)
        deposits, after = self.server.bank.deposits_after(cursor)
        return {"deposits": list(map(deposit_shown, deposits)), "cursor": after}

    def _statement(self, since: str, until: str) -> Answer:
        fault = self.server.faults.take("statements")
        if fault:
            self.go_wrong(fault)
        booked = self.server.bank.booked(datetime.fromisoformat(since), datetime.fromisoformat(until))
        return {"lines": list(map(booking_shown, booked))}


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
