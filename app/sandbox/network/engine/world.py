"""All entries of the ledger, with savepoints.

Entries are values, so the world remembers what a key held before and can put it back: a transaction, each of its
operations and each trial within one is a savepoint, and rolling back costs what was written since, never a copy.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from app.sandbox.network.engine.books import Books
from app.sandbox.network.engine.entries import (
    HEADER,
    Account,
    Asset,
    ClaimableBalance,
    Data,
    Entry,
    Header,
    Key,
    Offer,
    Sponsorship,
    TrustLine,
)

Changes = dict[Key, tuple[Entry | None, Entry | None]]

INTERNAL = frozenset({"header", "sponsorship"})


class World:
    """A map from key to entry. ``put`` and ``drop`` are the only ways to change it."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries: dict[Key, Entry] = {}
        self._undo: list[tuple[Key, Entry | None]] = []
        self.books = Books()
        self.assets: set[Asset] = set()  # that anybody ever trusted
        self.sponsorships: dict[bytes, bytes] = {}  # sponsored → sponsoring, of the transaction under way
        self.sequences_to_apply: dict[bytes, int] = {}  # source → number, of the transactions of the ledger under way
        for entry in entries:
            self._set(entry.key, entry)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def get(self, key: Key) -> Entry | None:
        return self._entries.get(key)

    def put(self, entry: Entry) -> None:
        key = entry.key
        self._undo.append((key, self._entries.get(key)))
        self._set(key, entry)

    def drop(self, key: Key) -> None:
        self._undo.append((key, self._entries.get(key)))
        self._set(key, None)

    def mark(self) -> int:
        """Return a savepoint to roll back to."""
        return len(self._undo)

    def roll_back(self, mark: int) -> None:
        """Undo everything since ``mark``."""
        while len(self._undo) > mark:
            self._set(*self._undo.pop())

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Whatever is raised inside undoes what was written inside."""
        mark = self.mark()
        try:
            yield
        except BaseException:
            self.roll_back(mark)
            raise

    def changes(self, mark: int) -> Changes:
        """Return key → (before, after) for what was written since ``mark``, what only the ledger itself uses aside."""
        before: dict[Key, Entry | None] = {}
        for key, old in self._undo[mark:]:
            before.setdefault(key, old)
        pairs = {key: (old, self._entries.get(key)) for key, old in before.items() if key[0] not in INTERNAL}
        return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}

    def settle(self) -> None:
        """Make everything written so far permanent."""
        self._undo.clear()

    def _set(self, key: Key, entry: Entry | None) -> None:
        if key[0] == "line":
            self.assets.add(key[2])
        elif key[0] == "offer":
            self.books.replace(self._entries.get(key), entry)  # type: ignore[arg-type]
        elif key[0] == "sponsorship":
            self._sponsor(key[1], entry)  # type: ignore[arg-type]
        if entry is None:
            self._entries.pop(key, None)
        else:
            self._entries[key] = entry

    def _sponsor(self, sponsored: bytes, entry: Sponsorship | None) -> None:
        if entry is None:
            self.sponsorships.pop(sponsored, None)
        else:
            self.sponsorships[sponsored] = entry.sponsoring

    # What the rules ask for, by kind.

    @property
    def header(self) -> Header:
        return self._entries[HEADER]  # type: ignore[return-value]

    def account(self, id: bytes) -> Account | None:
        return self._entries.get(("account", id))  # type: ignore[return-value]

    def need(self, id: bytes) -> Account:
        """Return an account that must exist, because the rules have made sure of it."""
        return self._entries[("account", id)]  # type: ignore[return-value]

    def line(self, owner: bytes, asset: Asset) -> TrustLine | None:
        return self._entries.get(("line", owner, asset))  # type: ignore[return-value]

    def offer(self, seller: bytes, id: int) -> Offer | None:
        return self._entries.get(("offer", seller, id))  # type: ignore[return-value]

    def data(self, owner: bytes, name: bytes) -> Data | None:
        return self._entries.get(("data", owner, name))  # type: ignore[return-value]

    def balance(self, id: bytes) -> ClaimableBalance | None:
        return self._entries.get(("balance", id))  # type: ignore[return-value]
