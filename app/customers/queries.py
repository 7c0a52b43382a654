"""Which customer is meant, and whose they are."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.customers.identities import Identity
from app.customers.models import Customer
from app.errors import NotFound


def find(session: Session, who: Identity) -> Customer | None:
    """Return the customer known by exactly this name."""
    return session.scalar(select(Customer).where(*_named(who), Customer.scope == who.scope))


def everybody(session: Session, who: Identity) -> list[Customer]:
    """Return the customer of this name and all those it only speaks for."""
    return list(session.scalars(select(Customer).where(*_named(who))))


def get(session: Session, who: Identity, customer_id: str) -> Customer:
    """Return a customer of ``who``; raise NotFound for anybody else's, whether there is one or not."""
    customer = session.get(Customer, customer_id)
    if customer is None or not who.owns(customer):
        raise NotFound("there is no such customer")
    return customer


def standing_as(session: Session, state: str, limit: int) -> list[Customer]:
    """Return customers in a state, who came there last first."""
    found = select(Customer).where(Customer.state == state).order_by(Customer.updated_at.desc()).limit(limit)
    return list(session.scalars(found))


def _named(who: Identity) -> tuple[Any, ...]:
    return (
        Customer.organization_id == who.organization_id,
        Customer.account == who.account,
        Customer.memo == who.memo,
        Customer.memo_type == who.memo_type,
    )
