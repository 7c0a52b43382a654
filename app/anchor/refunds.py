"""Money that goes back where it came from, through the submission engine like any other payment."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.anchor import books
from app.anchor.models import Refund, Transaction
from app.anchor.tell import tell
from app.clock import after, now
from app.db import new_id
from app.ledger import service as ledger
from app.states import begin, move_one, put_off
from app.submission import service as submission
from app.watcher.models import Observation

LOOK_AGAIN_SECONDS = 60  # the settled order wakes us; this is for a wake-up that got lost
OWNER = "anchor"  # what the engine calls us


def give_back(session: Session, transaction: Transaction, observation: Observation, why: str) -> Refund:
    """Send back a payment the transaction did not take, to the account it came from; the transaction waits on."""
    refund = _refund(
        transaction,
        whole=False,
        reason=why,
        asset=observation.asset,
        amount=observation.amount,
        destination=observation.counterparty,
    )
    begin(session, refund, due_at=after(LOOK_AGAIN_SECONDS))
    transaction.message = f"{why}; it goes back"
    _order(session, transaction, refund)
    return refund


def refund(session: Session, transaction: Transaction, why: str) -> Refund:
    """Send back all the transaction was paid with. The caller has moved it, and its money is owed again."""
    if transaction.amount_in is None:
        raise ValueError(f"transaction {transaction.id} was not paid")
    back = _refund(
        transaction,
        whole=True,
        reason=why,
        asset=transaction.asset.asset,
        amount=transaction.amount_in,
        destination=transaction.paid_from,
    )
    begin(session, back, due_at=after(LOOK_AGAIN_SECONDS))
    _order(session, transaction, back)
    return back


def settle_refunds(session: Session, limit: int) -> int:
    """Let refunds learn what became of their order; return how many were looked at."""
    refunds = _worth_a_look(session, limit)
    known = submission.outcomes(session, OWNER, [refund.order_key for refund in refunds])
    for refund in refunds:
        outcome = known[refund.order_key]
        if outcome.state == "settled":
            _settle(session, refund, outcome.transaction_hash)
        elif outcome.state in ("failed", "cancelled"):
            words = f"{refund.reason}; refused: {outcome.reason}"
            move_one(session, refund, "fail", due_at=now(), reason=words)
        else:
            put_off(session, Refund, refund.id, refund.fence, LOOK_AGAIN_SECONDS)
    return len(refunds)


def retry(session: Session, refund: Refund, destination: str = "") -> None:
    """Order a stuck refund once more, to ``destination`` if an operator found a better one."""
    facts: dict[str, Any] = {"destination": destination} if destination else {}
    trial = refund.trial + 1
    facts |= {"trial": trial, "order_key": f"{refund.id}-{trial}"}
    move_one(session, refund, "retry", due_at=after(LOOK_AGAIN_SECONDS), **facts)
    _order(session, session.get_one(Transaction, refund.transaction_id), refund)


def _worth_a_look(session: Session, limit: int) -> list[Refund]:
    """Return, locked, the refunds whose order has come to its end, and those that are due to be looked at anyway."""
    ready = submission.ended(OWNER, Refund.order_key) | (Refund.due_at <= now())
    found = select(Refund).where(Refund.state == "sending", ready).order_by(Refund.due_at).limit(limit)
    return list(session.scalars(found.with_for_update(of=Refund, skip_locked=True)))


def _settle(session: Session, refund: Refund, transaction_hash: str) -> None:
    move_one(session, refund, "settle", stellar_transaction_id=transaction_hash)
    transaction = session.get_one(Transaction, refund.transaction_id, with_for_update={"of": Transaction})
    session.refresh(transaction, ["refunds"])
    if refund.whole:
        move_one(session, transaction, "settle", completed_at=now(), amount_out=0, amount_fee=0)
    else:
        transaction.message = f"{refund.reason}; it went back"
    tell(session, transaction)


def _refund(transaction: Transaction, **facts: Any) -> Refund:
    key = new_id()
    return Refund(id=key, order_key=key, transaction_id=transaction.id, **facts, **_memo(transaction))


def _order(session: Session, transaction: Transaction, refund: Refund) -> None:
    """Reserve the money and order its payment, in the caller's commit."""
    owed = books.account(session, transaction.organization_id, "owed", refund.asset)
    held = books.account(
        session, transaction.organization_id, f"treasury:{transaction.receiving_account}", refund.asset
    )
    reservation = f"refund:{refund.order_key}"
    ledger.reserve(session, reservation, owed, held, refund.amount)
    submission.request(
        session,
        submission.NewOrder(
            organization_id=transaction.organization_id,
            owner=OWNER,
            owner_key=refund.order_key,
            source=transaction.receiving_account,
            destination=refund.destination,
            asset=refund.asset,
            amount=refund.amount,
            memo_type=refund.memo_type,
            memo=refund.memo,
            reservation=reservation,
        ),
    )


def _memo(transaction: Transaction) -> dict[str, str]:
    """Return the refund memo the sender asked for, else the memo it paid with (SEP-31)."""
    if transaction.refund_memo:
        return {"memo_type": transaction.refund_memo_type, "memo": transaction.refund_memo}
    return {"memo_type": transaction.memo_type, "memo": transaction.memo}
