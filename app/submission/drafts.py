"""Attempts and drafts as they are written down."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import exists, insert, literal, select
from sqlalchemy.orm import Session

from app.db import as_table
from app.submission.facts import Attempt, Batch, Draft
from app.submission.models import Attempt as AttemptRow
from app.submission.models import AttemptOrder, Envelope, Signature


def write(session: Session, batch: Batch, attempt: Attempt, orders: Sequence[str], draft_xdr: str = "") -> None:
    """Write an attempt down, with the orders it carries by operation index."""
    session.execute(
        insert(AttemptRow).values(
            hash=attempt.hash,
            batch_id=batch.id,
            max_time=attempt.max_time,
            after_ledger=attempt.after_ledger,
            fee=attempt.fee,
            operations=attempt.operations,
            draft=draft_xdr,
        )
    )
    if orders:
        columns = [AttemptOrder.operation_index, AttemptOrder.order_id]
        places = select(literal(attempt.hash), as_table(columns, enumerate(orders)))
        session.execute(insert(AttemptOrder).from_select([AttemptOrder.attempt_hash, *columns], places))


def facts(row: AttemptRow) -> Attempt:
    return Attempt(row.hash, row.max_time, row.after_ledger, row.fee, row.operations)


def newest(session: Session, batch_ids: Sequence[int]) -> dict[int, Draft]:
    """Return the draft that circulates for each batch, with what has been signed of it."""
    rows = {row.batch_id: row for row in rows_of(session, batch_ids)}
    hashes = [row.hash for row in rows.values()]
    orders, signed = _orders(session, hashes), signatures(session, hashes)
    return {
        batch_id: Draft(
            attempt=facts(row),
            xdr=row.draft,
            orders=tuple(orders[row.hash]),
            signatures=tuple(signed.get(row.hash, {}).items()),
        )
        for batch_id, row in rows.items()
    }


def rows_of(session: Session, batch_ids: Sequence[int]) -> Sequence[AttemptRow]:
    """Return the drafts of batches of which no envelope was made, the oldest first."""
    sealed = exists().where(Envelope.attempt_hash == AttemptRow.hash)
    mine = select(AttemptRow).where(AttemptRow.batch_id.in_(batch_ids), AttemptRow.draft != "", ~sealed)
    return session.scalars(mine.order_by(AttemptRow.created_at)).all()


def signatures(session: Session, hashes: Sequence[str]) -> Mapping[str, dict[str, bytes]]:
    """Return what others have signed of each attempt, by their addresses."""
    found: dict[str, dict[str, bytes]] = defaultdict(dict)
    rows = select(Signature).where(Signature.attempt_hash.in_(hashes)).order_by(Signature.address)
    for row in session.scalars(rows):
        found[row.attempt_hash][row.address] = row.signature
    return found


def _orders(session: Session, hashes: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    rows = select(AttemptOrder).where(AttemptOrder.attempt_hash.in_(hashes)).order_by(AttemptOrder.operation_index)
    for row in session.scalars(rows):
        found[row.attempt_hash].append(row.order_id)
    return found
