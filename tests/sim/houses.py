"""Where a seed's orders live: in memory, or in PostgreSQL; the simulator sees no difference."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from app.submission import engine
from app.submission.engine import BATCHES_MAX
from app.submission.facts import Batch, Result, Source
from app.submission.preflight import Candidate
from app.submission.service import NewOrder
from app.submission.store import Store
from tests.sim.books import Books
from tests.sim.memory import Memory

Fact = Result | Exception
Turn = tuple[Batch, Fact]
Balances = Mapping[tuple[str, str], tuple[int, int]]  # by name and asset: posted, pending


@dataclass(frozen=True)
class Standing:
    """Where an order stands, as which operation it goes or went; ``place``: transaction, operation and ledger."""

    key: str
    wish: NewOrder
    state: str
    operation: str
    code: str = ""
    place: tuple[str, int, int] | None = None


class House(Protocol):
    def found(self, sources: Sequence[Source], numbers: Mapping[str, int]) -> None:
        """Open treasuries, and channels with the next number of each."""

    def cap(self, asset: str, daily_max: int) -> None:
        """Let no more of an asset leave in a day."""

    def transaction(self) -> AbstractContextManager[Store]:
        """Yield a store; commit at the end."""

    def candidates(self, store: Store, source: Source) -> Sequence[Candidate]:
        """Return the orders that are likely to be packed next."""

    def record(self, store: Store, turns: Sequence[Turn]) -> None:
        """Write down what the turns of a few batches came to."""

    def request(self, wish: NewOrder) -> str:
        """Set the money aside and order; return the order's id."""

    def cancel(self, key: str) -> None:
        """Call an order off; raise WrongState if it is too late."""

    def drafts(self) -> list[int]:
        """Return the batches that wait for signatures of others."""

    def cosign(self, batch_id: int, signer: str, signature: bytes) -> None:
        """Bring a co-signer's signature; too late, it changes nothing."""

    def orders(self) -> dict[str, Standing]:
        """Return where every order stands."""

    def open_batches(self) -> list[str]:
        """Return a line for each batch that is not closed."""

    def numbers(self) -> dict[str, int]:
        """Return each channel's next number."""

    def balances(self) -> Balances:
        """Return what the ledger's accounts have."""


class InMemory:
    """See ``House``."""

    def __init__(self, clock: Callable[[], float], interval_seconds: int, fees_daily_max: int):
        self.books = Books()
        self.memory = Memory(clock, self.books, interval_seconds, fees_daily_max)

    def found(self, sources: Sequence[Source], numbers: Mapping[str, int]) -> None:
        self.memory.treasuries.update(dict.fromkeys(sources, self.memory.clock()))
        self.memory.channels.update(numbers)

    def cap(self, asset: str, daily_max: int) -> None:
        self.memory.caps[asset] = daily_max

    @contextmanager
    def transaction(self) -> Iterator[Store]:
        yield self.memory

    def candidates(self, store: Store, source: Source) -> Sequence[Candidate]:
        return self.memory.candidates(source, BATCHES_MAX)

    def record(self, store: Store, turns: Sequence[Turn]) -> None:
        for batch, fact in turns:
            engine.record(store, batch, fact)

    def request(self, wish: NewOrder) -> str:
        self.books.reserve(wish.reservation, "owed", f"treasury:{wish.source}", wish.asset, wish.amount)
        return self.memory.request(wish)

    def cancel(self, key: str) -> None:
        self.memory.cancel(key)

    def drafts(self) -> list[int]:
        return sorted(self.memory.drafts())

    def cosign(self, batch_id: int, signer: str, signature: bytes) -> None:
        if batch_id in self.memory.drafts():
            self.memory.add_signature(batch_id, signer, signature)

    def orders(self) -> dict[str, Standing]:
        places = self.memory.settlements
        return {
            key: Standing(key, row.wish, row.state, row.operation, row.code, places.get(key))
            for key, row in self.memory.orders.items()
        }

    def open_batches(self) -> list[str]:
        return [f"batch {row.id} is {row.state}: {row.reason}" for row in self.memory.open]

    def numbers(self) -> dict[str, int]:
        return dict(self.memory.channels)

    def balances(self) -> Balances:
        posted, pending = self.books.posted, self.books.pending
        return {name: (posted.get(name, 0), pending.get(name, 0)) for name in sorted({*posted, *pending})}
