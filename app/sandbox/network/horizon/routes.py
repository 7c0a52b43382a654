"""Which address is answered by what."""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any

from app.sandbox.network.engine.entries import Account
from app.sandbox.network.horizon import listings, state
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
    return _hal(show_account(node.view, _find_account(node, id), request.base))


def _find_account(node: Node, id: str) -> Any:
    shown = node.view.get(("account", listings.account_key(id)))
    if shown is None or not isinstance(shown.entry, Account):
        raise Problem("not_found")
    return shown


def account_data(node: Node, request: Request, id: str, name: str) -> Response:
    _find_account(node, id)
    found = node.view.get(("data", listings.account_key(id), name.encode()))
    if found is None:
        raise Problem("not_found")
    return _hal({"value": b64encode(found.entry.value).decode()})  # type: ignore[union-attr]


def transaction(node: Node, request: Request, hash: str) -> Response:
    return _hal(show_transaction(listings.find_transaction(node, hash), request.base, hash))


def operation(node: Node, request: Request, id: str) -> Response:
    joined = request.query.get("join") == "transactions"
    return _hal(show_operation(listings.find_operation(node, id), request.base, joined=joined))


def ledger(node: Node, request: Request, sequence: str) -> Response:
    return _hal(show_ledger(node.rules, listings.find_ledger(node, sequence), request.base))


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
    (rf"/accounts/{_ID}/offers", state.offers),
    ("/offers", state.offers),
    (rf"/offers/{_ID}", state.offer),
    (rf"/offers/{_ID}/trades", listings.of_offer),
    ("/claimable_balances", state.claimable_balances),
    (rf"/claimable_balances/{_ID}", state.claimable_balance),
    (rf"/claimable_balances/{_ID}/(?P<name>transactions|operations)", listings.of_balance),
    ("/assets", state.assets),
    ("/order_book", state.order_book),
    ("/paths/strict-receive", state.paths_receive),
    ("/paths/strict-send", state.paths_send),
)

ROUTES: tuple[Route, ...] = tuple((re.compile(path), view) for path, view in _TABLE)
