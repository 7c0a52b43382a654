"""Accounts, claimable balances and assets, as they stand."""

from collections.abc import Iterable

from app.sandbox.network.engine.entries import NATIVE, Account, ClaimableBalance
from app.sandbox.network.horizon.asking import account_field, asset_field
from app.sandbox.network.horizon.assets import figures
from app.sandbox.network.horizon.finding import find_balance
from app.sandbox.network.horizon.names import address, balance_id, signer
from app.sandbox.network.horizon.node import Node
from app.sandbox.network.horizon.pages import HAL, Listing
from app.sandbox.network.horizon.problems import Problem, invalid
from app.sandbox.network.horizon.rows import Row, rows_listing
from app.sandbox.network.horizon.show.accounts import show_account
from app.sandbox.network.horizon.show.state import (
    asset_token,
    balance_token,
    show_asset,
    show_balance,
)
from app.sandbox.network.http import Request, Response, json_response


def accounts(node: Node, request: Request) -> Listing:
    """Accounts by one of: signer, sponsor, trusted asset."""
    asset, sponsor, key = (
        asset_field(request, "asset"),
        account_field(request, "sponsor"),
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

    return rows_listing(
        rows,
        lambda shown: show_account(node.view, shown, request.base),
        lambda shown: address(shown.entry.id),
        place=str,
    )


def claimable_balances(node: Node, request: Request) -> Listing:
    asset = asset_field(request, "asset")
    sponsor, claimant = account_field(request, "sponsor"), account_field(request, "claimant")

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

    return rows_listing(rows, lambda shown: show_balance(shown, request.base), balance_token, place=place)


def claimable_balance(node: Node, request: Request, id: str) -> Response:
    return json_response(show_balance(find_balance(node, id), request.base), content_type=HAL)


def assets(node: Node, request: Request) -> Listing:
    code, issuer = request.query.get("asset_code", ""), account_field(request, "asset_issuer")

    def rows() -> Iterable[Row]:
        found = figures(node.view, code, issuer)
        return (Row((one.asset.code.decode(), address(one.asset.issuer)), one) for one in found)

    def place(text: str) -> tuple[str, str]:
        named_code, named_issuer, _ = (text + "__").split("_", 2)
        return named_code, named_issuer

    return rows_listing(rows, show_asset, lambda one: asset_token(one.asset), place=place)
