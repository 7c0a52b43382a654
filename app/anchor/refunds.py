"""Money that goes back where it came from, through the submission engine like any other payment."""

from sqlalchemy import Text, case, cast, select, update
from sqlalchemy.orm import Session

from app.anchor import books
from app.anchor.models import Refund, Transaction
from app.anchor.tell import tell
from app.clock import after, now
from app.ledger import service as ledger
from app.states import begin, claim, move_one
from app.submission import service as submission
from app.watcher.models import Observation

LOOK_AGAIN_SECONDS = 60  # the settled order wakes us; this is for a wake-up that got lost
REMIND_SECONDS = 86_400


def give_back(session: Session, transaction: Transaction, observation: Observation, why: str) -> Refund:
    """Send back a payment the transaction did not take, to the account it came from; the transaction waits on."""
    refund = Refund(
        transaction_id=transaction.id,
        whole=False,
        reason=why,
        asset=observation.asset,
        amount=observation.amount,
        destination=observation.counterparty,
        **_memo(transaction),
    )
    begin(session, refund, due_at=after(LOOK_AGAIN_SECONDS))
    transaction.message = f"{why}; it goes back"
    _order(session, transaction, refund)
    return refund


def refund(session: Session, transaction: Transaction, why: str) -> Refund:
    """Send back all the transaction was paid with. The caller has moved it, and its money is owed again."""
    if transaction.amount_in is None:
        raise ValueError(f"transaction {transaction.id} was not paid")
    back = Refund(
        transaction_id=transaction.id,
        whole=True,
        reason=why,
        asset=transaction.asset.asset,
        amount=transaction.amount_in,
        destination=transaction.paid_from,
        **_memo(transaction),
    )
    begin(session, back, due_at=after(LOOK_AGAIN_SECONDS))
    _order(session, transaction, back)
    return back


def settle_refunds(session: Session, limit: int) -> int:
    """Let refunds learn what became of their order; return how many were looked at."""
    _bring_forward(session)
    due = claim(session, Refund, ["sending"], limit=limit, lease_seconds=LOOK_AGAIN_SECONDS)
    known = submission.outcomes(session, "anchor", [books.refund_key(refund) for refund in due])
    for refund in due:
        outcome = known.get(books.refund_key(refund))
        if outcome is not None and outcome.state == "settled":
            _settle(session, refund, outcome.transaction_hash)
        elif outcome is not None and outcome.state in ("failed", "cancelled"):
            move_one(session, refund, "fail", due_at=now(), reason=f"{refund.reason}; refused: {outcome.reason}")
    return len(due)


def retry(session: Session, refund: Refund, destination: str = "") -> None:
    """Order a stuck refund once more, to ``destination`` if an operator found a better one."""
    facts = {"destination": destination} if destination else {}
    move_one(session, refund, "retry", due_at=after(LOOK_AGAIN_SECONDS), trial=refund.trial + 1, **facts)
    transaction = session.get_one(Transaction, refund.transaction_id)
    _order(session, transaction, refund)


def _bring_forward(session: Session) -> None:
    """Make those refunds due whose order has come to its end."""
    trial = Refund.id + "-" + cast(Refund.trial, Text)
    key = case((Refund.trial == 1, Refund.id), else_=trial)  # as books.refund_key
    ready = Refund.state == "sending", Refund.due_at > now(), submission.ended("anchor", key)
    session.execute(update(Refund).where(*ready).values(due_at=now()))


def _settle(session: Session, refund: Refund, transaction_hash: str) -> None:
    move_one(session, refund, "settle", stellar_transaction_id=transaction_hash)
    transaction = session.get_one(Transaction, refund.transaction_id, with_for_update={"of": Transaction})
    session.refresh(transaction, ["refunds"])
    if refund.whole:
        move_one(session, transaction, "settle", completed_at=now())
    else:
        transaction.message = f"{refund.reason}; it went back"
    tell(session, transaction)


def _order(session: Session, transaction: Transaction, refund: Refund) -> None:
    """Reserve the money and order its payment, in the caller's commit."""
    owed = books.account(session, transaction.organization_id, "owed", refund.asset)
    held = books.account(
        session, transaction.organization_id, f"treasury:{transaction.receiving_account}", refund.asset
    )
    key = books.refund_key(refund)
    ledger.reserve(session, f"refund:{key}", owed, held, refund.amount)
    submission.request(
        session,
        submission.NewOrder(
            organization_id=transaction.organization_id,
            owner="anchor",
            owner_key=key,
            source=transaction.receiving_account,
            destination=refund.destination,
            asset=refund.asset,
            amount=refund.amount,
            memo_type=refund.memo_type,
            memo=refund.memo,
            reservation=f"refund:{key}",
        ),
    )


def _memo(transaction: Transaction) -> dict[str, str]:
    """Return the refund memo the sender asked for, else the memo it paid with (SEP-31)."""
    if transaction.refund_memo:
        return {"memo_type": transaction.refund_memo_type, "memo": transaction.refund_memo}
    return {"memo_type": transaction.memo_type, "memo": transaction.memo}


def stuck(session: Session, transaction: Transaction) -> list[Refund]:
    """Return the transaction's refunds that wait for an operator."""
    found = select(Refund).where(Refund.transaction_id == transaction.id, Refund.state == "stuck")
    return list(session.scalars(found))
