"""Orders that would fail are found before they take ninety-nine others with them. Pure.

A node may be behind: who has no trustline there may have got one just now. So a first finding only puts the order
off, past the next ledger; the same finding a second time fails it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.money import NATIVE
from app.stellar.addresses import account_of
from app.stellar.memos import NONE
from app.stellar.receivers import Receiver, Receivers
from app.submission.facts import Fate, Item
from app.submission.verdicts import OPERATIONS

NEEDS_MEMO = "the receiving account asks for a memo with every payment (SEP-29), and the order has none"


@dataclass(frozen=True)
class Candidate:
    """An order that could be packed next."""

    item: Item
    memo_type: str


def wanted(candidates: Iterable[Candidate], most: int) -> Mapping[str, set[str]]:
    """Return up to ``most`` accounts to look at, each with the assets it is to receive."""
    found: dict[str, set[str]] = {}
    for candidate in candidates:
        account = account_of(candidate.item.destination)
        if account in found or len(found) < most:
            found.setdefault(account, set()).add(candidate.item.asset)
    return found


def judge(candidates: Iterable[Candidate], receivers: Receivers) -> dict[str, Fate]:
    """Return what should become of those candidates that cannot go as they are.

    ``doubt``: look again after a ledger; ``fail``: doubted before, for the same reason; ``adjust``: turn it round.
    """
    given: dict[tuple[str, str], int] = {}
    found: dict[str, Fate] = {}
    for candidate in candidates:
        item, account = candidate.item, account_of(candidate.item.destination)
        if account not in receivers or item.kind == "account_merge":
            continue
        receiver = receivers[account]
        operation = _operation(item, receiver)
        code = _fault(candidate, operation, receiver, given.get((account, item.asset), 0))
        if code:
            words = OPERATIONS[code].words if code in OPERATIONS else NEEDS_MEMO
            found[item.id] = Fate("fail" if item.reason == words else "doubt", code, words)
            continue
        given[account, item.asset] = given.get((account, item.asset), 0) + item.amount
        if operation != item.operation:
            found[item.id] = Fate("adjust", operation=operation)
    return found


def _operation(item: Item, receiver: Receiver | None) -> str:
    if item.kind != "create_account":
        return item.operation
    return "create_account" if receiver is None else "payment"


def _fault(candidate: Candidate, operation: str, receiver: Receiver | None, given: int) -> str:
    """Return the code with which the network would refuse the payment, as far as can be seen; empty if it would not."""
    item = candidate.item
    if receiver is None:
        return "" if operation == "create_account" else "op_no_destination"
    if receiver.memo_required and candidate.memo_type == NONE and item.destination.startswith("G"):
        return "memo_required"
    if item.asset == NATIVE or item.asset.endswith(f":{account_of(item.destination)}"):
        return ""
    line = receiver.lines.get(item.asset)
    if line is None or line.limit is None:
        return "op_no_trust"
    if not line.is_authorized:
        return "op_not_authorized"
    return "op_line_full" if item.amount + given > line.limit - line.amount - line.buying_liabilities else ""
