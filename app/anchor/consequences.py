"""What follows from a rail's word: ledger, state and message, in one commit. Rails state facts; the house concludes."""

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from app.anchor import books, policy
from app.anchor.counters import Counter
from app.anchor.models import Transaction
from app.anchor.refunds import refund
from app.anchor.tell import tell
from app.clock import after, now, read
from app.customers import service as customers
from app.states import move_one, put_off
from rails.base import Report, State

log = logging.getLogger(__name__)

CORRECTION_SECONDS = 7 * 86_400  # how long a customer may take to correct what the rail refused
REMIND_SECONDS = 86_400

NOTHING_KEPT = {"amount_out": 0, "amount_fee": 0}  # of what goes back nothing goes out and nothing is earned

Facts = dict[str, Any]


def draw(session: Session, counter: Counter, transaction: Transaction, report: Report) -> None:
    """Draw the consequence of ``report`` for ``transaction``, whose row the caller has locked."""
    facts = _facts(report)
    event = policy.consequence(report, can_look_up(counter, transaction))
    if transaction.state == "completed" and report.state == State.RETURNED:
        come_back(session, transaction, report)
    elif not event or event in ("initiate", "offer") and _stands(transaction, event):
        wait(session, counter, transaction, **facts)
    elif transaction.state not in transaction.machine.sources(event):
        doubt(session, transaction, f"the rail says {report.state} of a payout that is {transaction.state}")
    else:
        CONSEQUENCES[event](session, counter, transaction, report, facts)
    tell(session, transaction)


def can_look_up(counter: Counter, transaction: Transaction) -> bool:
    """Say whether asking the rail tells for certain if it has an order."""
    known = {(method.name, method.asset): method for method in counter.rail.methods}
    method = known.get((transaction.method.name, transaction.method.pays))
    return method is not None and method.can_look_up


def wait(session: Session, counter: Counter, transaction: Transaction, **facts: Any) -> None:
    """Note ``facts`` and look again later; hold the row when it has been under way for too long."""
    started = transaction.executed_at or transaction.updated_at
    if (read(session) - started).total_seconds() > counter.patience_seconds:
        words = facts.pop("message", transaction.message)
        hold(session, transaction, f"no final word from the rail since {started:%Y-%m-%d %H:%M} UTC; {words}", **facts)
    else:
        seconds = policy.patience_seconds(transaction.attempts, counter.poll_seconds)
        put_off(session, Transaction, transaction.id, transaction.fence, seconds, **facts)


def hold(session: Session, transaction: Transaction, why: str, **facts: Any) -> None:
    """Leave the row to an operator, saying why."""
    move_one(session, transaction, "hold", due_at=after(REMIND_SECONDS), message=why, note=why, **facts)
    log.warning("held for an operator", extra={"transaction": transaction.id, "why": why})
    tell(session, transaction)


def doubt(session: Session, transaction: Transaction, why: str) -> None:
    """A rail said what cannot be: hold the row where money may still move, else only note it."""
    if transaction.state in transaction.machine.sources("hold"):
        hold(session, transaction, why)
    else:
        log.warning("news that cannot be right", extra={"transaction": transaction.id, "why": why})


def come_back(session: Session, transaction: Transaction, report: Report) -> None:
    """Delivered money came back: it stays completed until what goes back to the sender is in the ledger."""
    if any(refund.whole for refund in transaction.refunds):
        return
    books.return_payout(session, transaction)
    transaction.message = report.message or "the payment came back after it was delivered"
    refund(session, transaction, transaction.message)


def send_back(session: Session, transaction: Transaction, why: str, **facts: Any) -> None:
    """The payee will not get it: all of it goes back to where it came from."""
    books.void_payout(session, transaction)
    facts |= {"message": why, "note": why, **NOTHING_KEPT}
    move_one(session, transaction, "refund", due_at=after(REMIND_SECONDS), **facts)
    refund(session, transaction, why)


def _initiate(session: Session, counter: Counter, transaction: Transaction, report: Report, facts: Facts) -> None:
    seconds = policy.patience_seconds(0, counter.poll_seconds)
    move_one(session, transaction, "initiate", due_at=after(seconds), attempts=0, **facts)


def _offer(session: Session, counter: Counter, transaction: Transaction, report: Report, facts: Facts) -> None:
    move_one(session, transaction, "offer", due_at=after(counter.poll_seconds), attempts=0, **facts)


def _deliver(session: Session, counter: Counter, transaction: Transaction, report: Report, facts: Facts) -> None:
    try:
        out, fee = policy.parts(report, transaction.amount_in or 0, transaction.amount_out or 0)
    except ValueError as wrong:
        doubt(session, transaction, str(wrong))
        return
    move_one(
        session, transaction, "deliver", amount_out=out, amount_fee=fee, completed_at=now(), **{"message": "", **facts}
    )
    books.post_payout(session, transaction)


def _release(session: Session, counter: Counter, transaction: Transaction, report: Report, facts: Facts) -> None:
    move_one(session, transaction, "release", note="looked up: not found", **facts)


def _ask(session: Session, counter: Counter, transaction: Transaction, report: Report, facts: Facts) -> None:
    books.void_payout(session, transaction)
    fix = dict(report.fix)
    words = report.message or "information about the receiver must be corrected"
    move_one(
        session, transaction, "ask", due_at=after(CORRECTION_SECONDS), required_info=fix, **{**facts, "message": words}
    )
    if transaction.receiver_id:
        customers.ask(session, transaction.receiver_id, fix)


def _refund(session: Session, counter: Counter, transaction: Transaction, report: Report, facts: Facts) -> None:
    send_back(session, transaction, report.message or "the rail refused the payment", **_without(facts, "message"))


def _fail(session: Session, counter: Counter, transaction: Transaction, report: Report, facts: Facts) -> None:
    if report.refunded:
        books.settle_refunded_by_rail(session, transaction)
    else:
        books.void_payout(session, transaction)
    words = report.message or "the rail refused the payment"
    move_one(session, transaction, "fail", refunded_by_rail=report.refunded, **{**facts, "message": words})


def _hold(session: Session, counter: Counter, transaction: Transaction, report: Report, facts: Facts) -> None:
    words = report.message or "the rail cannot say what became of it"
    hold(session, transaction, words, refunded_by_rail=report.refunded, **_without(facts, "message"))


Consequence = Callable[[Session, Counter, Transaction, Report, Facts], None]

CONSEQUENCES: dict[str, Consequence] = {
    "initiate": _initiate,
    "offer": _offer,
    "deliver": _deliver,
    "release": _release,
    "ask": _ask,
    "refund": _refund,
    "fail": _fail,
    "hold": _hold,
}


def _facts(report: Report) -> Facts:
    """Return what a report says besides where the payout stands, as columns."""
    known = {"external_transaction_id": report.ref, "eta": report.eta, "message": report.message}
    return {column: fact for column, fact in known.items() if fact}


def _without(facts: Facts, name: str) -> Facts:
    return {key: value for key, value in facts.items() if key != name}


def _stands(transaction: Transaction, event: str) -> bool:
    return transaction.state == transaction.machine.target[event]
