"""The state of the ledger as one node has ingested it, found by what Horizon is asked for."""

from collections.abc import Iterable
from typing import NamedTuple

from app.sandbox.network.engine.books import Books
from app.sandbox.network.engine.entries import Account, Asset, Data, Entry, Key, Offer, TrustLine


class Shown(NamedTuple):
    """An entry with the ledger, and its close time, that last changed it."""

    entry: Entry
    ledger: int
    time: int


class View:
    """All entries by kind and key; per account its lines, data and offers; the order books."""

    def __init__(self) -> None:
        self._shown: dict[str, dict[Key, Shown]] = {}
        self._owned: dict[tuple[str, bytes], dict[Key, None]] = {}
        self._offers: dict[int, Key] = {}
        self.books = Books()

    def update(self, key: Key, shown: Shown | None) -> None:
        """Follow one change; None: the entry has gone."""
        kind = self._shown.setdefault(key[0], {})
        old = kind.pop(key, None)
        if key[0] == "offer":
            self.books.replace(old.entry if old else None, shown.entry if shown else None)  # type: ignore[arg-type]
            self._offers[key[2]] = key
        if key[0] in ("line", "data", "offer"):
            self._own((key[0], key[1]), key, present=shown is not None)
        if shown is not None:
            kind[key] = shown
        elif key[0] == "offer":
            del self._offers[key[2]]

    def _own(self, owner: tuple[str, bytes], key: Key, *, present: bool) -> None:
        keys = self._owned.setdefault(owner, {})
        if present:
            keys[key] = None
        else:
            keys.pop(key, None)
            if not keys:
                del self._owned[owner]

    def get(self, key: Key) -> Shown | None:
        return self._shown.get(key[0], {}).get(key)

    def of_kind(self, kind: str) -> Iterable[Shown]:
        """Return all entries of one kind: account, line, offer, data or balance."""
        return self._shown.get(kind, {}).values()

    def account(self, id: bytes) -> Account | None:
        shown = self.get(("account", id))
        return shown.entry if shown else None  # type: ignore[return-value]

    def line(self, owner: bytes, asset: Asset) -> TrustLine | None:
        shown = self.get(("line", owner, asset))
        return shown.entry if shown else None  # type: ignore[return-value]

    def offer(self, seller: bytes, id: int) -> Offer:
        return self._shown["offer"][("offer", seller, id)].entry  # type: ignore[return-value]

    def offer_by_id(self, id: int) -> Shown | None:
        key = self._offers.get(id)
        return self.get(key) if key else None

    def offers(self, seller: bytes) -> list[Shown]:
        return self._owned_by("offer", seller)

    def lines(self, owner: bytes) -> list[tuple[TrustLine, Shown]]:
        lines = [(shown.entry, shown) for shown in self._owned_by("line", owner)]
        return sorted(lines, key=lambda pair: pair[0].asset)  # type: ignore[arg-type]

    def data(self, owner: bytes) -> list[Data]:
        entries: list[Data] = [shown.entry for shown in self._owned_by("data", owner)]  # type: ignore[misc]
        return sorted(entries, key=lambda entry: entry.name)

    def _owned_by(self, kind: str, owner: bytes) -> list[Shown]:
        shown = self._shown.get(kind, {})
        return [shown[key] for key in self._owned.get((kind, owner), ())]
