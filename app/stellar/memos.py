"""Memos: the one word a Stellar transaction can carry.

Written as Horizon and the SEPs write them: type ``none``, ``text``, ``id``, ``hash`` or ``return``; the value as text,
that of a hash in base64.
"""

import base64
import binascii

from stellar_sdk import HashMemo, IdMemo, Memo, NoneMemo, ReturnHashMemo, TextMemo

from app.errors import Invalid

NONE = "none"
TEXT_BYTES_MAX = 28
ID_MAX = 2**64 - 1


def memo(kind: str, value: str) -> Memo:
    """Return the memo, or raise Invalid, saying what is wrong with it."""
    if kind not in BUILD:
        raise Invalid(f"{kind!r} is not a type of memo", code="invalid_memo")
    return BUILD[kind](value)


def _none(value: str) -> Memo:
    if value:
        raise Invalid("a memo without a type", code="invalid_memo")
    return NoneMemo()


def _text(value: str) -> Memo:
    if not value or len(value.encode()) > TEXT_BYTES_MAX:
        raise Invalid(f"a text memo has 1 to {TEXT_BYTES_MAX} bytes", code="invalid_memo")
    return TextMemo(value)


def _id(value: str) -> Memo:
    if not (value.isascii() and value.isdigit() and len(value) <= 20 and int(value) <= ID_MAX):
        raise Invalid(f"{value[:30]!r} is not an id memo, a whole number below 2⁶⁴", code="invalid_memo")
    return IdMemo(int(value))


def _hash(value: str) -> bytes:
    try:
        found = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != 32:
        raise Invalid("a hash memo is 32 bytes in base64", code="invalid_memo")
    return found


BUILD = {
    NONE: _none,
    "text": _text,
    "id": _id,
    "hash": lambda value: HashMemo(_hash(value)),
    "return": lambda value: ReturnHashMemo(_hash(value)),
}
