"""The people of a transaction, as SEP-12 asks for them by ``transaction_id``."""

from dataclasses import dataclass, replace

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.anchor import sealed
from app.anchor.models import Transaction
from app.anchor.states import TRANSACTION
from app.customers import queries
from app.customers import service as customers
from app.customers.identities import Identity
from app.customers.models import Customer
from app.errors import Conflict, Invalid, NotFound

PAYABLE = ["awaiting_payment", "received", "executing", "initiated", "available", "needs_customer", "held"]
OVER = TRANSACTION.named("rests")
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


@dataclass(frozen=True)
class Meant:
    """Whom a request means: the customer, None if we do not know them yet; by what name to register them; as what."""

    customer: Customer | None
    who: Identity
    kind: str
    transaction: Transaction | None = None

    @property
    def known(self) -> Customer:
        if self.customer is None:
            raise NotFound("there is no such customer")
        return self.customer


def meant(session: Session, transaction: Transaction, role: str, who: Identity) -> Meant:
    """Mean whoever plays ``role``, as what the method wants them to be; raise NotFound if they have been deleted."""
    part = party(transaction, role)
    whole_account = Identity(who.organization_id, who.account)
    customer = queries.get(session, whole_account, part.customer_id) if part.customer_id else None
    return Meant(customer, who, part.kind, transaction)


def register(session: Session, meant: Meant, role: str, home_domain_id: str) -> Customer:
    """Return whom the request means, known from now on, to the transaction too if it names one."""
    customer = meant.customer or customers.register(session, meant.who, home_domain_id)
    if meant.transaction is not None:
        name_party(session, meant.transaction, role, customer.id)
    return customer


def in_transaction(transaction: Transaction, role: str, who: Identity) -> Identity:
    """Return by what name to know whoever plays ``role``, where nothing else names them."""
    return replace(who, scope=f"{role} {transaction.id}")


def erase(session: Session, customer: Customer) -> None:
    """Delete whatever we know of a customer (SEP-12).

    Whom an open transaction is still to pay is sealed in the transaction itself, and forgotten when it is over: money
    that is on its way to somebody must not lose its address.
    """
    unpaid = select(Transaction).where(Transaction.receiver_id == customer.id, Transaction.state.in_(PAYABLE))
    known = customers.values(session, customer.id)
    for transaction in session.scalars(unpaid.with_for_update(of=Transaction)).unique():
        if known:
            sealed.keep_payee(transaction, known)
    customers.erase(session, customer)


def forget_payees(session: Session, limit: int) -> int:
    """Erase what transactions that are over kept of their payees; return of how many."""
    over = select(Transaction.id).where(Transaction.payee.is_not(None), Transaction.state.in_(OVER)).limit(limit)
    erased = update(Transaction).where(Transaction.id.in_(over)).values(payee=None).returning(Transaction.id)
    return len(session.execute(erased).all())


def name_party(session: Session, transaction: Transaction, role: str, customer_id: str) -> None:
    """Say who plays ``role``; raise Conflict if somebody else does by now."""
    column = f"{COLUMNS[role]}_id"
    free = getattr(Transaction, column).in_(["", customer_id])
    named = update(Transaction).where(Transaction.id == transaction.id, free).values({column: customer_id})
    if session.execute(named.returning(Transaction.id)).first() is None:
        raise Conflict(f"the transaction has another {COLUMNS[role]} by now")
    session.expire(transaction)
