"""What comes to its end by waiting: what nobody paid, what nobody corrected; and what only a person can end."""

import logging

from sqlalchemy.orm import Session

from app.anchor.consequences import REMIND_SECONDS, send_back
from app.anchor.models import Refund, Transaction
from app.anchor.sends import answer, approve_if_ready, concerned
from app.anchor.tell import tell
from app.customers import service as customers
from app.states import claim, move_one, put_off

log = logging.getLogger(__name__)

LEASE_SECONDS = 60
UNPAID = ["awaiting_customer", "awaiting_payment"]


def close_transactions(session: Session, limit: int) -> int:
    """Expire, send back and call out whatever is due; return how many rows were looked at."""
    states = [*UNPAID, "needs_customer", "refunding", "held"]
    due = claim(session, Transaction, states, limit=limit, lease_seconds=LEASE_SECONDS)
    for transaction in due:
        if transaction.state in UNPAID:
            move_one(session, transaction, "expire")
        elif transaction.state == "needs_customer":
            send_back(session, transaction, "what the rail asked for was not corrected in time")
        else:
            _remind(session, transaction)
        tell(session, transaction)
    stuck = claim(session, Refund, ["stuck"], limit=limit, lease_seconds=LEASE_SECONDS)
    for refund in stuck:
        log.warning("a refund is stuck", extra={"refund": refund.id, "why": refund.reason})
        put_off(session, Refund, refund.id, refund.fence, REMIND_SECONDS)
    return max(len(due), len(stuck))


def hear_customers(session: Session, limit: int) -> int:
    """Let what waited for customers who changed go on; return how many changed."""
    changed = customers.take_news(session, limit)
    for customer_id in changed:
        go_on_with(session, customer_id)
    return len(changed)


def go_on_with(session: Session, customer_id: str) -> None:
    """A customer's information changed: let the transactions that waited for it go on."""
    for transaction in concerned(session, customer_id):
        if transaction.state == "awaiting_customer":
            approve_if_ready(session, transaction)
        elif customers.ready(session, transaction.receiver_id, transaction.method.receiver_type):
            answer(session, transaction)


def _remind(session: Session, transaction: Transaction) -> None:
    facts = {"transaction": transaction.id, "state": transaction.state, "why": transaction.message}
    log.warning("still waiting", extra=facts)
    put_off(session, Transaction, transaction.id, transaction.fence, REMIND_SECONDS)
