"""From the house to the rail: orders out, news in. A rail states facts; here they are given their consequences.

Claim (committed) → act (no session) → record (under the claim's fence), as tasks/drain.py runs it.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.anchor import books, sealed
from app.anchor.consequences import can_look_up, draw, hold, wait
from app.anchor.counters import Counter
from app.anchor.models import RailCursor, Transaction
from app.clock import after, now
from app.customers import service as customers
from app.money import Money
from app.states import claim, held, move_one
from rails import ask
from rails.answers import unknown
from rails.base import Payout, Report

log = logging.getLogger(__name__)

POLL_BATCH = 100


@dataclass(frozen=True)
class Order:
    """One payout to execute, claimed under ``fence``."""

    id: str
    fence: int
    payout: Payout


@dataclass(frozen=True)
class Question:
    """Payouts to ask about, with the fence of each row, by payout key."""

    id: str
    payouts: Sequence[Payout]
    rows: Mapping[str, tuple[str, int]]
    cursor: str


def claim_orders(counter: Counter, session: Session, count: int) -> list[Order]:
    """Take up to ``count`` received transactions of the rail; from this commit on the rail may know of them."""
    mine = Transaction.rail == counter.name
    due = claim(session, Transaction, ["received"], mine, limit=count, lease_seconds=counter.lease_seconds)
    orders = []
    for transaction in due:
        payout = payout_of(session, transaction)
        if transaction.receiver_id and not payout.payee:
            hold(session, transaction, "nothing is known any more of whom to pay")
            continue
        books.reserve_payout(session, transaction)
        move_one(session, transaction, "execute", due_at=after(counter.lease_seconds), executed_at=now())
        orders.append(Order(transaction.id, transaction.fence, payout))
    return orders


def execute(counter: Counter, order: Order) -> Report:
    """Act: hand the order to the rail."""
    return ask.execute(counter.rail, order.payout)


def record_order(counter: Counter, session: Session, order: Order, fact: Report | Exception) -> None:
    """Write down what the rail said to the order, unless somebody else holds the row by now."""
    transaction = _held(session, order.id, order.fence)
    if transaction is None:
        log.warning("an answer came after its lease", extra={"transaction": order.id})
        return
    report = fact if isinstance(fact, Report) else unknown(order.payout, f"could not be asked: {type(fact).__name__}")
    draw(session, counter, transaction, report)


def claim_question(counter: Counter, session: Session, count: int) -> list[Question]:
    """Take what is due to be asked about: one question about many payouts."""
    _hold_unanswerable(session, counter)
    states = ["executing", "initiated", "available"]
    mine = Transaction.rail == counter.name
    due = claim(session, Transaction, states, mine, limit=POLL_BATCH, lease_seconds=counter.lease_seconds)
    payouts = [payout_of(session, transaction) for transaction in due]
    rows = {payout.key: (row.id, row.fence) for payout, row in zip(payouts, due, strict=True)}
    return [Question(counter.name, payouts, rows, _cursor(session, counter))] if due else []


def ask_rail(counter: Counter, question: Question) -> ask.Polled[Report]:
    """Act: ask the rail for news."""
    return ask.poll_outgoing(counter.rail, question.payouts, question.cursor)


def record_news(counter: Counter, session: Session, question: Question, fact: ask.Polled[Report] | Exception) -> None:
    """Write down the news; what there was none about is asked again later, or held when patience ends."""
    polled = (
        fact if isinstance(fact, ask.Polled) else ask.Polled([], question.cursor, [f"raised {type(fact).__name__}"])
    )
    words = polled.nonsense
    reports: dict[str, list[Report]] = {}
    for report in polled.facts:
        reports.setdefault(report.key, []).append(report)
    for key, (transaction_id, fence) in sorted(question.rows.items()):
        transaction = _held(session, transaction_id, fence)
        if transaction is not None and key in reports:
            for report in reports[key]:  # one poll may bring a course: delivered, then returned
                draw(session, counter, transaction, report)
        elif transaction is not None:
            wait(session, counter, transaction, **({"message": f"the rail {words[0]}"} if words else {}))
    for report in polled.unasked:
        _hear(session, counter, report)
    if words:
        log.warning("nonsense from a rail", extra={"rail": counter.name, "words": words})
    _keep_cursor(session, counter, polled.cursor)


def payout_of(session: Session, transaction: Transaction) -> Payout:
    """Return the order as the rail is given it: the same for the same round, whenever it is made."""
    asset = transaction.asset.asset
    payee = customers.values(session, transaction.receiver_id) if transaction.receiver_id else {}
    payee = payee or sealed.payee(transaction)
    return Payout(
        key=books.payout_key(transaction),
        transaction_id=transaction.id,
        method=transaction.method.name,
        amount=Money(transaction.amount_out or 0, transaction.method.pays),
        amount_in=Money(transaction.amount_in or 0, asset),
        amount_expected=Money(transaction.amount_expected, asset),
        fee=Money(transaction.amount_fee or 0, asset),
        payee={**payee, **sealed.fields(transaction)},
        narrative=transaction.id,
        ref=transaction.external_transaction_id,
    )


def _hold_unanswerable(session: Session, counter: Counter) -> None:
    """Leave to an operator whatever is in doubt where the rail cannot be asked.

    This is no claim, so the fence stays: if the answer does come, late, it is still recorded.
    """
    doubtful = select(Transaction).where(
        Transaction.state == "executing", Transaction.rail == counter.name, Transaction.due_at <= now()
    )
    for transaction in session.scalars(doubtful.with_for_update(of=Transaction, skip_locked=True)).unique():
        if not can_look_up(counter, transaction):
            hold(session, transaction, transaction.message or "the rail did not answer, and cannot be asked")


def _hear(session: Session, counter: Counter, report: Report) -> None:
    """Take in news nobody asked for: say, money that came back days after it was delivered."""
    transaction = session.get(Transaction, books.transaction_id(report.key))
    if transaction is None or transaction.rail != counter.name or books.payout_key(transaction) != report.key:
        log.warning("news of a payout that is not ours", extra={"rail": counter.name, "key": report.key})
        return
    session.refresh(transaction, with_for_update={"of": Transaction})
    draw(session, counter, transaction, report)


def _held(session: Session, transaction_id: str, fence: int) -> Transaction | None:
    """Return the row, locked, if our claim still holds."""
    found = select(Transaction).where(*held(Transaction, transaction_id, fence)).with_for_update(of=Transaction)
    return session.scalars(found).unique().one_or_none()


def _cursor(session: Session, counter: Counter) -> str:
    kept = session.get(RailCursor, (counter.name, "poll_outgoing_transactions"))
    return kept.cursor if kept else ""


def _keep_cursor(session: Session, counter: Counter, cursor: str) -> None:
    row = {"rail": counter.name, "verb": "poll_outgoing_transactions", "cursor": cursor}
    keys = [RailCursor.rail, RailCursor.verb]
    session.execute(insert(RailCursor).values(row).on_conflict_do_update(index_elements=keys, set_={"cursor": cursor}))
