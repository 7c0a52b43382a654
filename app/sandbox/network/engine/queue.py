"""What waits for the next ledger: one transaction per source account, within a limit of operations.

Being pending is no promise. When the queue is full the cheapest go, silently, to make room for better bids.
"""

from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from app.sandbox.network.engine.balances import available
from app.sandbox.network.engine.frames import FeeBump, Frame
from app.sandbox.network.engine.results import AnyResult, Code
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.engine.validity import Moment, admissible, new_result
from app.sandbox.network.engine.world import World

PENDING_LEDGERS = 4  # not included in so many ledgers: dropped
BANNED_LEDGERS = 10
QUEUE_LEDGERS = 2  # the queue holds so many ledgers' worth of operations
REPLACE_FACTOR = 10  # how much more a fee bump must bid than what it replaces


class Status(Enum):
    PENDING = "PENDING"
    DUPLICATE = "DUPLICATE"
    TRY_AGAIN_LATER = "TRY_AGAIN_LATER"
    ERROR = "ERROR"


class Admission(NamedTuple):
    status: Status
    result: AnyResult | None = None


@dataclass(slots=True)
class _Waiting:
    frame: Frame
    age: int = 0


class Queue:
    """Pending transactions by source, and the hashes that are not welcome for a while."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._waiting: dict[bytes, _Waiting] = {}
        self._ranked: list[tuple[int, bytes, Frame]] = []  # by bid, the cheapest first
        self._operations = 0
        self._fees: Counter[bytes] = Counter()  # by who pays
        self._banned: deque[set[bytes]] = deque([set()], maxlen=BANNED_LEDGERS)
        self._evicted: Frame | None = None  # the best bid that had to go since the last ledger

    def __iter__(self) -> Iterator[Frame]:
        """Yield what is pending, the best bid first."""
        return (frame for _, _, frame in reversed(self._ranked))

    def __len__(self) -> int:
        return len(self._waiting)

    def _add(self, frame: Frame) -> None:
        self._waiting[frame.source] = _Waiting(frame)
        insort(self._ranked, _ranked(frame))
        self._operations += frame.size
        self._fees[frame.fee_source] += frame.fee

    def _remove(self, frame: Frame) -> None:
        del self._waiting[frame.source]
        del self._ranked[bisect_left(self._ranked, _ranked(frame))]
        self._operations -= frame.size
        self._fees[frame.fee_source] -= frame.fee
        if not self._fees[frame.fee_source]:
            del self._fees[frame.fee_source]

    def submit(self, world: World, frame: Frame, moment: Moment) -> Admission:
        """Take ``frame`` in, or say why not, in core's order of looking."""
        if any(frame.hash in hashes for hashes in self._banned):
            return Admission(Status.TRY_AGAIN_LATER)
        if frame.fee < 0:
            return self._refuse(frame, Code.txMALFORMED, 0)
        old = self._pending_of(frame.source)
        refusal = self._compare(old, frame) if old else None
        if refusal:
            return refusal
        crowded = self._crowded_out(frame, old)
        if isinstance(crowded, Admission):
            return crowded
        result = admissible(world, self.rules, frame, moment)
        if not result.succeeded:
            return Admission(Status.ERROR, result)
        if self._unpayable(world, frame, old):
            return self._refuse(frame, Code.txINSUFFICIENT_BALANCE)
        for victim in crowded:
            self._evict(victim)
        if old:
            self._remove(old)
        self._add(frame)
        return Admission(Status.PENDING)

    def _pending_of(self, source: bytes) -> Frame | None:
        waiting = self._waiting.get(source)
        return waiting.frame if waiting else None

    def _refuse(self, frame: Frame, code: Code, fee: int | None = None) -> Admission:
        result = new_result(self.rules, frame, fee)
        result.code = code
        return Admission(Status.ERROR, result)

    def _compare(self, old: Frame, new: Frame) -> Admission | None:
        """Judge ``new`` against the pending transaction of its source: only a much better fee bump may replace it."""
        if new.hash in (old.hash, old.inner.hash):
            return Admission(Status.DUPLICATE)
        if new.sequence < old.sequence:
            return self._refuse(new, Code.txBAD_SEQ, 0)
        if not isinstance(new, FeeBump) or new.sequence != old.sequence:
            return Admission(Status.TRY_AGAIN_LATER)
        if new.fee * old.size < REPLACE_FACTOR * old.fee * new.size:
            needed = -(-REPLACE_FACTOR * old.fee * new.size // old.size)
            return self._refuse(new, Code.txINSUFFICIENT_FEE, needed)
        return None

    def _crowded_out(self, frame: Frame, old: Frame | None) -> Admission | list[Frame]:
        """Return who must go for ``frame`` to fit, or its refusal if it does not bid better than they do."""
        if self._evicted and not _bids_more(frame, self._evicted):
            return self._too_cheap(frame, self._evicted)
        room = self.rules.max_operations * QUEUE_LEDGERS - self._operations + (old.size if old else 0)
        victims: list[Frame] = []
        for _, _, cheapest in self._ranked:
            if room >= frame.size:
                break
            if cheapest is old:
                continue
            if not _bids_more(frame, cheapest):
                return self._too_cheap(frame, cheapest)
            victims.append(cheapest)
            room += cheapest.size
        return victims if room >= frame.size else Admission(Status.TRY_AGAIN_LATER)

    def _too_cheap(self, frame: Frame, rival: Frame) -> Admission:
        self._ban(frame.hash)
        return self._refuse(frame, Code.txINSUFFICIENT_FEE, rival.fee * frame.size // rival.size + 1)

    def _unpayable(self, world: World, frame: Frame, old: Frame | None) -> bool:
        """The payer of the fee must be able to pay for all it has pending together."""
        pending = self._fees[frame.fee_source] + frame.fee
        if old and old.fee_source == frame.fee_source:
            pending -= old.fee
        return available(self.rules, world.need(frame.fee_source)) < pending

    def _evict(self, victim: Frame) -> None:
        self.drop(victim)
        self._evicted = victim

    def _ban(self, hash: bytes) -> None:
        self._banned[0].add(hash)

    def drop(self, frame: Frame) -> None:
        """``frame`` is no longer welcome."""
        if self._pending_of(frame.source) is frame:
            self._remove(frame)
        self._ban(frame.hash)

    def closed(self, applied: list[Frame]) -> None:
        """A ledger has closed with ``applied`` in it; everybody else has waited one ledger longer."""
        for frame in applied:
            pending = self._pending_of(frame.source)
            if pending and pending.sequence <= frame.sequence:
                self._remove(pending)
            self._ban(frame.hash)
        self._banned.appendleft(set())
        self._evicted = None
        for waiting in list(self._waiting.values()):
            waiting.age += 1
            if waiting.age >= PENDING_LEDGERS:
                self.drop(waiting.frame)


def _bids_more(frame: Frame, than: Frame) -> bool:
    return frame.fee * than.size > than.fee * frame.size


def _ranked(frame: Frame) -> tuple[int, bytes, Frame]:
    """Return a place among the bids. No two hashes are equal, so that frames are never compared."""
    return (frame.fee << 32) // frame.size, frame.hash, frame
