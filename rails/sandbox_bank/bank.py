"""The bank itself: orders, deposits and what becomes of them. All it knows is a fold over its journal."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.money import parse
from rails.base import State
from rails.sandbox_bank.journal import Entry, Journal
from rails.stage import Taken

RETURN_FEE = 1_0000000

ACCOUNT_FIELDS = ("bank_account_number", "mobile_money_number", "clabe_number", "cbu_number", "cash_pickup_name")


@dataclass(frozen=True)
class Fate:
    """What becomes of an order: one event each time ``settle_seconds`` have passed, the first one perhaps at once."""

    events: tuple[str, ...] = ("delivered",)
    at_once: bool = False
    message: str = ""
    fix: str = ""


FATES: Mapping[str, Fate] = {
    "deliver": Fate(),
    "close": Fate(("refused",), True, "the account is closed", fix="bank_account_number"),
    "refuse": Fate(("refused",), True, "the bank does not serve this payee"),
    "refuse_later": Fate(("refused",), False, "the payee's bank turned the payment down"),
    "return": Fate(("delivered", "returned"), False, "the payee's bank sent the payment back"),
    "collect": Fate(("available",), True),
    "silent": Fate(()),
}

ENDINGS = {
    "0000": "close",
    "0001": "refuse_later",
    "0002": "refuse",
    "1111": "return",
    "2222": "collect",
    "9999": "silent",
}

STATES = {
    "received": State.INITIATED,
    "available": State.AVAILABLE,
    "delivered": State.DELIVERED,
    "refused": State.FAILED,
    "returned": State.RETURNED,
}


EVENTS = set(STATES) - {"received"}
PAYS = {"delivered", "returned"}  # with the first of these the money leaves


@dataclass
class Order:
    key: str
    ref: str
    asset: str
    amount: int  # units of 10⁻⁷
    account: str
    fate: str
    at: datetime
    state: State = State.INITIATED
    events: list[str] = field(default_factory=list)

    @property
    def back(self) -> int:
        """What comes back of it when it is returned: less than left."""
        return self.amount - min(RETURN_FEE, self.amount)


@dataclass(frozen=True)
class Booking:
    """A line of the statement. ``at`` is when the bank booked it."""

    ref: str
    direction: str
    asset: str
    amount: int  # units of 10⁻⁷
    at: datetime
    key: str = ""
    payment: str = ""


class Bank:
    """Safe to be called by many threads. ``settle_seconds`` None: nothing settles unless told."""

    def __init__(self, journal: Journal, settle_seconds: float | None = None):
        self.settle_seconds = settle_seconds
        self.orders: dict[str, Order] = {}
        self.deposits: list[Entry] = []
        self.bookings: list[Booking] = []
        self._open: dict[str, Order] = {}  # to which something will happen by itself
        self._journal = journal
        self._lock = threading.RLock()
        for entry in journal.entries:
            self._apply(entry)

    def order(self, key: str, asset: str, amount: str, payee: Mapping[str, str], fate: str = "") -> Order:
        """Accept an order, or recognize its repeat. Raises Taken, ValueError for what is no order."""
        account = account_of(payee)
        facts = {"asset": asset, "amount": parse(amount), "account": account}
        if not facts["amount"]:
            raise ValueError("nothing to pay")
        with self._lock:
            known = self.orders.get(key)
            if known:
                return self._repeat(known, facts)
            ref = f"SB{len(self.orders) + 1:06d}"
            self.write("received", key=key, ref=ref, **facts, fate=fate or _fate_of(account))
            order = self.orders[key]
            if FATES[order.fate].at_once:
                self.advance(key)
            return order

    def advance(self, key: str, event: str = "") -> Order:
        """Let the next thing happen to the order, or ``event`` if given. Raises KeyError, ValueError."""
        if event and event not in EVENTS:
            raise ValueError(f"nothing called {event} happens to an order")
        with self._lock:
            order = self.orders[key]
            coming = FATES[order.fate].events[len(order.events) :]
            if event or coming:
                self.write(event or coming[0], key=key)
            return order

    def settle(self) -> None:
        """Let happen what is due by the clock."""
        if self.settle_seconds is None:
            return
        with self._lock:
            for order in list(self._open.values()):
                while len(order.events) < self._due(order):
                    self.advance(order.key)

    def deposit(self, asset: str, amount: str, **facts: str) -> Entry:
        """Let money come in; ``facts``: reference, account, payer, reverses, settled ("no": only seen so far).

        ``ref`` names the movement if it is to be told again.
        """
        with self._lock:
            ref = facts.pop("ref", "") or f"SD{len(self.deposits) + 1:06d}"
            return self.write("deposited", ref=ref, asset=asset, amount=parse(amount), **facts)

    def deposits_after(self, cursor: str) -> tuple[Sequence[Entry], str]:
        with self._lock:
            return self.deposits[int(cursor or 0) :], str(len(self.deposits))

    def booked(self, since: datetime, until: datetime) -> Sequence[Booking]:
        with self._lock:
            return [booking for booking in self.bookings if since <= booking.at < until]

    def misbook(self, direction: str, asset: str, amount: str, key: str = "", payment: str = "") -> Booking:
        """Book what nobody ordered."""
        with self._lock:
            ref = f"SX{len(self.bookings) + 1:06d}"
            facts = {"asset": asset, "amount": parse(amount), "key": key, "payment": payment}
            self.write("booked", ref=ref, direction=direction, **facts)
            return self.bookings[-1]

    def write(self, event: str, **facts: object) -> Entry:
        with self._lock:
            entry = {"event": event, "at": datetime.now(UTC).isoformat(), **facts}
            self._journal.write(entry)
            self._apply(entry)
            return entry

    def _repeat(self, known: Order, facts: Mapping[str, object]) -> Order:
        same = {"asset": known.asset, "amount": known.amount, "account": known.account} == facts
        self.write("repeated", key=known.key, same=same)
        if not same:
            raise Taken(f"{known.key} was ordered before, with other facts")
        return known

    def _due(self, order: Order) -> int:
        """Return how many events the order should have seen by now."""
        fate = FATES[order.fate]
        pause = timedelta(seconds=self.settle_seconds or 0)
        age = datetime.now(UTC) - order.at
        due = len(fate.events) if not pause else age // pause
        return min(len(fate.events), due + fate.at_once)

    def _apply(self, entry: Entry) -> None:
        facts = {name: value for name, value in entry.items() if name != "event"}
        event = entry["event"]
        if event == "received":
            order = Order(**{**facts, "at": datetime.fromisoformat(entry["at"])})
            self.orders[order.key] = self._open[order.key] = order
        elif event == "deposited":
            self.deposits.append(facts)
            self._book_deposit(entry)
        elif event == "booked":
            self.bookings.append(Booking(**{**facts, "at": datetime.fromisoformat(entry["at"])}))
        elif event in EVENTS:
            order = self.orders[entry["key"]]
            self._book(order, event, datetime.fromisoformat(entry["at"]))
            order.events.append(event)
            order.state = STATES[event]
            if len(order.events) >= len(FATES[order.fate].events):
                self._open.pop(order.key, None)

    def _book(self, order: Order, event: str, at: datetime) -> None:
        """Let the money leave once, whatever the order goes through, and come back if it is returned."""
        if event in PAYS and not set(order.events) & PAYS:
            self._book_order(order, "out", order.amount, at)
        if event == "returned" and order.back:
            self._book_order(order, "in", order.back, at)

    def _book_order(self, order: Order, direction: str, amount: int, at: datetime) -> None:
        ref = f"{order.ref}-{direction}"
        self.bookings.append(Booking(ref, direction, order.asset, amount, at, order.key, order.ref))

    def _book_deposit(self, entry: Entry) -> None:
        ref, direction = entry["ref"], "out" if entry.get("reverses") else "in"
        at = datetime.fromisoformat(entry["at"])
        if entry.get("settled", "yes") != "no" and ref not in {booking.ref for booking in self.bookings}:
            self.bookings.append(Booking(ref, direction, entry["asset"], entry["amount"], at))


def account_of(payee: Mapping[str, str]) -> str:
    """Return where ``payee`` is to be paid, "" if it does not say."""
    return next((payee[name] for name in ACCOUNT_FIELDS if payee.get(name)), "")


def _fate_of(account: str) -> str:
    return ENDINGS.get(account[-4:], "deliver") if account else "close"
