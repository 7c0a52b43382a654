"""The ledger from close to close: what comes in, what gets into the next ledger, in which order, at what price."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from app.sandbox.network.engine.applying import Applied, apply
from app.sandbox.network.engine.entries import HEADER, Account, Entry, Header
from app.sandbox.network.engine.frames import Frame
from app.sandbox.network.engine.queue import Admission, Queue
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.engine.validity import Moment, admissible
from app.sandbox.network.engine.world import Changes, World

TOTAL_STROOPS = 10**18
EXPECTED_CLOSES = 2  # a transaction must not expire before so many expected ledgers from now


@dataclass(frozen=True, slots=True)
class Closed:
    """One closed ledger: its header, its transactions in the order they applied, everything that changed."""

    header: Header
    transactions: tuple[Applied, ...]
    changes: Changes
    base_fee: int
    set_size: int


class Ledger:
    """A Stellar ledger. Time is handed in: ``now`` is Unix seconds."""

    def __init__(self, rules: Rules, entries: Iterable[Entry], seed: int = 0) -> None:
        self.rules = rules
        self.world = World(entries)
        self.queue = Queue(rules)
        self._seed = seed

    @property
    def header(self) -> Header:
        return self.world.header

    def first(self) -> Closed:
        """Return the ledger as it stands, as though it had closed with everything new in it."""
        entries: Changes = {entry.key: (None, entry) for entry in self.world if entry.key != HEADER}
        return Closed(self.header, (), entries, self.rules.base_fee, 0)

    def submit(self, frame: Frame, now: int) -> Admission:
        """Offer a transaction for the next ledger."""
        return self.queue.submit(self.world, frame, self._next(now))

    def _next(self, now: int) -> Moment:
        """Return the moment admission judges by: the last close time, and how late the next ledgers may close."""
        last = self.header
        latest = max(now, last.close_time) + EXPECTED_CLOSES * self.rules.close_seconds
        return Moment(last.sequence + 1, last.close_time, latest)

    def close(self, close_time: int, outbid: int = 0) -> Closed:
        """Close the next ledger with the best paying transactions of the queue.

        ``outbid``: as though others had filled it at so many stroops an operation.
        """
        self._drop_invalid(close_time)
        return self.close_with(close_time, *self._choose(outbid))

    def close_with(self, close_time: int, chosen: list[Frame], base_fee: int) -> Closed:
        """Close the next ledger with these transactions at this rate: chosen now, or when it closed once before."""
        mark = self.world.mark()
        header = replace(self.header, sequence=self.header.sequence + 1, close_time=close_time)
        self.world.put(header)
        charges = [self._charge(frame, base_fee) for frame in chosen]
        self.world.sequences_to_apply = {frame.source: frame.sequence for frame in chosen}
        applied = tuple(apply(self.world, self.rules, *charge) for charge in self._shuffled(charges))
        self.world.sequences_to_apply = {}
        changes = self.world.changes(mark)
        self.world.settle()
        self.queue.closed(chosen)
        return Closed(self.header, applied, changes, base_fee, sum(frame.size for frame in chosen))

    def _drop_invalid(self, close_time: int) -> None:
        moment = Moment(self.header.sequence + 1, close_time, close_time)
        for frame in list(self.queue):
            if not admissible(self.world, self.rules, frame, moment).succeeded:
                self.queue.drop(frame)

    def _choose(self, outbid: int) -> tuple[list[Frame], int]:
        """Return the transactions for this ledger and the fee per operation they pay.

        The best bids first. If somebody is left out, or nobody more would fit, all pay the lowest rate that got in:
        that of the others, where they fill the ledger.
        """
        room = self.rules.max_operations
        chosen: list[Frame] = []
        ranked = sorted(self.queue, key=lambda frame: (-((frame.fee << 32) // frame.size), self._shuffle_key(frame)))
        for frame in ranked:
            if frame.size <= room and frame.fee > outbid * frame.size:
                chosen.append(frame)
                room -= frame.size
        if outbid:
            return chosen, outbid
        surge = len(chosen) < len(ranked) or room == 0
        lowest = min((frame.fee // frame.size for frame in chosen), default=self.rules.base_fee)
        return chosen, lowest if surge else self.rules.base_fee

    def _charge(self, frame: Frame, base_fee: int) -> tuple[Frame, int, Changes]:
        """Take the fee of ``frame``: the ledger's rate, at most its bid, at most what the payer has."""
        mark = self.world.mark()
        payer = self.world.need(frame.fee_source)
        fee = min(frame.fee, base_fee * frame.size, payer.balance)
        self.world.put(replace(payer, balance=payer.balance - fee))
        self.world.put(replace(self.header, fee_pool=self.header.fee_pool + fee))
        return frame, fee, self.world.changes(mark)

    def _shuffled(self, charges: list[tuple[Frame, int, Changes]]) -> list[tuple[Frame, int, Changes]]:
        """The order of application has nothing to do with the order of arrival."""
        return sorted(charges, key=lambda charge: self._shuffle_key(charge[0]))

    def _shuffle_key(self, frame: Frame) -> bytes:
        return sha256(b"%d/%d/" % (self._seed, self.header.sequence) + frame.hash).digest()


def genesis(root: bytes, close_time: int) -> list[Entry]:
    """Return the entries of a new ledger: all lumens there are, with one account."""
    return [Header(1, close_time), Account(root, TOTAL_STROOPS, 0)]
