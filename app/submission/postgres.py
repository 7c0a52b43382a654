"""The store in PostgreSQL: each method is part of the caller's transaction.

Orders move by the hundred, in one statement; nothing is done row by row.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from app.clock import after
from app.states import claim, held, move, put_off
from app.submission import closing, decisions, drafts, forming, pace
from app.submission.caps import DAY_SECONDS
from app.submission.facts import (
    Attempt,
    Batch,
    Close,
    Decision,
    Draft,
    Envelope,
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
from app.submission.models import Attempt as AttemptRow
from app.submission.models import Batch as BatchRow
from app.submission.models import Envelope as EnvelopeRow
from app.submission.models import Order
from app.submission.states import CIRCULATING, OUT, UNSIGNED

PARKED_SECONDS = 60  # how often a parked batch is looked at again


@dataclass(frozen=True)
class Rules:
    """What an installation wants of its store. Amounts in stroops."""

    interval_seconds: int  # how long a batch is left alone between two questions
    lease_seconds: int  # how long nobody else gets what was leased
    fees_daily_max: int  # what fees may come to in a day before none is raised
    bid: int  # what an operation may cost as a rule
    surge_max: int  # how many orders may be under way where others bid more than that


class Postgres:
    """See ``store.Store``."""

    def __init__(self, session: Session, rules: Rules):
        self.session = session
        self.rules = rules

    def lease_sources(self, limit: int) -> Sequence[Source]:
        return forming.lease_sources(self.session, limit, self.rules.lease_seconds)

    def judge(self, findings: Mapping[str, Fate]) -> None:
        forming.judge(self.session, findings)

    def form(self, source: Source, holdings: Holdings, limit: int) -> int:
        most = pace.current(self.session, source, self.rules.bid, self.rules.surge_max)
        return forming.form(self.session, source, holdings, replace(most, batches=min(most.batches, limit)))

    def rest(self, source: Source, seconds: int) -> None:
        forming.rest(self.session, source.address, seconds)

    def lease_bound(self, limit: int) -> Sequence[tuple[Batch, Sequence[Item]]]:
        rows = claim(self.session, BatchRow, UNSIGNED, limit=limit, lease_seconds=self.rules.lease_seconds)
        waiting = closing.items(self.session, [row.id for row in rows])
        return [(batch, waiting[batch.id]) for batch in facts(self.session, rows)]

    def persist(self, batch: Batch, signed: Signed) -> bool:
        if not move(self.session, BatchRow, "sign", *held(BatchRow, batch.id, batch.fence)):
            return False
        drafts.write(self.session, batch, signed.attempt, signed.orders)
        self._insert(signed.envelope)
        return True

    def circulate(self, batch: Batch, draft: Draft) -> bool:
        this, soon = held(BatchRow, batch.id, batch.fence), after(min(draft.seconds, decisions.LOOK_SECONDS))
        if not move(self.session, BatchRow, "circulate", *this, due_at=soon):
            return False
        drafts.write(self.session, batch, draft.attempt, draft.orders, draft.xdr)
        forming.keep_bound(self.session, batch.id, draft.seconds)
        return True

    def lease_signing(self, limit: int) -> Sequence[tuple[Batch, Sequence[Item], Draft]]:
        rows = claim(self.session, BatchRow, CIRCULATING, limit=limit, lease_seconds=self.rules.lease_seconds)
        ids = [row.id for row in rows]
        waiting, found = closing.items(self.session, ids), drafts.newest(self.session, ids)
        return [(batch, waiting[batch.id], found[batch.id]) for batch in facts(self.session, rows)]

    def collect(self, batch: Batch, envelope: Envelope) -> bool:
        if not move(self.session, BatchRow, "sign", *held(BatchRow, batch.id, batch.fence)):
            return False
        self._insert(envelope)
        return True

    def lease_live(self, limit: int) -> Sequence[Batch]:
        rows = claim(self.session, BatchRow, OUT, limit=limit, lease_seconds=self.rules.lease_seconds)
        batches = facts(self.session, rows)
        left = {owner: self._fees_left(owner) for owner in {row.organization_id for row in batches if row.late}}
        return [replace(row, fees_left=left[row.organization_id]) if row.late else row for row in batches]

    def carried(self, attempt_hash: str) -> Mapping[str, str]:
        return closing.carried(self.session, attempt_hash)

    def note(self, batch: Batch, result: Result) -> bool:
        if not isinstance(result.decision, Post) or result.receipt is None:
            raise ValueError("nothing was handed in")
        envelope, receipt = result.decision.envelope, result.receipt
        ours = select(BatchRow.id).where(*held(BatchRow, batch.id, batch.fence)).with_for_update().exists()
        said = (
            update(EnvelopeRow)
            .where(EnvelopeRow.hash == envelope.hash, ours)
            .values(
                posted_ledger=result.decision.ledger,
                receipt=receipt.status,
                code=decisions.decisive(receipt.codes) or EnvelopeRow.code,
            )
            .returning(EnvelopeRow.hash)
            .execution_options(synchronize_session=False)
        )
        return self.session.scalar(said) is not None

    def add(self, batch: Batch, envelope: Envelope) -> bool:
        if envelope.fee > self._fees_left(batch.organization_id):
            return self.put_off(batch, Wait())
        if not put_off(self.session, BatchRow, batch.id, batch.fence, 0):
            return False
        self._insert(envelope)
        return True

    def put_off(self, batch: Batch, decision: Decision) -> bool:
        wait = decision if isinstance(decision, Wait) else Wait()
        seconds = max(self.rules.interval_seconds, wait.seconds)
        asked = max(batch.asked_ledger, wait.ledger)
        return put_off(self.session, BatchRow, batch.id, batch.fence, seconds, asked_ledger=asked)

    def rebuild(self, batch: Batch, decision: Rebuild) -> bool:
        this = held(BatchRow, batch.id, batch.fence)
        if not move(self.session, BatchRow, "rebuild", *this, note=decision.why, reason=decision.why):
            return False
        for order_id, (code, words) in decision.faults.items():
            self.session.execute(update(Order).where(Order.id == order_id).values(code=code, reason=words))
        return True

    def park(self, batch: Batch, decision: Park) -> bool:
        this, why = held(BatchRow, batch.id, batch.fence), decision.why
        if move(self.session, BatchRow, "park", *this, due_at=after(PARKED_SECONDS), note=why, reason=why):
            return True
        return put_off(self.session, BatchRow, batch.id, batch.fence, PARKED_SECONDS, reason=why)

    def close(self, batch: Batch, closed: Close) -> bool:
        return bool(closing.close(self.session, [(batch, closed)]))

    def close_all(self, closings: Sequence[tuple[Batch, Close]]) -> None:
        """Close many at once; if one of them cannot be closed, none is."""
        closing.close(self.session, closings)

    def _insert(self, envelope: Envelope) -> None:
        row = {"hash": envelope.hash, "attempt_hash": envelope.attempt_hash, "xdr": envelope.xdr, "fee": envelope.fee}
        self.session.execute(insert(EnvelopeRow).values(row))

    def _fees_left(self, organization_id: str) -> int:
        """Return what fees may still come to today, in stroops."""
        closed = select(func.sum(BatchRow.fee)).where(BatchRow.organization_id == organization_id)
        spent = self.session.scalar(closed.where(BatchRow.closed_at > after(-DAY_SECONDS))) or 0
        return max(self.rules.fees_daily_max - int(spent), 0)


def facts(session: Session, rows: Iterable[BatchRow]) -> list[Batch]:
    """Return batches with all that was ever signed for them."""
    rows = list(rows)
    attempts: dict[int, list[Attempt]] = defaultdict(list)
    envelopes: dict[int, list[Envelope]] = defaultdict(list)
    drafted: dict[int, int] = defaultdict(int)
    for attempt, envelope in _drawn_up(session, [row.id for row in rows]):
        if envelope is None:
            drafted[attempt.batch_id] = max(drafted[attempt.batch_id], attempt.max_time)
            continue
        envelopes[attempt.batch_id].append(_envelope(envelope))
        if envelope.hash == attempt.hash:
            attempts[attempt.batch_id].append(drafts.facts(attempt))
    return [_batch(row, tuple(attempts[row.id]), tuple(envelopes[row.id]), drafted[row.id]) for row in rows]


def _drawn_up(session: Session, batch_ids: list[int]) -> Sequence[Any]:
    drawn_up = (
        select(AttemptRow, EnvelopeRow)
        .outerjoin(EnvelopeRow, EnvelopeRow.attempt_hash == AttemptRow.hash)
        .where(AttemptRow.batch_id.in_(batch_ids))
        .order_by(AttemptRow.created_at, EnvelopeRow.created_at)
        .execution_options(populate_existing=True)
    )
    return session.execute(drawn_up).all() if batch_ids else []


def _envelope(row: EnvelopeRow) -> Envelope:
    return Envelope(row.hash, row.attempt_hash, row.xdr, row.fee, row.posted_ledger, row.receipt, row.code)


def _batch(row: BatchRow, attempts: tuple[Attempt, ...], envelopes: tuple[Envelope, ...], drafted: int) -> Batch:
    return Batch(
        id=row.id,
        fence=row.fence,
        organization_id=row.organization_id,
        channel=row.channel,
        sequence=row.sequence,
        source=row.source,
        memo_type=row.memo_type,
        memo=row.memo,
        asked_ledger=row.asked_ledger,
        attempts=attempts,
        envelopes=envelopes,
        drafted_until=drafted,
    )
