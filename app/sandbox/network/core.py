"""Core and its readers: one ledger, the nodes that ingest it, and the clock it closes by."""

import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from stellar_sdk import Keypair

from app.sandbox.network.engine.decoding import decode
from app.sandbox.network.engine.frames import Frame
from app.sandbox.network.engine.ledger import Closed, Ledger, genesis
from app.sandbox.network.engine.queue import Admission
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.faults import Faults
from app.sandbox.network.friendbot import Friendbot
from app.sandbox.network.horizon.node import Bell, Keep, Node
from app.sandbox.network.memory import Memory, replay, save


@dataclass(frozen=True)
class Settings:
    """How a network is run.

    ``close_seconds`` 0: only when told to. ``keep_ledgers``, ``keep_operations``: how much history nodes keep.
    ``state``: the file in which the network is remembered, if any: it goes on from there.
    """

    passphrase: str = "Railhead Sandbox Network ; 2026"
    close_seconds: float = 5
    max_operations: int = 1000
    seed: int = 0
    nodes: int = 1
    keep_ledgers: int = 20_000
    keep_operations: int = 100_000
    state: str = ""


class Core:
    """The ledger of a network with its clock. ``ahead_seconds`` is how far tests have driven that clock."""

    def __init__(self, settings: Settings, wall: Callable[[], float] = time.time) -> None:
        expected = max(1, round(settings.close_seconds))
        self.settings = settings
        self.rules = Rules(settings.passphrase, max_operations=settings.max_operations, close_seconds=expected)
        self.root = Keypair.from_raw_ed25519_seed(sha256(settings.passphrase.encode()).digest())
        self.ahead_seconds = 0
        self.faults = Faults()
        self.close_seconds = settings.close_seconds
        self.interval_changed = Bell()
        keep = Keep(settings.keep_ledgers, settings.keep_operations)
        self.nodes = [Node(self.rules, number, keep) for number in range(settings.nodes)]
        self.friendbot = Friendbot(self.rules, self.root)
        self._wall = wall
        self._memory = Memory(settings.state) if settings.state else None
        self.ledger = self._remembered() or self._new()

    def _new(self) -> Ledger:
        ledger = Ledger(self.rules, genesis(self.root.raw_public_key(), self.now()), self.settings.seed)
        self._publish(ledger.first())
        if self._memory:
            self._memory.begin(ledger)
        return ledger

    def _remembered(self) -> Ledger | None:
        recalled = self._memory.recall(self.rules.passphrase) if self._memory else None
        if recalled is None:
            return None
        entries, since = recalled
        ledger = Ledger(self.rules, entries, self.settings.seed)
        self._publish(ledger.first())
        for closed in replay(since, ledger):
            self._publish(closed)
        return ledger

    def now(self) -> int:
        return int(self._wall()) + self.ahead_seconds

    def advance(self, seconds: int) -> None:
        """Drive the clock ahead: whatever it was behind the last ledger, the next one closes so many seconds later."""
        self.ahead_seconds += max(self.ledger.header.close_time - self.now(), 0) + seconds

    def set_interval(self, seconds: float) -> None:
        self.close_seconds = seconds
        self.interval_changed.ring()

    def decode(self, envelope: str) -> Frame:
        """Read a base64 envelope. Raises Undecodable or binascii.Error."""
        return decode(b64decode(envelope, validate=True), self.rules.passphrase)

    def submit(self, frame: Frame) -> Admission:
        return self.ledger.submit(frame, self.now())

    def evict(self, frame: Frame) -> None:
        """Drop a pending transaction and ban it, silently."""
        self.ledger.queue.drop(frame)

    def close(self) -> Closed:
        """Close the next ledger now."""
        surge = self.faults.strike(0, "", "surge")
        befriending = self.friendbot.transaction(self.ledger.world)
        if befriending:
            self.submit(befriending)
        closed = self.ledger.close(self._close_time(), outbid=surge.fee if surge else 0)
        if self._memory:
            self._memory.note(closed, self.ledger)
        self._publish(closed)
        return closed

    def snapshot(self, path: str) -> None:
        """Write the ledger as it stands to a file that another network can begin with."""
        save(self.ledger, Path(path))

    def _close_time(self) -> int:
        """Return the second the next ledger closes at: the clock's, and later than the last one's if it has content.

        Ledgers that close more than once a second and are empty share their second. If each took one of its own, the
        ledger would run away from the clock, and with it from every time bound that a client takes from its own.
        """
        last = self.ledger.header.close_time
        return max(self.now(), last + 1 if len(self.ledger.queue) else last)

    def _publish(self, closed: Closed) -> None:
        for node in self.nodes:
            node.offer(closed)
