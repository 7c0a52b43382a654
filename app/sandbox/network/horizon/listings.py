"""Where the collections of history are: of everything, of an account, of a ledger, of a transaction."""

from collections.abc import Callable
from typing import Any, NamedTuple

from stellar_sdk import StrKey
from stellar_sdk import xdr as X

from ..http import Request
from .history import Feed, Feeds, LedgerRecord, OperationRecord, TransactionRecord
from .node import Node
from .pages import Listing
from .problems import Problem, invalid
from .show.ledgers import show_ledger
from .show.operations import show_operation
from .show.transactions import show_transaction

_Type = X.OperationType

PAYMENTS = frozenset(
    {
        _Type.CREATE_ACCOUNT,
        _Type.PAYMENT,
        _Type.PATH_PAYMENT_STRICT_RECEIVE,
        _Type.PATH_PAYMENT_STRICT_SEND,
        _Type.ACCOUNT_MERGE,
        _Type.INVOKE_HOST_FUNCTION,
    }
)


class Kind(NamedTuple):
    """One kind of record: where a node keeps them, which belong to a transaction, who is kept and how shown."""

    feeds: Callable[[Node], Feeds[Any]]
    of: Callable[[TransactionRecord], list[Any]]
    keep: Callable[[Any, Request], bool]
    show: Callable[[Any, Request], dict[str, Any]]


def _asked_for_failed(request: Request) -> bool:
    return request.query.get("include_failed") == "true"


def _keep_succeeded(record: Any, request: Request) -> bool:
    return record.succeeded or _asked_for_failed(request)


def _keep_payment(record: OperationRecord, request: Request) -> bool:
    return record.type in PAYMENTS and _keep_succeeded(record, request)


def _show_operation(record: OperationRecord, request: Request) -> dict[str, Any]:
    return show_operation(record, request.base, joined=request.query.get("join") == "transactions")


def _show_transaction(record: TransactionRecord, request: Request) -> dict[str, Any]:
    return show_transaction(record, request.base)


KINDS: dict[str, Kind] = {
    "transactions": Kind(lambda node: node.transactions, lambda record: [record], _keep_succeeded, _show_transaction),
    "operations": Kind(
        lambda node: node.operations, lambda record: record.operations, _keep_succeeded, _show_operation
    ),
    "payments": Kind(lambda node: node.operations, lambda record: record.operations, _keep_payment, _show_operation),
}


def token(record: Any) -> str:
    return str(record.place)


def _listing(request: Request, kind: Kind, feed: Callable[[], Feed[Any]]) -> Listing:
    if request.query.get("join") not in (None, "", "transactions"):
        raise invalid("join", "Accepted values: transactions")
    return Listing(
        feed,
        show=lambda record: kind.show(record, request),
        keep=lambda record: kind.keep(record, request),
        token=token,
    )


def everything(node: Node, request: Request, name: str) -> Listing:
    kind = KINDS[name]
    return _listing(request, kind, lambda: kind.feeds(node).all)


def of_account(node: Node, request: Request, name: str, id: str) -> Listing:
    kind, account = KINDS[name], account_key(id)
    if node.transactions.of(account) is None and node.view.account(account) is None:
        raise Problem("not_found")
    return _listing(request, kind, lambda: kind.feeds(node).of(account) or Feed())


def of_ledger(node: Node, request: Request, name: str, sequence: str) -> Listing:
    kind, ledger = KINDS[name], find_ledger(node, sequence)
    records = [record for transaction in ledger.transactions for record in kind.of(transaction)]
    return _listing(request, kind, lambda: Feed(records))


def of_transaction(node: Node, request: Request, name: str, hash: str) -> Listing:
    """Whoever asks for one transaction knows whether it failed: all its records are shown."""
    kind, transaction = KINDS[name], find_transaction(node, hash)
    asked = Request(request.method, request.path, request.query | {"include_failed": "true"}, request.headers)
    listing = _listing(asked, kind, lambda: Feed(kind.of(transaction)))
    return listing


def ledgers(node: Node, request: Request) -> Listing:
    def show(record: LedgerRecord) -> dict[str, Any]:
        return show_ledger(node.rules, record, request.base)

    return Listing(lambda: node.ledgers, show, token=token)


def account_key(text: str) -> bytes:
    """Read an address; a muxed one stands for its account."""
    try:
        if text.startswith("M"):
            return StrKey.decode_med25519_public_key(text)[:32]
        return StrKey.decode_ed25519_public_key(text)
    except ValueError:
        raise invalid("account_id", "Account ID must start with `G` and contain 56 alphanum characters") from None


def find_ledger(node: Node, sequence: str) -> LedgerRecord:
    if not sequence.isdigit():
        raise invalid("ledger_id", "Ledger ID must be an integer higher than 0")
    if int(sequence) < node.elder:
        raise Problem("before_history")
    ledger = node.ledger(int(sequence))
    if ledger is None:
        raise Problem("not_found")
    return ledger


def find_transaction(node: Node, hash: str) -> TransactionRecord:
    if len(hash) != 64 or set(hash) - set("0123456789abcdef"):
        raise invalid("tx_id", "Transaction hash must be a hex-encoded, lowercase SHA-256 hash")
    transaction = node.transaction(hash)
    if transaction is None:
        raise Problem("not_found")
    return transaction


def find_operation(node: Node, id: str) -> OperationRecord:
    if not id.isdigit():
        raise invalid("id", "must be a positive integer")
    place = int(id)
    ledger = node.ledger(place >> 32)
    order, index = place >> 12 & 0xFFFFF, place & 0xFFF
    if ledger and 0 < order <= len(ledger.transactions):
        operations = ledger.transactions[order - 1].operations
        if 0 < index <= len(operations):
            return operations[index - 1]
    raise Problem("not_found")
