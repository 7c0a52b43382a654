"""What came on Stellar finds the transaction it was meant for; what was meant for none stays in suspense, named."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.anchor import books, policy
from app.anchor.models import Transaction
from app.anchor.refunds import give_back
from app.anchor.tell import tell
from app.assets import service as assets
from app.states import move_one
from app.watcher import service as watcher
from app.watcher.models import Observation


def match_payments(session: Session, limit: int) -> int:
    """Claim up to ``limit`` new arrivals for their transactions; return how many were looked at."""
    observations = watcher.arrived(session, limit)
    for observation in observations:
        transaction = _meant_for(session, observation)
        if transaction is None:
            watcher.leave(session, observation, "no memo" if not observation.memo else "no transaction has this memo")
        else:
            take(session, transaction, observation)
    return len(observations)


def take(session: Session, transaction: Transaction, observation: Observation) -> None:
    """Claim the payment for the transaction; it is received, or goes back with the reason."""
    owed = books.account(session, transaction.organization_id, "owed", observation.asset)
    watcher.claim(session, observation, "anchor", transaction.id, owed)
    why = policy.objection(_expected(transaction), _paid(observation))
    if why:
        give_back(session, transaction, observation, why)
    else:
        receive(session, transaction, observation)


def receive(session: Session, transaction: Transaction, observation: Observation) -> None:
    """The money is in: say what it costs and what goes out, and wake its rail."""
    amount = observation.amount
    fee = assets.fee(transaction.method, amount, transaction.asset.significant_decimals)
    move_one(
        session,
        transaction,
        "receive",
        amount_in=amount,
        amount_fee=fee,
        amount_out=amount - fee,
        paid_from=observation.counterparty,
        stellar_transaction_id=observation.transaction_hash,
        attempts=0,
        message="",
    )
    tell(session, transaction)


def _meant_for(session: Session, observation: Observation) -> Transaction | None:
    meant = select(Transaction).where(
        Transaction.receiving_account == observation.account,
        Transaction.memo_type == observation.memo_type,
        Transaction.memo == observation.memo,
    )
    return session.scalars(meant.with_for_update(of=Transaction)).unique().one_or_none()


def _expected(transaction: Transaction) -> policy.Expected:
    return policy.Expected(
        state=transaction.state,
        asset=transaction.asset.asset,
        amount=transaction.amount_expected,
        policy=transaction.asset.amount_policy,
        tolerance=transaction.asset.tolerance_stroops,
        expires_at=transaction.expires_at,
    )


def _paid(observation: Observation) -> policy.Paid:
    return policy.Paid(observation.asset, observation.amount, observation.closed_at)
