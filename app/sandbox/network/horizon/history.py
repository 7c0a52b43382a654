"""What has happened, in order: ledgers, transactions, operations, and who took part in each.

Every record has a place in one total order, its TOID: ledger << 32 | transaction << 12 | operation, the latter two
counted from 1.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Generic, Protocol, TypeVar

from stellar_sdk import xdr as X

from app.sandbox.network.engine.applying import Applied
from app.sandbox.network.engine.entries import Header


def toid(ledger: int, transaction: int = 0, operation: int = 0) -> int:
    return ledger << 32 | transaction << 12 | operation


class Placed(Protocol):
    @property
    def place(self) -> Any: ...


Record = TypeVar("Record", bound=Placed)


class Feed(Generic[Record]):
    """Records in the order of their places."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._records: list[Record] = list(records)

    def append(self, record: Record) -> None:
        """Add a record whose place is after all others."""
        self._records.append(record)

    def after(self, cursor: Any) -> Iterator[Record]:
        start = bisect_right(self._records, cursor, key=lambda record: record.place)
        return (self._records[i] for i in range(start, len(self._records)))

    def before(self, cursor: Any) -> Iterator[Record]:
        end = bisect_left(self._records, cursor, key=lambda record: record.place)
        return (self._records[i] for i in range(end - 1, -1, -1))

    def up_to(self, cursor: Any) -> Iterator[Record]:
        """Yield the record at ``cursor`` and those before it, backwards."""
        end = bisect_right(self._records, cursor, key=lambda record: record.place)
        return (self._records[i] for i in range(end - 1, -1, -1))

    def descending(self) -> Iterator[Record]:
        return reversed(self._records)

    @property
    def first(self) -> Record:
        return self._records[0]

    @property
    def last(self) -> Record:
        return self._records[-1]

    def from_end(self, count: int) -> Record:
        """Return the record with ``count`` after it."""
        return self._records[-1 - count]

    def forget(self, until: Any) -> None:
        """Drop everything placed before ``until``."""
        del self._records[: bisect_left(self._records, until, key=lambda record: record.place)]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)


class Feeds(Generic[Record]):
    """One feed of everything, and one for each account that took part."""

    def __init__(self) -> None:
        self.all: Feed[Record] = Feed()
        self._by_account: dict[bytes, Feed[Record]] = {}

    def append(self, record: Record, accounts: Iterable[bytes]) -> None:
        self.all.append(record)
        for account in accounts:
            self._by_account.setdefault(account, Feed()).append(record)

    def of(self, account: bytes) -> Feed[Record] | None:
        return self._by_account.get(account)

    def forget(self, until: Any) -> None:
        self.all.forget(until)
        for account, feed in list(self._by_account.items()):
            feed.forget(until)
            if not len(feed):
                del self._by_account[account]


@dataclass(slots=True)
class LedgerRecord:
    """``written`` is the header as XDR; its digest is the ledger's hash."""

    header: Header
    previous: str
    written: X.LedgerHeader
    set_size: int
    transactions: list["TransactionRecord"] = field(default_factory=list)
    hash: str = ""

    def __post_init__(self) -> None:
        self.hash = sha256(self.written.to_xdr_bytes()).hexdigest()

    @property
    def place(self) -> int:
        return toid(self.header.sequence)

    def forget(self) -> None:
        """Open the circles in which records know each other, so that all go at once with the last who reads them."""
        for transaction in self.transactions:
            transaction.operations.clear()
        self.transactions.clear()


@dataclass(slots=True)
class TransactionRecord:
    place: int
    ledger: LedgerRecord
    applied: Applied
    operations: list["OperationRecord"] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        return self.applied.succeeded

    @property
    def hash(self) -> str:
        return self.applied.frame.hash.hex()

    @property
    def source(self) -> X.MuxedAccount:
        return self.applied.frame.inner.body.source_account

    @property
    def results(self) -> list[X.OperationResult]:
        """The results of the operations, empty if the transaction failed before them."""
        result = self.applied.result.result
        if result.inner_result_pair is not None:
            return result.inner_result_pair.result.result.results or []
        return result.results or []


@dataclass(slots=True)
class OperationRecord:
    place: int
    transaction: TransactionRecord
    index: int

    @property
    def operation(self) -> X.Operation:
        return self.transaction.applied.frame.inner.operations[self.index]

    @property
    def source(self) -> X.MuxedAccount:
        return self.operation.source_account or self.transaction.source

    @property
    def type(self) -> X.OperationType:
        return self.operation.body.type

    @property
    def succeeded(self) -> bool:
        return self.transaction.succeeded

    @property
    def result(self) -> Any:
        """The XDR result of this kind of operation, None if there is only a code for all operations."""
        results = self.transaction.results
        held = results[self.index].tr if results else None
        return next((v for k, v in vars(held).items() if k != "type" and v is not None), None) if held else None
