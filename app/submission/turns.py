"""The turns of batches that are out: handed in, asked for, and settled together."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.failpoint import failpoint
from app.log import told
from app.stellar.nodes import Pool
from app.stellar.signing import Keys
from app.submission import acts, engine, keys
from app.submission.facts import Batch, Close, Result
from app.submission.fittings import pool, store, terms

log = logging.getLogger(__name__)

TOGETHER = 10  # batches in one job: their channels' number is spent in the same ledger, as a rule

Fact = Result | Exception


@dataclass(frozen=True)
class TurnJob:
    """A few batches together: what closes in one ledger is settled in one commit."""

    turns: tuple[tuple[Batch, acts.Purse], ...]
    pool: Pool = field(repr=False)

    @property
    def id(self) -> str:
        return " ".join(str(batch.id) for batch, _ in self.turns)


def claim_live(session: Session, limit: int) -> list[TurnJob]:
    """Lease batches that are due to be handed in or asked for, a few to a job."""
    batches = store(session).lease_live(limit * TOGETHER)
    ring, bid_max = keys.keyring(session, [batch.channel for batch in batches]), terms().bid_max
    turns = [(batch, acts.Purse(bid_max, ring.get(batch.channel, Keys()))) for batch in batches]
    groups = [turns[start : start + TOGETHER] for start in range(0, len(turns), TOGETHER)]
    return [TurnJob(tuple(group), pool()) for group in groups]


def take_turns(job: TurnJob) -> list[Fact]:
    """Take every batch's turn, side by side, each with one node; one that fails keeps no other from its own."""
    with ThreadPoolExecutor(len(job.turns)) as threads:
        return list(threads.map(lambda turn: _taken(job.pool, *turn), job.turns))


def record_turns(session: Session, job: TurnJob, facts: Sequence[Fact] | Exception) -> None:
    """Write down what each turn came to: all in one go, and if that cannot be, each by itself."""
    known = [facts] * len(job.turns) if isinstance(facts, Exception) else facts
    turns = [(batch, fact) for (batch, _), fact in zip(job.turns, known, strict=True)]
    if not recorded(session, partial(_record, session, turns)):
        for turn in turns:
            recorded(session, partial(_record, session, [turn]))
    if any(map(_closed, known)):
        failpoint("before_settle_commit")
        event.listen(session, "after_commit", lambda _: failpoint("after_settle_commit"), once=True)


def _record(session: Session, turns: Sequence[tuple[Batch, Fact]]) -> None:
    """Write turns down, what closed together."""
    mine = store(session)
    closings = [(batch, closed) for batch, fact in turns if (closed := _closed(fact))]
    if closings:
        mine.close_all(closings)
    for batch, fact in turns:
        if not _closed(fact):
            engine.record(mine, batch, fact)


def _taken(pool: Pool, batch: Batch, purse: acts.Purse) -> Fact:
    try:
        return acts.take_turn(pool.one(), batch, purse)
    except Exception as error:  # noqa: BLE001  whatever it is, it is what came of the turn
        log.warning("a turn came to nothing", extra={"batch": batch.id, "error": told(error)})
        return error


def _closed(fact: Fact) -> Close | None:
    return fact.decision if isinstance(fact, Result) and isinstance(fact.decision, Close) else None


def recorded(session: Session, write: Callable[[], object]) -> bool:
    """Write within a savepoint; say whether it could be done. What could not is looked at again after the lease."""
    try:
        with session.begin_nested():
            write()
    except Exception:
        log.exception("not recorded")
        return False
    return True
