"""Where the engine keeps what it knows: the few things it needs done, each all or nothing.

PostgreSQL does them in production (postgres.py); the simulator keeps everything in memory. Both pass one set of
tests. Whatever takes a batch that was leased changes nothing, and says so, once another has leased it since.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.submission.facts import (
    Batch,
    Close,
    Decision,
    Draft,
    Envelope,
    Fate,
    Holdings,
    Item,
    Park,
    Rebuild,
    Result,
    Signed,
    Source,
)


class Store(Protocol):
    def lease_sources(self, limit: int) -> Sequence[Source]:
        """Lease accounts that have orders ready, and a channel free to take them."""

    def judge(self, findings: Mapping[str, Fate]) -> None:
        """Put off, fail or adjust orders that are ready and cannot go as they are."""

    def form(self, source: Source, holdings: Holdings, limit: int) -> int:
        """Tie orders of ``source`` to free channels, up to ``limit`` batches; return how many were formed."""

    def rest(self, source: Source, seconds: int) -> None:
        """Give a source back without having formed anything, to be looked at in ``seconds``."""

    def lease_bound(self, limit: int) -> Sequence[tuple[Batch, Sequence[Item]]]:
        """Lease batches that must be signed, with their orders."""

    def persist(self, batch: Batch, signed: Signed) -> bool:
        """Write a signed attempt down: from then on it may be handed in."""

    def circulate(self, batch: Batch, draft: Draft) -> bool:
        """Write a draft down, for others to sign."""

    def lease_signing(self, limit: int) -> Sequence[tuple[Batch, Sequence[Item], Draft]]:
        """Lease batches whose draft others are to sign and that are due, with their orders and all signatures."""

    def collect(self, batch: Batch, envelope: Envelope) -> bool:
        """Write down the envelope of a draft that enough have signed: from then on it may be handed in."""

    def lease_live(self, limit: int) -> Sequence[Batch]:
        """Lease batches with an attempt out, or parked, that are due to be asked for."""

    def carried(self, attempt_hash: str) -> Mapping[str, str]:
        """Return the orders an attempt carries, by operation index, each with its operation."""

    def note(self, batch: Batch, result: Result) -> bool:
        """Write down what a node said to an envelope."""

    def add(self, batch: Batch, envelope: Envelope) -> bool:
        """Write down a fee bump of the batch's newest attempt: it is handed in next."""

    def put_off(self, batch: Batch, decision: Decision) -> bool:
        """Give a batch back, to be looked at again later."""

    def rebuild(self, batch: Batch, decision: Rebuild) -> bool:
        """Have a batch signed anew; the guilty of ``decision`` are left out from now on."""

    def park(self, batch: Batch, decision: Park) -> bool:
        """Set a batch aside until an operator, or the world, has changed something."""

    def close(self, batch: Batch, closing: Close) -> bool:
        """Account for every order of a batch whose number is spent, its fee included, and free its channel."""
