"""The store in memory: what forming.py, closing.py and postgres.py do in PostgreSQL, on any clock.

Its moves are checked against the same tables of states; what it decides, it leaves to the same pure functions.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from app.errors import WrongState
from app.money import NATIVE
from app.stellar.operations import TAKE_BACK
from app.submission import decisions, facts
from app.submission.caps import DAY_SECONDS
from app.submission.closing import ENDS
from app.submission.facts import (
    Allowance,
    Close,
    Decision,
    Draft,
    Fate,
    Holdings,
    Item,
    Park,
    Post,
    Rebuild,
    Result,
    Signed,
    Source,
    Wait,
)
from app.submission.forming import BOUND_SECONDS, DOUBT_SECONDS, IDLE_SECONDS, PAUSE_SECONDS
from app.submission.pace import SURGE_SECONDS, Pace
from app.submission.packing import BATCH_MAX, SURGE_MAX, SUSPECTS_MAX, Packed, Rooms, pack
from app.submission.postgres import PARKED_SECONDS
from app.submission.preflight import Candidate
from app.submission.service import NewOrder
from app.submission.states import (
    BATCH,
    CIRCULATING,
    ENDED,
    IN_BATCH,
    OPEN,
    ORDER,
    OUT,
    PAID,
    READY,
    RECALLED,
    UNSIGNED,
)
from tests.sim.books import Books
from tests.sim.rows import Batch, Order, moved
from tests.sim.scenario import BID, LEASE_SECONDS, SURGE_OPERATIONS_MAX


class Memory:
    """See ``store.Store``; beside it, what owners do in service.py. ``clock`` tells the time in seconds."""

    def __init__(self, clock: Callable[[], float], books: Books, interval_seconds: int, fees_daily_max: int):
        self.clock = clock
        self.books = books
        self.interval_seconds = interval_seconds
        self.fees_daily_max = fees_daily_max
        self.orders: dict[str, Order] = {}
        self.batches: dict[int, Batch] = {}
        self.open: list[Batch] = []
        self.channels: dict[str, int] = {}  # its next number
        self.treasuries: dict[Source, float] = {}  # when it is due
        self.places: dict[str, Sequence[str]] = {}  # the orders of an attempt, by operation
        self.settlements: dict[str, tuple[str, int, int]] = {}  # transaction, operation, ledger
        self.pauses: dict[tuple[str, str], float] = {}
        self.caps: dict[str, int] = {}  # by asset

    def request(self, wish: NewOrder) -> str:
        """Take an order, as ``service.request`` does."""
        self.orders.setdefault(wish.owner_key, Order(wish, wish.kind, self.clock()))
        return wish.owner_key

    def cancel(self, owner_key: str) -> None:
        """Call an order off, as ``service.cancel`` does."""
        order = self.orders[owner_key]
        if order.state in ENDED:
            raise WrongState(f"order {owner_key} has {order.state} already", state=order.state)
        if moved(order, ORDER, "cancel" if order.state in READY else "recall") and order.state == "cancelled":
            self.books.resolve(order.wish.reservation, "void")
        elif order.state in RECALLED and self.batches[order.batch_id].state in CIRCULATING:
            self._hurry(self.batches[order.batch_id])

    def lease_sources(self, limit: int) -> Sequence[Source]:
        now = self.clock()
        due = sorted((at, source.address, source) for source, at in self.treasuries.items() if at <= now)
        found = [source for _, _, source in due if self._waiting(source.address) and self._free_channel()][:limit]
        self.treasuries.update(dict.fromkeys(found, now + LEASE_SECONDS))
        return found

    def candidates(self, source: Source, batches_max: int) -> list[Candidate]:
        """Return the orders likely to be packed next, as ``forming.candidates`` does."""
        free = len(self.channels) - len(self.open)
        waiting = self._waiting(source.address)[: min(free, batches_max) * BATCH_MAX]
        return [Candidate(order.item(), order.wish.memo_type) for order in waiting]

    def judge(self, findings: Mapping[str, Fate]) -> None:
        for id, fate in findings.items():
            order = self.orders[id]
            if order.state not in READY:
                continue
            if fate.event == "doubt":
                order.reason, order.due_at = fate.reason, self.clock() + DOUBT_SECONDS
            elif fate.event == "fail":
                self._end(order, fate)
            else:
                order.operation = fate.operation

    def rest(self, source: Source, seconds: int) -> None:
        self.treasuries[source] = self.clock() + seconds

    def form(self, source: Source, holdings: Holdings, limit: int) -> int:
        rooms = Rooms(source.address, holdings, self._in_flight(source.address, holdings), self._allowances())
        creating = {order.wish.destination for order in self._bound() if order.operation == "create_account"}
        left = self._pace(limit)
        while left.batches and left.orders > 0:
            waiting, channel = self._waiting(source.address), self._free_channel()
            if not waiting or not channel:
                break
            group = waiting[0].group
            candidates = [order.item() for order in waiting if order.group == group][:BATCH_MAX]
            most = min(left.batch_max, left.orders, SUSPECTS_MAX if group[0] else BATCH_MAX)
            packed = pack(candidates, rooms, creating, most)
            self.judge(packed.never)
            for asset in packed.short:
                self._pause(source.address, asset)
            if packed.chosen:
                self._bind(source, channel, packed)
            elif not (packed.short or packed.never):
                break
            left = left.after(packed)
        self.rest(source, 0 if left.batches < limit else IDLE_SECONDS)
        return limit - left.batches

    def lease_bound(self, limit: int) -> Sequence[tuple[facts.Batch, Sequence[Item]]]:
        return [(row.facts(), row.items()) for row in self._claim(UNSIGNED, limit)]

    def persist(self, batch: facts.Batch, signed: Signed) -> bool:
        row = self._move(batch, "sign")
        if row is None:
            return False
        self._write_down(signed.attempt.hash, signed.orders)
        row.attempts.append(signed.attempt)
        row.envelopes.append(signed.envelope)
        return True

    def circulate(self, batch: facts.Batch, draft: Draft) -> bool:
        row = self._move(batch, "circulate")
        if row is None:
            return False
        self._write_down(draft.attempt.hash, draft.orders)
        row.drafts.append(replace(draft, seconds=0))
        row.due_at = self.clock() + min(draft.seconds, decisions.LOOK_SECONDS)
        for order in row.orders:
            order.due_at = self.clock() + draft.seconds + BOUND_SECONDS
        return True

    def lease_signing(self, limit: int) -> Sequence[tuple[facts.Batch, Sequence[Item], Draft]]:
        return [(row.facts(), row.items(), row.drafts[-1]) for row in self._claim(CIRCULATING, limit)]

    def collect(self, batch: facts.Batch, envelope: facts.Envelope) -> bool:
        row = self._move(batch, "sign")
        if row is None:
            return False
        row.attempts.append(row.drafts.pop().attempt)
        row.envelopes.append(envelope)
        return True

    def drafts(self) -> dict[int, Draft]:
        """Return what waits for the signatures of others, by batch."""
        return {row.id: row.drafts[-1] for row in self.open if row.state in CIRCULATING}

    def add_signature(self, batch_id: int, signer: str, signature: bytes) -> None:
        """Keep a co-signer's signature, as ``signatures.add_signature`` does."""
        row = self.batches[batch_id]
        signatures = {**dict(row.drafts[-1].signatures), signer: signature}
        row.drafts[-1] = replace(row.drafts[-1], signatures=tuple(sorted(signatures.items())))
        self._hurry(row)

    def lease_live(self, limit: int) -> Sequence[facts.Batch]:
        batches = [row.facts() for row in self._claim(OUT, limit)]
        return [replace(row, fees_left=self._fees_left()) if row.late else row for row in batches]

    def carried(self, attempt_hash: str) -> Mapping[str, str]:
        return {id: self.orders[id].operation for id in self.places[attempt_hash]}

    def note(self, batch: facts.Batch, result: Result) -> bool:
        row = self._held(batch)
        if row is None or result.receipt is None or not isinstance(result.decision, Post):
            return False
        posted, said = result.decision.ledger, result.receipt
        for index, envelope in enumerate(row.envelopes):
            if envelope.hash == result.decision.envelope.hash:
                code = decisions.decisive(said.codes) or envelope.code
                row.envelopes[index] = replace(envelope, posted_ledger=posted, receipt=said.status, code=code)
        return True

    def add(self, batch: facts.Batch, envelope: facts.Envelope) -> bool:
        row = self._held(batch)
        if row is None or envelope.fee > self._fees_left():
            return self.put_off(batch, Wait())
        row.due_at = self.clock()
        row.envelopes.append(envelope)
        return True

    def put_off(self, batch: facts.Batch, decision: Decision) -> bool:
        wait = decision if isinstance(decision, Wait) else Wait()
        row = self._held(batch)
        if row is None:
            return False
        row.due_at = self.clock() + max(self.interval_seconds, wait.seconds)
        row.asked_ledger = max(batch.asked_ledger, wait.ledger)
        return True

    def rebuild(self, batch: facts.Batch, decision: Rebuild) -> bool:
        row = self._move(batch, "rebuild")
        if row is None:
            return False
        for id, (code, words) in decision.faults.items():
            self.orders[id].code, self.orders[id].reason = code, words
        return True

    def park(self, batch: facts.Batch, decision: Park) -> bool:
        row = self._move(batch, "park") or self._held(batch)
        if row is None:
            return False
        row.due_at, row.reason = self.clock() + PARKED_SECONDS, decision.why
        return True

    def close(self, batch: facts.Batch, closing: Close) -> bool:
        row = self._move(batch, "close")
        if row is None:
            return False
        transaction, carried = closing.transaction, self.places[closing.transaction.hash]
        fates = decisions.fates(row.items(), carried, closing)
        if transaction.successful:
            self._settle(transaction.hash, carried, transaction.ledger)
        for order in row.orders:
            self._end(order, fates[order.wish.owner_key])
        row.closed_at, row.fee = self.clock(), transaction.fee_charged
        purse = f"channel:{transaction.fee_account}"
        self.books.transfer(f"fee:{transaction.hash}", "fees:network", purse, NATIVE, transaction.fee_charged)
        self.channels[row.channel] = row.sequence + 1
        self.open.remove(row)
        return True

    def _write_down(self, hash: str, orders: Sequence[str]) -> None:
        if hash in self.places:
            raise ValueError(f"attempt {hash} is written down already")
        self.places[hash] = orders

    def _hurry(self, row: Batch) -> None:
        """Let a batch be due at once; whoever holds it loses it."""
        row.due_at, row.fence = self.clock(), row.fence + 1

    def _allowances(self) -> dict[str, Allowance]:
        yesterday, left = self.clock() - DAY_SECONDS, dict(self.caps)
        for order in self.orders.values():
            batch = self.batches.get(order.batch_id)
            leaving = order.state in IN_BATCH or (order.state in PAID and batch and batch.closed_at > yesterday)
            if leaving and order.wish.asset in left and order.wish.kind != TAKE_BACK:
                left[order.wish.asset] -= order.wish.amount
        return {asset: Allowance(self.caps[asset], max(amount, 0)) for asset, amount in left.items()}

    def _pace(self, limit: int) -> Pace:
        lately = self.clock() - SURGE_SECONDS
        outbid = any(
            envelope.code == "tx_insufficient_fee" or envelope.hash != envelope.attempt_hash
            for batch in self.open
            for envelope in batch.envelopes
        )
        dear = any(
            batch.closed_at > lately and batch.fee > BID * (attempt.operations + 1)
            for batch in self.batches.values()
            for attempt in batch.attempts
        )
        under_way = sum(1 for _ in self._bound())
        return Pace(limit, SURGE_MAX, SURGE_OPERATIONS_MAX - under_way) if outbid or dear else Pace(limit)

    def _fees_left(self) -> int:
        yesterday = self.clock() - DAY_SECONDS
        spent = sum(row.fee for row in self.batches.values() if row.fee and row.closed_at > yesterday)
        return max(self.fees_daily_max - spent, 0)

    def _settle(self, hash: str, carried: Sequence[str], ledger: int) -> None:
        for index, id in enumerate(carried):
            if id in self.settlements:
                raise ValueError(f"order {id} is settled already")
            self.settlements[id] = hash, index, ledger

    def _end(self, order: Order, fate: Fate) -> None:
        moved(order, ORDER, fate.event)
        order.code, order.reason, order.operation = fate.code, fate.reason, fate.operation or order.operation
        if fate.event == "release":
            order.batch_id, order.suspect, order.due_at = 0, fate.suspect, self.clock()
        if fate.event in ENDS:
            self.books.resolve(order.wish.reservation, ENDS[fate.event])
        if fate.pause:
            self._pause(order.wish.source, fate.pause)

    def _bind(self, source: Source, channel: str, packed: Packed) -> None:
        ids = {item.id for item in packed.chosen}
        chosen = [order for id, order in self.orders.items() if id in ids]  # in the order they were asked for
        _, memo_type, memo = chosen[0].group
        facts = source.organization_id, len(self.batches) + 1, channel, self.channels[channel], source.address
        row = Batch(*facts, memo_type, memo, self.clock(), chosen)
        self.batches[row.id] = row
        self.open.append(row)
        for order in chosen:
            moved(order, ORDER, "bind")
            order.batch_id, order.due_at = row.id, self.clock() + BOUND_SECONDS

    def _pause(self, source: str, asset: str) -> None:
        self.pauses[source, asset] = self.clock() + PAUSE_SECONDS

    def _waiting(self, source: str) -> list[Order]:
        """Return the orders that may be packed, the longest waiting first."""
        now = self.clock()
        ready = [o for o in self.orders.values() if o.state in READY and o.wish.source == source and o.due_at <= now]
        free = [order for order in ready if not any(self._paused(source, asset) for asset in order.item().assets)]
        return sorted(free, key=lambda order: order.due_at)

    def _paused(self, source: str, asset: str) -> bool:
        return self.pauses.get((source, asset), 0) > self.clock()

    def _free_channel(self) -> str:
        busy = [batch.channel for batch in self.open]
        return next((address for address in self.channels if address not in busy), "")

    def _bound(self) -> Iterable[Order]:
        return (order for order in self.orders.values() if order.state in IN_BATCH)

    def _in_flight(self, source: str, holdings: Holdings) -> Mapping[str, int]:
        rooms = Rooms(source, holdings, {}, {})
        for id, order in self.orders.items():
            unseen = order.state in PAID and self.settlements[id][2] > holdings.ledger
            if order.wish.source == source and (unseen or order.state in IN_BATCH):
                rooms.take(order.item())
        return rooms.taken

    def _claim(self, states: Sequence[str], limit: int) -> list[Batch]:
        now = self.clock()
        due = [row for row in self.open if row.due_at <= now and row.state in states]
        rows = sorted(due, key=lambda row: row.due_at)[:limit]
        for row in rows:
            row.due_at, row.fence = now + LEASE_SECONDS, row.fence + 1
        return rows

    def _held(self, batch: facts.Batch) -> Batch | None:
        """Return the row if nobody has leased it since."""
        row = self.batches[batch.id]
        return row if row.fence == batch.fence and row.state in OPEN else None

    def _move(self, batch: facts.Batch, event: str) -> Batch | None:
        """Move a batch that is still ours; it is due at once."""
        row = self._held(batch)
        if row is None or not moved(row, BATCH, event):
            return None
        row.due_at = self.clock()
        return row
