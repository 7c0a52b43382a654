"""What an operator may say of a transaction. A statement is a report like a rail's, so it has the same consequences."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.anchor import books
from app.anchor.arrivals import take
from app.anchor.consequences import draw, send_back
from app.anchor.counters import Counter
from app.anchor.models import Refund, Transaction
from app.anchor.refunds import retry
from app.anchor.tell import tell
from app.errors import Conflict, Invalid, NotFound
from app.states import move_one
from app.watcher import queries
from app.watcher import service as watcher
from app.watcher.models import Observation
from rails.base import Report, State

STATEMENTS = {
    "initiated": State.INITIATED,
    "available": State.AVAILABLE,
    "delivered": State.DELIVERED,
    "returned": State.RETURNED,
    "failed": State.FAILED,
}

VERBS = {
    **{said: f"the rail's payout is {said}" for said in STATEMENTS},
    "refund": "nothing was or will be paid out: send the money back",
    "resume": "the rail has no such order: hand it over again",
    "retry-refund": "order a stuck refund once more",
}


def act(session: Session, counter: Counter, transaction: Transaction, verb: str, reason: str) -> None:
    """Apply an operator's statement; raise WrongState, Conflict or Invalid where it cannot be."""
    if verb in STATEMENTS:
        key, state = books.payout_key(transaction), STATEMENTS[verb]
        _must_be_under_way(transaction, state)
        draw(session, counter, transaction, Report(key, state, message=reason))
    elif verb == "refund":
        if transaction.refunded_by_rail:
            raise Conflict("its rail has given the money back already")
        send_back(session, transaction, reason or "sent back by an operator")
    elif verb == "resume":
        move_one(session, transaction, "resume", note=reason, message="")
    elif verb == "retry-refund":
        _retry(session, transaction, reason)
    else:
        raise Invalid(f"say one of: {', '.join(VERBS)}")
    tell(session, transaction)


def find(session: Session, transaction_id: str) -> Transaction:
    """Return the transaction, locked, or raise NotFound."""
    found = session.get(Transaction, transaction_id, with_for_update={"of": Transaction})
    if found is None:
        raise NotFound(f"no transaction {transaction_id}")
    return found


def listed(session: Session, states: Sequence[str], limit: int) -> list[Transaction]:
    """Return transactions, the latest first; all states if none is named."""
    wanted = select(Transaction).order_by(Transaction.created_at.desc()).limit(limit)
    return list(session.scalars(wanted.where(Transaction.state.in_(states)) if states else wanted).unique())


def unclaimed(session: Session) -> list[Observation]:
    """Return what came on Stellar and nobody claimed."""
    return queries.unmatched(session)


def assign(session: Session, observation_id: str, transaction: Transaction) -> None:
    """Count an unclaimed payment for ``transaction``; raise NotFound if there is none."""
    take(session, transaction, _unclaimed(session, observation_id))


def own(session: Session, observation_id: str) -> Observation:
    """Count an unclaimed payment as the organization's own money; raise NotFound if there is none."""
    found = _unclaimed(session, observation_id)
    capital = books.account(session, found.organization_id, "capital", found.asset)
    watcher.claim(session, found, "organization", "capital", capital)
    return found


def _unclaimed(session: Session, observation_id: str) -> Observation:
    found = next((row for row in unclaimed(session) if row.id == observation_id), None)
    if found is None:
        raise NotFound(f"{observation_id} is not in suspense")
    return found


def _must_be_under_way(transaction: Transaction, state: State) -> None:
    allowed = ["executing", "initiated", "available", "held"]
    allowed += ["completed"] if state == State.RETURNED else []
    if transaction.state not in allowed:
        raise Conflict(f"the transaction is {transaction.state}: its rail has no order to say that of")


def _retry(session: Session, transaction: Transaction, destination: str) -> None:
    stuck = session.scalars(select(Refund).where(Refund.transaction_id == transaction.id, Refund.state == "stuck"))
    refunds = list(stuck)
    if not refunds:
        raise Conflict("none of its refunds is stuck")
    for refund in refunds:
        retry(session, refund, destination)
