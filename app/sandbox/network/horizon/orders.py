"""Offers, order books, and paths through them."""

from collections.abc import Iterable
from typing import Any

from app.sandbox.network.engine.entries import INT64_MAX, NATIVE, Asset, Offer, Price
from app.sandbox.network.horizon.asking import account_field, account_key, amount_field, asset_pair, split_asset
from app.sandbox.network.horizon.names import asset_fields, parse_asset
from app.sandbox.network.horizon.node import Node
from app.sandbox.network.horizon.pages import HAL, Listing, limit_of
from app.sandbox.network.horizon.pathfinding import strict_receive, strict_send
from app.sandbox.network.horizon.problems import Problem, invalid
from app.sandbox.network.horizon.rows import Row, rows_listing
from app.sandbox.network.horizon.show.state import (
    show_level,
    show_offer,
    show_path,
)
from app.sandbox.network.http import Request, Response, json_response

ASSETS_MAX = 15  # that paths may start from, or lead to
LEVELS_USUAL = 20


def offers(node: Node, request: Request, id: str = "") -> Listing:
    """Offers, all or by seller, sponsor, and what is sold and bought."""
    seller = account_key(id) if id else account_field(request, "seller")
    sponsor = account_field(request, "sponsor")
    selling, buying = asset_pair(request)

    def matches(offer: Offer) -> bool:
        asked = ((sponsor, offer.sponsor), (selling, offer.selling), (buying, offer.buying))
        return all(wanted in (None, b"", held) for wanted, held in asked)

    def rows() -> Iterable[Row]:
        shown = node.view.offers(seller) if seller else node.view.of_kind("offer")
        return (Row(one.entry.id, one) for one in shown if isinstance(one.entry, Offer) and matches(one.entry))

    return rows_listing(rows, lambda shown: show_offer(shown, request.base), lambda shown: str(shown.entry.id))


def offer(node: Node, request: Request, id: str) -> Response:
    shown = node.view.offer_by_id(int(id)) if id.isdigit() else None
    if shown is None:
        raise Problem("not_found")
    return json_response(show_offer(shown, request.base), content_type=HAL)


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
        "base": asset_fields(selling),
        "counter": asset_fields(buying),
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
    destination, wanted = split_asset(request, "destination_"), amount_field(request, "destination_amount")
    return _show_paths(strict_receive(node.view, destination, wanted, sources, account))


def paths_send(node: Node, request: Request) -> Response:
    destinations, _ = _ends(node, request, "destination")
    source, sent = split_asset(request, "source_"), amount_field(request, "source_amount")
    return _show_paths(strict_send(node.view, source, sent, destinations))


def _show_paths(found: list[Any]) -> Response:
    return json_response({"_embedded": {"records": [show_path(path) for path in found]}}, content_type=HAL)


def _ends(node: Node, request: Request, side: str) -> tuple[dict[Asset, int], bytes]:
    """Return the assets paths may start from or lead to, with what is held of each, and the account that holds them."""
    listed, account = request.query.get(f"{side}_assets", ""), account_field(request, f"{side}_account")
    if bool(listed) == bool(account):
        raise Problem("bad_request", f"The request requires either a list of {side} assets or a {side} account.")
    try:
        ends = {parse_asset(text): INT64_MAX for text in listed.split(",")} if listed else _held(node, account)
    except ValueError:
        raise invalid(f"{side}_assets", "not a list of assets") from None
    if len(ends) > ASSETS_MAX:
        raise invalid(f"{side}_assets", f"list of assets exceeds maximum length of {ASSETS_MAX}")
    return ends, account


def _held(node: Node, id: bytes) -> dict[Asset, int]:
    account = node.view.account(id)
    if account is None:
        return {}
    return {line.asset: line.balance for line, _ in node.view.lines(id)} | {NATIVE: account.balance}
