"""By what name a customer is known: an account, and a memo where wallets share the account among their users."""

import base64
import binascii
from dataclasses import dataclass
from typing import Protocol

from app.errors import Invalid


class Owned(Protocol):
    organization_id: str
    account: str
    memo: str
    memo_type: str


@dataclass(frozen=True)
class Identity:
    """``account`` is a G… or C… address; an M… address is its G… with its id as memo.

    ``scope`` sets apart whom the account only speaks for, as the receiver of one transaction.
    """

    organization_id: str
    account: str
    memo: str = ""
    memo_type: str = ""
    scope: str = ""

    def owns(self, row: Owned) -> bool:
        """Say whether ``row`` is this somebody's own. Whoever signs in without a memo owns every memo's rows."""
        same = (row.organization_id, row.account) == (self.organization_id, self.account)
        return same and (not self.memo or (row.memo, row.memo_type) == (self.memo, self.memo_type))


def checked_memo(memo: str, memo_type: str) -> tuple[str, str]:
    """Return memo and type in one way of writing them; raise Invalid for what Stellar would not take.

    A hash is base64 as in Horizon; hexadecimal, which some wallets send, is the same memo.
    """
    if not memo:
        return "", ""
    kind = memo_type or "id"
    if kind not in ("id", "text", "hash"):
        raise Invalid("memo_type is one of id, text, hash", code="invalid_memo")
    return {"id": _id, "text": _text, "hash": _hash}[kind](memo), kind


def _id(memo: str) -> str:
    if not (memo.isascii() and memo.isdigit() and int(memo) < 2**64):
        raise Invalid("an id memo is a number of 64 bits", code="invalid_memo")
    return str(int(memo))


def _text(memo: str) -> str:
    if len(memo.encode()) > 28 or not memo.isprintable():
        raise Invalid("a text memo has at most 28 bytes", code="invalid_memo")
    return memo


def _hash(memo: str) -> str:
    try:
        raw = bytes.fromhex(memo) if len(memo) == 64 else base64.b64decode(memo, validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != 32:
        raise Invalid("a hash memo is 32 bytes in base64", code="invalid_memo")
    return base64.b64encode(raw).decode()
