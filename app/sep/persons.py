"""Which person a SEP-12 request is about, and what it says of them.

Who somebody is, is what their token says: an account, with its memo where it has one. A token without a memo may speak
for every memo of its account: so a SEP-31 sending anchor registers its users.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from marshmallow import EXCLUDE, Schema
from marshmallow.fields import String
from stellar_sdk import MuxedAccount

from app.customers import fields
from app.customers.identities import Identity, checked_memo
from app.errors import Forbidden, Invalid
from app.sep.auth import Caller

FILE_ID, VERIFICATION = "_file_id", "_verification"


class Asked(Schema):
    """Which customer is meant, and as what. Whatever else a request says are SEP-9 fields."""

    class Meta:
        unknown = EXCLUDE

    id = String(load_default="")
    account = String(load_default="")
    memo = String(load_default="")
    memo_type = String(load_default="")
    type = String(load_default="")
    transaction_id = String(load_default="")
    lang = String(load_default="en")


def caller_identity(caller: Caller) -> Identity:
    """Return by what name we know the caller: M… is its G… with its id as memo."""
    memo = str(MuxedAccount.from_account(caller.muxed).account_muxed_id) if caller.muxed else caller.memo
    return Identity(caller.organization_id, caller.account, memo, "id" if memo else "")


def named(caller: Caller, asked: Mapping[str, str]) -> Identity:
    """Return whom account and memo name, the caller if they are absent; raise Forbidden if it is somebody else."""
    mine = caller_identity(caller)
    if asked["account"] not in ("", caller.account, caller.muxed):
        raise Forbidden("account is not the one you signed in with", code="not_yours")
    memo, kind = checked_memo(asked["memo"], asked["memo_type"])
    if not memo:
        return mine
    if mine.memo and (memo, kind) != (mine.memo, mine.memo_type):
        raise Forbidden("memo is not the one you signed in with", code="not_yours")
    return replace(mine, memo=memo, memo_type=kind)


def texts(received: Mapping[str, Any]) -> dict[str, str]:
    """Return what was sent as texts, numbers too, without what is null; raise Invalid for anything else."""
    return {name: _text(name, value) for name, value in received.items() if value is not None}


def _text(name: str, value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise Invalid(f"{name} must be a text")
    return text


def values(sent: Mapping[str, str]) -> dict[str, str]:
    """Return SEP-9 field → its text, or the id of its file."""
    given = {name: value for name, value in sent.items() if name not in Asked().fields}
    return {_field(name): value for name, value in given.items() if not name.endswith(VERIFICATION)}


def _field(name: str) -> str:
    field = name.removesuffix(FILE_ID)
    if field != name and not fields.named(field).binary:
        raise Invalid(f"{field} is not a file")
    return field


def codes(sent: Mapping[str, str]) -> dict[str, str]:
    """Return SEP-9 field → the code that verifies it."""
    return {name.removesuffix(VERIFICATION): code for name, code in sent.items() if name.endswith(VERIFICATION)}
