"""Orders that would fail are found before they take ninety-nine others with them. Pure.

A node may be behind: who has no trustline there may have got one just now. So a first finding only puts the order
off, past the next ledger; the same finding a second time fails it, or sends it another way if its owner wants that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.money import NATIVE
from app.stellar.addresses import account_of
from app.stellar.memos import NONE
from app.stellar.operations import SET_ASIDE
from app.stellar.receivers import Receiver, Receivers
from app.submission.decisions import another_way
from app.submission.facts import Fate, Item
from app.submission.verdicts import OPERATIONS

SEEN = ("payment", "create_account")  # kinds of orders whose destination can be seen to be unfit
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
        if candidate.item.kind not in SEEN:
            continue
        account = account_of(candidate.item.destination)
        if account in found or len(found) < most:
            found.setdefault(account, set()).add(candidate.item.asset)
    return found


def judge(candidates: Iterable[Candidate], receivers: Receivers) -> dict[str, Fate]:
    """Return what should become of those candidates that cannot go as they are.

    ``doubt``: look again after a ledger; ``fail``: doubted before, for the same reason; ``adjust``: go another way.
    """
    given: dict[tuple[str, str], int] = {}
    found: dict[str, Fate] = {}
    for candidate in candidates:
        item, account = candidate.item, account_of(candidate.item.destination) if candidate.item.kind in SEEN else ""
        if account not in receivers:
            continue
        receiver = receivers[account]
        operation = _operation(item, receiver)
        code = _fault(candidate, operation, receiver, given.get((account, item.asset), 0))
        fate = _unfit(item, code) if code else _fit(item, operation)
        if fate:
            found[item.id] = fate
        if not code:
            given[account, item.asset] = given.get((account, item.asset), 0) + item.amount
    return found


def _unfit(item: Item, code: str) -> Fate | None:
    """What becomes of an order whose destination cannot be paid: nothing, if it goes another way already."""
    words = OPERATIONS[code].words if code in OPERATIONS else NEEDS_MEMO
    instead = another_way(item, code)
    if instead and instead == item.operation:
        return None
    if item.reason != words:
        return Fate("doubt", code, words)
    return Fate("adjust", operation=instead) if instead else Fate("fail", code, words)


def _fit(item: Item, operation: str) -> Fate | None:
    """What becomes of an order whose destination can be paid, as far as can be seen.

    What keeps an account from receiving XLM it has room for (offers to buy XLM) is not seen here: what the ledger
    said of that holds.
    """
    unseen = item.asset == NATIVE and item.operation == SET_ASIDE and item.reason == OPERATIONS["op_line_full"].words
    return None if operation == item.operation or unseen else Fate("adjust", operation=operation)


def _operation(item: Item, receiver: Receiver | None) -> str:
    """Return the operation that pays a destination which is as it should be."""
    return "create_account" if item.kind == "create_account" and receiver is None else "payment"


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
