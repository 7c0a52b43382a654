"""The custodian itself: keys, orders and what becomes of them. All it knows is a fold over its journal."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from stellar_sdk import Keypair

from rails.custody import State
from rails.sandbox_bank.journal import Entry, Journal
from rails.sandbox_custodian.network import Horizon, Signed
from rails.stage import Taken

FACTS = ("source", "destination", "asset", "amount", "memo_type", "memo")
STATES = {
    "taken": State.TAKEN,
    "signed": State.SUBMITTED,
    "applied": State.SUBMITTED,
    "refused": State.REFUSED,
}
FATES = ("refuse", "stall")  # refused at once; taken, and never signed


@dataclass
class Order:
    """``at`` is the last thing that happened to it, a key of ``STATES``."""

    key: str
    ref: str
    facts: Mapping[str, str]
    fate: str
    at: str = "taken"
    message: str = ""
    signed: Signed | None = None


class Keeper:
    """Safe to be called by many threads."""

    def __init__(self, journal: Journal, keys: Iterable[Keypair], horizon: Horizon):
        self.orders: dict[str, Order] = {}
        self._keys = {key.public_key: key for key in keys}
        self._horizon = horizon
        self._journal = journal
        self._lock = threading.RLock()
        for entry in journal.entries:
            self._apply(entry)

    def take(self, key: str, fate: str = "", **facts: str) -> Order:
        """Accept an order, or recognize its repeat. Raises Taken, ValueError for what is no order."""
        if set(facts) != set(FACTS) or facts["source"] not in self._keys:
            raise ValueError("not an order for an account kept here")
        with self._lock:
            known = self.orders.get(key)
            if known and known.facts != facts:
                raise Taken(f"{key} was ordered before, with other facts")
            if not known:
                self._write("taken", key=key, ref=f"SC{len(self.orders) + 1:06d}", facts=facts, fate=fate)
            if not known and fate == "refuse":
                self._write("refused", key=key, message="the custodian's rules forbid it")
            self.go_on()
            return self.orders[key]

    def go_on(self) -> None:
        """Let happen what can: of each account one transaction is out at a time."""
        with self._lock:
            for account, key in self._keys.items():
                try:
                    while self._advanced(account, key):
                        pass
                except requests.RequestException:
                    continue  # nothing is known, and all is tried again when somebody asks

    def _advanced(self, account: str, key: Keypair) -> bool:
        """Do the next thing for an account; say whether there may be more to do at once."""
        waiting = (row for row in self.orders.values() if row.facts["source"] == account and not row.fate)
        order = next((row for row in waiting if row.at in ("taken", "signed")), None)
        if order is None:
            return False
        if order.signed is None:
            signed = self._horizon.sign(key, order.facts, self._horizon.sequence(account) + 1)
            self._write("signed", key=order.key, **vars(signed))
        elif self._ended(order, order.signed, account):
            return True
        return order.signed is not None and self._handed_in(order, order.signed, account)

    def _ended(self, order: Order, signed: Signed, account: str) -> bool:
        spent = self._horizon.sequence(account) >= signed.sequence
        if self._horizon.has(signed.hash):
            self._write("applied", key=order.key)
        elif spent:
            self._write("refused", key=order.key, message="its number was spent on something else")
        return order.at != "signed"

    def _handed_in(self, order: Order, signed: Signed, account: str) -> bool:
        """Hand in; say whether that is the end of it: refused, and not because it was there before."""
        why = self._horizon.submit(signed.xdr)
        if not why or self._horizon.sequence(account) >= signed.sequence:
            return False
        self._write("refused", key=order.key, message=f"the network does not take it: {why}")
        return True

    def _write(self, event: str, **facts: Any) -> None:
        entry = {"event": event, **facts}
        self._journal.write(entry)
        self._apply(entry)

    def _apply(self, entry: Entry) -> None:
        facts = {name: value for name, value in entry.items() if name != "event"}
        key, event = facts.pop("key"), entry["event"]
        if event == "taken":
            self.orders[key] = Order(key, **facts)
            return
        order = self.orders[key]
        order.at, order.message = event, facts.get("message", "")
        if event == "signed":
            order.signed = Signed(**facts)
