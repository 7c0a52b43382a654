"""Collections and questions about the state of the ledger."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from app.sandbox.network.engine.entries import NATIVE, Account, Asset, ClaimableBalance, Offer, Price
from app.sandbox.network.horizon.assets import figures
from app.sandbox.network.horizon.history import Feed
from app.sandbox.network.horizon.listings import account_key, balance_key, split_asset
from app.sandbox.network.horizon.names import address, balance_id, parse_asset, signer
from app.sandbox.network.horizon.node import Node
from app.sandbox.network.horizon.pages import HAL, Listing, limit_of
from app.sandbox.network.horizon.pathfinding import strict_receive, strict_send
from app.sandbox.network.horizon.problems import Problem, invalid
from app.sandbox.network.horizon.show.accounts import show_account
from app.sandbox.network.horizon.show.state import (
    asset_token,
    balance_token,
    named,
    show_asset,
    show_balance,
    show_level,
    show_offer,
    show_path,
)
from app.sandbox.network.horizon.view import Shown
from app.sandbox.network.http import Request, Response, json_response

ASSETS_MAX = 15  # that paths may start from, or lead to
LEVELS_USUAL = 20


class Row(NamedTuple):
    """A record of the state with its place in its collection."""

    place: Any
    content: Any


def _listing(
    rows: Callable[[], Iterable[Row]], show: Callable[[Any], dict[str, Any]], token: Callable[[Any], str], **more: Any
) -> Listing:
    return Listing(
        lambda: Feed(sorted(rows(), key=lambda row: row.place)),
        show=lambda row: show(row.content),
        token=lambda row: token(row.content),
        history=False,
        **more,
    )


def _asset_field(request: Request, name: str) -> Asset | None:
    text = request.query.get(name, "")
    try:
        return parse_asset(text) if text else None
    except ValueError:
        raise invalid(name, 'Asset must be the string "native" or CODE:ISSUER') from None


def _account_field(request: Request, name: str) -> bytes:
    text = request.query.get(name, "")
    return account_key(text) if text else b""


def accounts(node: Node, request: Request) -> Listing:
    """Accounts by one of: signer, sponsor, trusted asset."""
    asset, sponsor, key = (
        _asset_field(request, "asset"),
        _account_field(request, "sponsor"),
        request.query.get("signer", ""),
    )
    if [asset is not None, bool(sponsor), bool(key)].count(True) != 1:
        raise Problem("invalid_accounts_params")
    if asset == NATIVE:
        raise invalid("asset", "you can't filter by asset: native")

    def matches(account: Account) -> bool:
        if asset is not None:
            return node.view.line(account.id, asset) is not None
        if sponsor:
            return account.sponsor == sponsor
        return key == address(account.id) or any(signer(one.key)[1] == key for one in account.signers)

    def rows() -> Iterable[Row]:
        for one in node.view.of_kind("account"):
            if isinstance(one.entry, Account) and matches(one.entry):
                yield Row(address(one.entry.id), one)

    return _listing(
        rows,
        lambda shown: show_account(node.view, shown, request.base),
        lambda shown: address(shown.entry.id),
        place=str,
    )


def offers(node: Node, request: Request, id: str = "") -> Listing:
    """Offers, all or by seller, sponsor, and what is sold and bought."""
    seller = account_key(id) if id else _account_field(request, "seller")
    sponsor = _account_field(request, "sponsor")
    selling, buying = _asset_pair(request)

    def matches(offer: Offer) -> bool:
        asked = ((sponsor, offer.sponsor), (selling, offer.selling), (buying, offer.buying))
        return all(wanted in (None, b"", held) for wanted, held in asked)

    def rows() -> Iterable[Row]:
        shown = node.view.offers(seller) if seller else node.view.of_kind("offer")
        return (Row(one.entry.id, one) for one in shown if isinstance(one.entry, Offer) and matches(one.entry))

    return _listing(rows, lambda shown: show_offer(shown, request.base), lambda shown: str(shown.entry.id))


def _asset_pair(request: Request) -> tuple[Asset | None, Asset | None]:
    """Read selling and buying, each as CODE:ISSUER or in the three fields of old."""
    sides = []
    for side in ("selling", "buying"):
        old = f"{side}_asset_type" in request.query
        sides.append(split_asset(request, f"{side}_") if old else _asset_field(request, side))
    return sides[0], sides[1]


def offer(node: Node, request: Request, id: str) -> Response:
    shown = node.view.offer_by_id(int(id)) if id.isdigit() else None
    if shown is None:
        raise Problem("not_found")
    return json_response(show_offer(shown, request.base), content_type=HAL)


def claimable_balances(node: Node, request: Request) -> Listing:
    asset = _asset_field(request, "asset")
    sponsor, claimant = _account_field(request, "sponsor"), _account_field(request, "claimant")

    def matches(balance: ClaimableBalance) -> bool:
        claimants = [one.destination for one in balance.claimants]
        named_here = asset in (None, balance.asset) and sponsor in (b"", balance.sponsor)
        return named_here and (not claimant or claimant in claimants)

    def rows() -> Iterable[Row]:
        for one in node.view.of_kind("balance"):
            if isinstance(one.entry, ClaimableBalance) and matches(one.entry):
                yield Row((one.ledger, balance_id(one.entry.id)), one)

    def place(text: str) -> tuple[int, str]:
        ledger, _, id = text.partition("-")
        return int(ledger), id

    return _listing(rows, lambda shown: show_balance(shown, request.base), balance_token, place=place)


def claimable_balance(node: Node, request: Request, id: str) -> Response:
    return json_response(show_balance(find_balance(node, id), request.base), content_type=HAL)


def find_balance(node: Node, id: str) -> Shown:
    shown = node.view.get(("balance", balance_key(id)))
    if shown is None:
        raise Problem("not_found")
    return shown


def assets(node: Node, request: Request) -> Listing:
    code, issuer = request.query.get("asset_code", ""), _account_field(request, "asset_issuer")

    def rows() -> Iterable[Row]:
        found = figures(node.view, code, issuer)
        return (Row((one.asset.code.decode(), address(one.asset.issuer)), one) for one in found)

    def place(text: str) -> tuple[str, str]:
        named_code, named_issuer, _ = (text + "__").split("_", 2)
        return named_code, named_issuer

    return _listing(rows, show_asset, lambda one: asset_token(one.asset), place=place)


def order_book(node: Node, request: Request) -> Response:
    try:
        selling, buying = split_asset(request, "selling_"), split_asset(request, "buying_")
        limit = limit_of(request, LEVELS_USUAL)
    except Problem:
        raise Problem("invalid_order_book") from None
    asks, bids = _levels(node, selling, buying), _levels(node, buying, selling)
    content = {
        "bids": [show_level(Price(level.d, level.n), held) for level, held in bids[:limit]],
        "asks": [show_level(level, held) for level, held in asks[:limit]],
        "base": named(selling),
        "counter": named(buying),
    }
    return json_response(content, content_type=HAL)


def _levels(node: Node, selling: Asset, buying: Asset) -> list[tuple[Price, int]]:
    """Return price and sum of what is offered at it, best first."""
    levels: dict[int, tuple[Price, int]] = {}
    for seller, id in node.view.books.offers(selling, buying):
        resting = node.view.offer(seller, id)
        level, held = levels.get(resting.price.rank, (resting.price, 0))
        levels[resting.price.rank] = (level, held + resting.amount)
    return list(levels.values())


def paths_receive(node: Node, request: Request) -> Response:
    sources, account = _ends(node, request, "source")
    destination, wanted = split_asset(request, "destination_"), _amount(request, "destination_amount")
    return _show_paths(strict_receive(node.view, destination, wanted, sources, account))


def paths_send(node: Node, request: Request) -> Response:
    destinations, _ = _ends(node, request, "destination")
    source, sent = split_asset(request, "source_"), _amount(request, "source_amount")
    return _show_paths(strict_send(node.view, source, sent, destinations))


def _show_paths(found: list[Any]) -> Response:
    return json_response({"_embedded": {"records": [show_path(path) for path in found]}}, content_type=HAL)


def _ends(node: Node, request: Request, side: str) -> tuple[dict[Asset, int], bytes]:
    """Return the assets paths may start from or lead to, with what is held of each, and the account that holds them."""
    listed, account = request.query.get(f"{side}_assets", ""), _account_field(request, f"{side}_account")
    if bool(listed) == bool(account):
        raise Problem("bad_request", f"The request requires either a list of {side} assets or a {side} account.")
    try:
        ends = {parse_asset(text): _UNBOUNDED for text in listed.split(",")} if listed else _held(node, account)
    except ValueError:
        raise invalid(f"{side}_assets", "not a list of assets") from None
    if len(ends) > ASSETS_MAX:
        raise invalid(f"{side}_assets", f"list of assets exceeds maximum length of {ASSETS_MAX}")
    return ends, account


_UNBOUNDED = 2**63 - 1


def _held(node: Node, id: bytes) -> dict[Asset, int]:
    account = node.view.account(id)
    if account is None:
        return {}
    return {line.asset: line.balance for line, _ in node.view.lines(id)} | {NATIVE: account.balance}


def _amount(request: Request, name: str) -> int:
    whole, _, part = request.query.get(name, "").partition(".")
    if not whole.isdigit() or (part and not part.isdigit()) or len(part) > 7:
        raise invalid(name, "Amount must be positive, with at most seven decimals")
    stroops = int(whole) * 10**7 + int(part.ljust(7, "0"))
    if not 0 < stroops <= _UNBOUNDED:
        raise invalid(name, "Amount must be positive, and fit into 64 bits")
    return stroops
