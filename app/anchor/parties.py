"""The people of a transaction, as SEP-12 asks for them by ``transaction_id``."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.anchor.models import Transaction
from app.errors import Conflict, Invalid

COLUMNS = {"sep31-sender": "sender", "sep31-receiver": "receiver"}


@dataclass(frozen=True)
class Party:
    """``customer_id`` is empty while nobody was named; ``kind`` is the SEP-12 type the method wants them to be."""

    customer_id: str
    kind: str


def party(transaction: Transaction, role: str) -> Party:
    """Return who plays ``role``, a SEP-12 type; raise Invalid where the transaction has no such role."""
    if role not in COLUMNS:
        raise Invalid(f"with transaction_id, type is one of {', '.join(COLUMNS)}", code="unknown_type")
    column = COLUMNS[role]
    kind = getattr(transaction.method, f"{column}_type")
    return Party(getattr(transaction, f"{column}_id"), kind or role)


def name_party(session: Session, transaction: Transaction, role: str, customer_id: str) -> None:
    """Say who plays ``role``; raise Conflict if somebody else does by now."""
    column = f"{COLUMNS[role]}_id"
    free = getattr(Transaction, column).in_(["", customer_id])
    named = update(Transaction).where(Transaction.id == transaction.id, free).values({column: customer_id})
    if session.execute(named.returning(Transaction.id)).first() is None:
        raise Conflict(f"the transaction has another {COLUMNS[role]} by now")
    session.expire(transaction)
