"""How a customer stands and what they are shown of it: the body of SEP-12 ``GET /customer`` and of its callbacks."""

from typing import Any

from flask import current_app

import config
from app.customers.fields import Field, named
from app.customers.models import Customer, CustomerField
from app.customers.requirements import Requirement
from app.customers.seals import error_of
from app.customers.states import GIVEN, REJECTED, UNVERIFIED, WANTED
from app.vault import seals

_SHOWN = {GIVEN: "ACCEPTED", REJECTED: "REJECTED", UNVERIFIED: "VERIFICATION_REQUIRED"}


def status(customer: Customer, wanted: Requirement) -> str:
    """Return the state of ``customer`` as somebody of whom ``wanted`` is required."""
    if customer.verdict == "rejected":
        return "rejected"
    if missing(customer, wanted):
        return "needs_info"
    reviewed = customer.verdict == "accepted" or not config.need(current_app.config, "CUSTOMER_REVIEW")
    return "accepted" if reviewed else "processing"


def missing(customer: Customer, wanted: Requirement) -> list[str]:
    """Return the names of the fields that must still be given, or given again, or verified."""
    standing = {field.name: field.standing for field in customer.fields}
    lacking = [name for name in wanted.required if name not in standing]
    return lacking + [name for name, stands in standing.items() if stands != GIVEN]


def show(customer: Customer | None, wanted: Requirement) -> dict[str, Any]:
    """Return what SEP-12 shows of a customer; None is somebody we do not know yet."""
    if customer is None:
        return {"status": "NEEDS_INFO", "fields": _needed({}, wanted)}
    state = status(customer, wanted)
    held = {field.name: field for field in customer.fields}
    shown: dict[str, Any] = {"id": customer.id, "status": state.upper()}
    if state == "needs_info":
        shown["fields"] = _needed(held, wanted)
    shown["provided_fields"] = {
        name: _provided(field, state) for name, field in held.items() if field.standing != WANTED
    }
    if state == "rejected":
        shown["message"] = customer.message or "We cannot serve this customer."
    return shown


def _needed(held: dict[str, CustomerField], wanted: Requirement) -> dict[str, Any]:
    """Return what to give: what is required, what somebody asked for or refused, what may be given, codes to verify."""
    fields = {name: _described(named(name)) for name in wanted.required if name not in held}
    for name, field in held.items():
        if field.standing == UNVERIFIED:
            fields[f"{name}_verification"] = {"type": "string", "description": f"The code sent to verify {name}"}
        elif field.standing != GIVEN:
            fields[name] = {**_described(named(name)), "description": _why(field) or named(name).description}
    for name in wanted.optional:
        if name not in held:
            fields[name] = {**_described(named(name)), "optional": True}
    return fields


def _provided(field: CustomerField, state: str) -> dict[str, Any]:
    shown = "PROCESSING" if state == "processing" else _SHOWN[field.standing]
    why = {"error": _why(field)} if field.standing == REJECTED else {}
    return {**_described(named(field.name)), "status": shown, **why}


def _described(field: Field) -> dict[str, Any]:
    choices = {"choices": list(field.choices)} if field.choices else {}
    return {"type": field.type, "description": field.description, **choices}


def _why(field: CustomerField) -> str:
    if field.error is None:
        return ""
    return seals().open(field.error, error_of(field.customer_id, field.name)).decode()
