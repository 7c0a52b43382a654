"""Where the collections of history are: of everything, of an account, of a ledger, of a transaction."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from stellar_sdk import xdr as X

from app.sandbox.network.horizon.asking import account_key, balance_key, split_asset
from app.sandbox.network.horizon.effects.all import effects
from app.sandbox.network.horizon.finding import find_ledger, find_operation, find_transaction
from app.sandbox.network.horizon.history import Feed, Feeds, LedgerRecord, OperationRecord, TransactionRecord
from app.sandbox.network.horizon.node import Node
from app.sandbox.network.horizon.pages import Listing
from app.sandbox.network.horizon.problems import Problem, invalid
from app.sandbox.network.horizon.show.effects import effect_token, show_effect
from app.sandbox.network.horizon.show.ledgers import show_ledger
from app.sandbox.network.horizon.show.operations import show_operation
from app.sandbox.network.horizon.show.trades import show_trade, trade_token
from app.sandbox.network.horizon.show.transactions import show_transaction
from app.sandbox.network.horizon.trades import TradeRecord, trades
from app.sandbox.network.http import Request

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


def token(record: Any) -> str:
    return str(record.place)


class Kind(NamedTuple):
    """One kind of record: where a node keeps them, which belong to a transaction, who is kept and how shown."""

    feeds: Callable[[Node], Feeds[Any]]
    of: Callable[[TransactionRecord], list[Any]]
    keep: Callable[[Any, Request], bool]
    show: Callable[[Any, Request], dict[str, Any]]
    token: Callable[[Any], str] = token
    place: Callable[[str], Any] = int


def _asked_for_failed(request: Request) -> bool:
    return request.query.get("include_failed") == "true"


def _keep_succeeded(record: Any, request: Request) -> bool:
    return record.succeeded or _asked_for_failed(request)


def _keep_payment(record: OperationRecord, request: Request) -> bool:
    return record.type in PAYMENTS and _keep_succeeded(record, request)


def _keep_trade(record: TradeRecord, request: Request) -> bool:
    """By pair of assets, whichever way round, and by offer."""
    query = request.query
    if query.get("offer_id"):
        return query["offer_id"] in (str(record.offer), str(record.buyer_offer))
    if not query.get("base_asset_type"):
        return True
    return {record.sold, record.bought} == {split_asset(request, "base_"), split_asset(request, "counter_")}


def _show_operation(record: OperationRecord, request: Request) -> dict[str, Any]:
    return show_operation(record, request.base, joined=request.query.get("join") == "transactions")


def _show_transaction(record: TransactionRecord, request: Request) -> dict[str, Any]:
    return show_transaction(record, request.base)


def _places(cursor: str) -> tuple[int, int]:
    """Read a cursor of effects and trades: an operation's place, and a number within it."""
    place, _, order = cursor.partition("-")
    return int(place), int(order or 0)


KINDS: dict[str, Kind] = {
    "transactions": Kind(lambda node: node.transactions, lambda record: [record], _keep_succeeded, _show_transaction),
    "operations": Kind(
        lambda node: node.operations, lambda record: record.operations, _keep_succeeded, _show_operation
    ),
    "payments": Kind(lambda node: node.operations, lambda record: record.operations, _keep_payment, _show_operation),
    "effects": Kind(
        lambda node: node.effects,
        lambda record: [effect for operation in record.operations for effect in effects(operation)],
        _keep_succeeded,
        lambda record, request: show_effect(record, request.base),
        effect_token,
        _places,
    ),
    "trades": Kind(
        lambda node: node.trades,
        lambda record: [trade for operation in record.operations for trade in trades(operation)],
        _keep_trade,
        lambda record, request: show_trade(record, request.base),
        trade_token,
        _places,
    ),
}


def _listing(request: Request, kind: Kind, feed: Callable[[], Feed[Any]]) -> Listing:
    if request.query.get("join") not in (None, "", "transactions"):
        raise invalid("join", "Accepted values: transactions")
    return Listing(
        feed,
        show=lambda record: kind.show(record, request),
        keep=lambda record: kind.keep(record, request),
        token=kind.token,
        place=kind.place,
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
    return _listing(asked, kind, lambda: Feed(kind.of(transaction)))


def of_operation(node: Node, request: Request, id: str) -> Listing:
    operation = find_operation(node, id)
    return _listing(request, KINDS["effects"], lambda: Feed(effects(operation)))


def of_offer(node: Node, request: Request, id: str) -> Listing:
    def keep(record: TradeRecord) -> bool:
        return id in (str(record.offer), str(record.buyer_offer))

    return replace(everything(node, request, "trades"), keep=keep)


def of_balance(node: Node, request: Request, name: str, id: str) -> Listing:
    """The operations or transactions that made a claimable balance, or did away with it."""
    key = ("balance", balance_key(id))

    def keep(record: Any) -> bool:
        if isinstance(record, OperationRecord):
            return record.succeeded and key in record.transaction.applied.operations[record.index]
        return any(key in changes for changes in record.applied.operations)

    return replace(everything(node, request, name), keep=keep)


def ledgers(node: Node, request: Request) -> Listing:
    def show(record: LedgerRecord) -> dict[str, Any]:
        return show_ledger(node.rules, record, request.base)

    return Listing(lambda: node.ledgers, show, token=token)
