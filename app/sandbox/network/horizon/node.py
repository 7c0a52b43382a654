"""One Horizon: what it has ingested so far of the ledgers core has closed, and who waits for more."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple

from app.sandbox.network.engine.entries import Header
from app.sandbox.network.engine.frames import Frame
from app.sandbox.network.engine.header_xdr import header_xdr
from app.sandbox.network.engine.ledger import Closed
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.horizon import participants
from app.sandbox.network.horizon.effects.all import effects
from app.sandbox.network.horizon.effects.record import EffectRecord
from app.sandbox.network.horizon.history import Feed, Feeds, LedgerRecord, OperationRecord, TransactionRecord, toid
from app.sandbox.network.horizon.problems import Problem
from app.sandbox.network.horizon.trades import TradeRecord, trades
from app.sandbox.network.horizon.view import Shown, View

Wait = Callable[[float], Awaitable[None]]


class Bell:
    """Wakes everybody who listens, once."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        rung, self._rung = self._rung, asyncio.Event()
        rung.set()

    def listen(self) -> Wait:
        """Return what waits, at most so many seconds, for the next ring after now."""
        rung = self._rung

        async def wait(seconds: float) -> None:
            with suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), seconds)

        return wait


class Keep(NamedTuple):
    """How much history is kept: the latest ledgers, and of those the latest with so many operations."""

    ledgers: int
    operations: int


class Node:
    """History and state as of the last ingested ledger, ``lag`` ledgers behind core."""

    def __init__(self, rules: Rules, number: int, keep: Keep) -> None:
        self.rules = rules
        self.number = number
        self.keep = keep
        self.lag = 0
        self.news = Bell()
        self.view = View()
        self.ledgers: Feed[LedgerRecord] = Feed()
        self.transactions: Feeds[TransactionRecord] = Feeds()
        self.operations: Feeds[OperationRecord] = Feeds()
        self.effects: Feeds[EffectRecord] = Feeds()
        self.trades: Feeds[TradeRecord] = Feeds()
        self.core: Header | None = None
        self._by_hash: dict[str, TransactionRecord] = {}
        self._by_sequence: dict[int, LedgerRecord] = {}
        self._waiting: deque[Closed] = deque()

    def offer(self, closed: Closed) -> None:
        """Core has closed a ledger."""
        self.core = closed.header
        self._waiting.append(closed)
        self.catch_up()

    def catch_up(self) -> None:
        """Ingest what the lag allows."""
        while len(self._waiting) > self.lag:
            self._ingest(self._waiting.popleft())
            self.news.ring()

    @property
    def latest(self) -> LedgerRecord:
        return self.ledgers.last

    @property
    def elder(self) -> int:
        return self.ledgers.first.header.sequence

    @property
    def end(self) -> int:
        """The place after everything ingested so far: what a cursor of "now" means."""
        return toid(self.latest.header.sequence + 1) - 1

    def refuse_before_history(self, place: Any) -> None:
        """Reading backwards from before the oldest ledger kept is refused; forwards, it starts at the oldest."""
        if (place[0] if isinstance(place, tuple) else place) <= toid(self.elder):
            raise Problem("before_history")

    def ledger(self, sequence: int) -> LedgerRecord | None:
        return self._by_sequence.get(sequence)

    def transaction(self, hash: str) -> TransactionRecord | None:
        """Find a transaction by its hash, or by that of the transaction inside a fee bump."""
        return self._by_hash.get(hash)

    async def included(self, hash: str, seconds: float) -> TransactionRecord | None:
        """Wait until a transaction is in history, at most ``seconds``."""
        deadline = self.clock() + seconds
        while (record := self.transaction(hash)) is None and self.clock() < deadline:
            await self.news.listen()(deadline - self.clock())
        return record

    async def synced(self, frame: Frame, seconds: float) -> None:
        """Wait until core is not ahead any more, or the source of ``frame`` has reached its sequence number."""
        deadline = self.clock() + seconds
        while self._waiting and self.clock() < deadline:
            account = self.view.account(frame.source)
            if account and account.sequence >= frame.sequence:
                return
            await self.news.listen()(deadline - self.clock())

    @staticmethod
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds)

    @staticmethod
    def clock() -> float:
        """Return seconds that only grow."""
        return asyncio.get_running_loop().time()

    def _ingest(self, closed: Closed) -> None:
        header = closed.header
        previous = self.latest.hash if self._by_sequence else "0" * 64
        ledger = LedgerRecord(
            header, previous, header_xdr(self.rules, closed, bytes.fromhex(previous)), closed.set_size
        )
        for order, applied in enumerate(closed.transactions, 1):
            self._ingest_transaction(TransactionRecord(toid(header.sequence, order), ledger, applied))
        for key, (_, entry) in closed.changes.items():
            self.view.update(key, Shown(entry, header.sequence, header.close_time) if entry else None)
        self.ledgers.append(ledger)
        self._by_sequence[header.sequence] = ledger
        self._trim()

    def _ingest_transaction(self, record: TransactionRecord) -> None:
        frame = record.applied.frame
        for index in range(len(frame.inner.operations)):
            operation = OperationRecord(record.place + index + 1, record, index)
            record.operations.append(operation)
            self.operations.append(operation, participants.of_operation(operation))
            for effect in effects(operation):
                self.effects.append(effect, (effect.account,))
            for trade in trades(operation):
                self.trades.append(trade, {trade.seller, trade.buyer})
        record.ledger.transactions.append(record)
        self.transactions.append(record, participants.of_transaction(record))
        self._by_hash[frame.inner.hash.hex()] = record
        self._by_hash[frame.hash.hex()] = record

    def _trim(self) -> None:
        """Forget the oldest ledgers, some at a time: going through all accounts for each would be dear."""
        keep_from = self._keep_from()
        if keep_from <= self.elder:
            return
        for sequence in range(self.elder, keep_from):
            ledger = self._by_sequence.pop(sequence)
            for record in ledger.transactions:
                self._by_hash.pop(record.hash, None)
                self._by_hash.pop(record.applied.frame.inner.hash.hex(), None)
            ledger.forget()
        until = toid(keep_from)
        for feed in (self.ledgers, self.transactions, self.operations):
            feed.forget(until)
        for numbered in (self.effects, self.trades):
            numbered.forget((until, 0))

    def _keep_from(self) -> int:
        """Return the oldest ledger to keep, 0 while there is no need to forget any."""
        keep_from = 0
        if len(self.ledgers) > _with_slack(self.keep.ledgers):
            keep_from = self.latest.header.sequence - self.keep.ledgers + 1
        if len(self.operations.all) > _with_slack(self.keep.operations):
            oldest = self.operations.all.from_end(self.keep.operations).transaction.ledger
            keep_from = max(keep_from, min(oldest.header.sequence + 1, self.latest.header.sequence))
        return keep_from


def _with_slack(limit: int) -> int:
    return limit + max(16, limit // 16)
