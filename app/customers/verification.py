"""Codes that prove a telephone number or an e-mail address is the customer's own (SEP-12 ``<field>_verification``)."""

import hmac
import secrets
from collections.abc import Mapping

from sqlalchemy.orm import Session

from app import clock
from app.customers.fields import named
from app.customers.models import Customer, CustomerField
from app.customers.service import hold, settle
from app.customers.states import GIVEN, UNVERIFIED
from app.errors import Conflict
from app.vault import seals

CODE_DIGITS = 6
CODE_SECONDS = 900
TRIES_MAX = 5


def challenge(session: Session, customer_id: str, name: str) -> str:
    """Return a new code for a field that was given, to be sent there; until it comes back the field is unverified."""
    customer = hold(session, customer_id)
    field = _field(customer, name)
    if field is None or field.value is None:
        raise Conflict(f"{name} was not given, so it cannot be verified")
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    field.standing, field.tries, field.code = UNVERIFIED, 0, _fingerprint(field, code)
    field.code_expires_at = clock.after(CODE_SECONDS)
    settle(session, customer)
    return code


def verify(session: Session, customer: Customer, codes: Mapping[str, str]) -> list[str]:
    """Take codes, SEP-9 field → code, and return the names of those that are not right.

    Commit even then: a wrong one counts, and after TRIES_MAX of them, or CODE_SECONDS, only a new code will do.
    """
    customer = hold(session, customer.id)
    wrong = [name for name, code in codes.items() if not _verified(session, customer, name, code)]
    if len(wrong) < len(codes):
        settle(session, customer)
    return wrong


def _verified(session: Session, customer: Customer, name: str, code: str) -> bool:
    field = _field(customer, name)
    if field is None or field.standing != UNVERIFIED or not field.code:
        return False
    field.tries += 1
    late = field.code_expires_at is None or field.code_expires_at <= clock.read(session)
    right = hmac.compare_digest(field.code, _fingerprint(field, code.strip()))
    if late or field.tries > TRIES_MAX or not right:
        return False
    field.standing, field.code, field.error = GIVEN, "", None
    return True


def _field(customer: Customer, name: str) -> CustomerField | None:
    return next((field for field in customer.fields if field.name == named(name).name), None)


def _fingerprint(field: CustomerField, code: str) -> str:
    return seals().fingerprint(f"customer {field.customer_id} code {field.name} {code}")
