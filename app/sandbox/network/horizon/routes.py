"""Which address is answered by what."""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any

from app.sandbox.network.horizon import listings, orders, state
from app.sandbox.network.horizon.asking import account_key
from app.sandbox.network.horizon.finding import find_account, find_ledger, find_operation, find_transaction
from app.sandbox.network.horizon.node import Node
from app.sandbox.network.horizon.pages import HAL, Listing
from app.sandbox.network.horizon.problems import Problem
from app.sandbox.network.horizon.show.accounts import show_account
from app.sandbox.network.horizon.show.fees import show_fee_stats
from app.sandbox.network.horizon.show.ledgers import show_ledger
from app.sandbox.network.horizon.show.operations import show_operation
from app.sandbox.network.horizon.show.root import show_root
from app.sandbox.network.horizon.show.transactions import show_transaction
from app.sandbox.network.http import Request, Response, json_response

Answer = Response | Listing
Route = tuple[re.Pattern[str], Callable[..., Answer | Awaitable[Answer]]]


def _hal(content: dict[str, Any]) -> Response:
    return json_response(content, content_type=HAL)


def root(node: Node, request: Request) -> Response:
    return _hal(show_root(node, request.base))


def health(node: Node, request: Request) -> Response:
    return json_response({"database_connected": True, "core_up": True, "core_synced": True})


def fee_stats(node: Node, request: Request) -> Response:
    return _hal(show_fee_stats(node))


def account(node: Node, request: Request, id: str) -> Response:
    return _hal(show_account(node.view, find_account(node, id), request.base))


def account_data(node: Node, request: Request, id: str, name: str) -> Response:
    find_account(node, id)
    found = node.view.get(("data", account_key(id), name.encode()))
    if found is None:
        raise Problem("not_found")
    return _hal({"value": b64encode(found.entry.value).decode()})  # type: ignore[union-attr]


def transaction(node: Node, request: Request, hash: str) -> Response:
    return _hal(show_transaction(find_transaction(node, hash), request.base, hash))


def operation(node: Node, request: Request, id: str) -> Response:
    joined = request.query.get("join") == "transactions"
    return _hal(show_operation(find_operation(node, id), request.base, joined=joined))


def ledger(node: Node, request: Request, sequence: str) -> Response:
    return _hal(show_ledger(node.rules, find_ledger(node, sequence), request.base))


_KIND = f"(?P<name>{'|'.join(listings.KINDS)})"
_ID = "(?P<id>[^/]+)"

_TABLE: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("/", root),
    ("/health", health),
    ("/fee_stats", fee_stats),
    ("/ledgers", listings.ledgers),
    (r"/ledgers/(?P<sequence>[^/]+)", ledger),
    (rf"/ledgers/(?P<sequence>[^/]+)/{_KIND}", listings.of_ledger),
    (rf"/accounts/{_ID}", account),
    (rf"/accounts/{_ID}/data/(?P<name>[^/]+)", account_data),
    (rf"/accounts/{_ID}/{_KIND}", listings.of_account),
    (r"/transactions/(?P<hash>[^/]+)", transaction),
    (rf"/transactions/(?P<hash>[^/]+)/{_KIND}", listings.of_transaction),
    (rf"/operations/{_ID}", operation),
    (rf"/operations/{_ID}/effects", listings.of_operation),
    (f"/{_KIND}", listings.everything),
    ("/accounts", state.accounts),
    (rf"/accounts/{_ID}/offers", orders.offers),
    ("/offers", orders.offers),
    (rf"/offers/{_ID}", orders.offer),
    (rf"/offers/{_ID}/trades", listings.of_offer),
    ("/claimable_balances", state.claimable_balances),
    (rf"/claimable_balances/{_ID}", state.claimable_balance),
    (rf"/claimable_balances/{_ID}/(?P<name>transactions|operations)", listings.of_balance),
    ("/assets", state.assets),
    ("/order_book", orders.order_book),
    ("/paths/strict-receive", orders.paths_receive),
    ("/paths/strict-send", orders.paths_send),
)

ROUTES: tuple[Route, ...] = tuple((re.compile(path), view) for path, view in _TABLE)
