"""By what name a customer is known: an account, and a memo where wallets share the account among their users."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from app.errors import Invalid
from app.stellar import memos


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
    if kind not in WRITTEN:
        raise Invalid(f"memo_type is one of {', '.join(WRITTEN)}", code="invalid_memo")
    return WRITTEN[kind](memos.memo(kind, _in_base64(memo) if kind == "hash" else memo)), kind


WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "id": lambda memo: str(memo.memo_id),
    "text": lambda memo: str(memo.memo_text, "utf-8"),
    "hash": lambda memo: base64.b64encode(memo.memo_hash).decode(),
}


def _in_base64(hash: str) -> str:
    try:
        return base64.b64encode(bytes.fromhex(hash)).decode() if len(hash) == 64 else hash
    except ValueError:
        return hash
