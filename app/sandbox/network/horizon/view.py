"""The state of the ledger as one node has ingested it, found by what Horizon is asked for."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..engine.books import Books
from ..engine.entries import Account, Asset, ClaimableBalance, Data, Entry, Key, Offer, TrustLine


class Shown(NamedTuple):
    """An entry with the ledger, and its close time, that last changed it."""

    entry: Entry
    ledger: int
    time: int


class View:
    """All entries by key; per account its lines, data and offers in order; the order books."""

    def __init__(self) -> None:
        self._shown: dict[Key, Shown] = {}
        self._owned: dict[tuple[str, bytes], dict[Key, None]] = {}
        self.books = Books()

    def update(self, key: Key, shown: Shown | None) -> None:
        """Follow one change; None: the entry has gone."""
        old = self._shown.pop(key, None)
        if key[0] == "offer":
            self.books.replace(old.entry if old else None, shown.entry if shown else None)  # type: ignore[arg-type]
        if key[0] in ("line", "data", "offer"):
            self._own((key[0], key[1]), key, present=shown is not None)
        if shown is not None:
            self._shown[key] = shown

    def _own(self, owner: tuple[str, bytes], key: Key, *, present: bool) -> None:
        keys = self._owned.setdefault(owner, {})
        if present:
            keys[key] = None
        else:
            keys.pop(key, None)
            if not keys:
                del self._owned[owner]

    def get(self, key: Key) -> Shown | None:
        return self._shown.get(key)

    def items(self) -> Iterable[tuple[Key, Shown]]:
        return self._shown.items()

    def account(self, id: bytes) -> Account | None:
        shown = self._shown.get(("account", id))
        return shown.entry if shown else None  # type: ignore[return-value]

    def offer(self, seller: bytes, id: int) -> Offer:
        return self._shown[("offer", seller, id)].entry  # type: ignore[return-value]

    def line(self, owner: bytes, asset: Asset) -> TrustLine | None:
        shown = self._shown.get(("line", owner, asset))
        return shown.entry if shown else None  # type: ignore[return-value]

    def lines(self, owner: bytes) -> list[tuple[TrustLine, Shown]]:
        found = [self._shown[key] for key in self._owned.get(("line", owner), ())]
        lines = [(shown.entry, shown) for shown in found if isinstance(shown.entry, TrustLine)]
        return sorted(lines, key=lambda pair: pair[0].asset)

    def data(self, owner: bytes) -> list[Data]:
        found = [self._shown[key].entry for key in self._owned.get(("data", owner), ())]
        return sorted((entry for entry in found if isinstance(entry, Data)), key=lambda entry: entry.name)

    def of_kind(self, kind: type) -> Iterator[Shown]:
        return (shown for shown in self._shown.values() if isinstance(shown.entry, kind))

    def balances(self) -> Iterator[Shown]:
        return self.of_kind(ClaimableBalance)
