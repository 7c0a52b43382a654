"""What stands in the ledger: offers, claimable balances, assets, order books, paths."""

from typing import Any

from app.sandbox.network.engine.entries import Asset, ClaimableBalance, Offer, Price
from app.sandbox.network.horizon.assets import AssetFigures
from app.sandbox.network.horizon.names import (
    address,
    amount,
    asset_fields,
    asset_name,
    asset_type,
    balance_id,
    price,
    time,
)
from app.sandbox.network.horizon.pathfinding import Path
from app.sandbox.network.horizon.show.accounts import show_flags, sponsor_field
from app.sandbox.network.horizon.show.links import link, paged
from app.sandbox.network.horizon.show.predicates import show_kept
from app.sandbox.network.horizon.view import Shown


def show_offer(shown: Shown, base: str) -> dict[str, Any]:
    offer: Offer = shown.entry  # type: ignore[assignment]
    return {
        "_links": {
            "self": link(f"{base}/offers/{offer.id}"),
            "offer_maker": link(f"{base}/accounts/{address(offer.seller)}"),
        },
        "id": str(offer.id),
        "paging_token": str(offer.id),
        "seller": address(offer.seller),
        "selling": asset_fields(offer.selling),
        "buying": asset_fields(offer.buying),
        "amount": amount(offer.amount),
        "price_r": {"n": offer.price.n, "d": offer.price.d},
        "price": price(offer.price),
        "last_modified_ledger": shown.ledger,
        "last_modified_time": time(shown.time),
        **sponsor_field(offer.sponsor),
    }


def balance_token(shown: Shown) -> str:
    balance: ClaimableBalance = shown.entry  # type: ignore[assignment]
    return f"{shown.ledger}-{balance_id(balance.id)}"


def show_balance(shown: Shown, base: str) -> dict[str, Any]:
    balance: ClaimableBalance = shown.entry  # type: ignore[assignment]
    self = f"{base}/claimable_balances/{balance_id(balance.id)}"
    return {
        "_links": {
            "self": link(self),
            "transactions": paged(f"{self}/transactions"),
            "operations": paged(f"{self}/operations"),
        },
        "id": balance_id(balance.id),
        "asset": asset_name(balance.asset),
        "amount": amount(balance.amount),
        **sponsor_field(balance.sponsor),
        "last_modified_ledger": shown.ledger,
        "last_modified_time": time(shown.time),
        "claimants": [
            {"destination": address(one.destination), "predicate": show_kept(one.predicate)}
            for one in balance.claimants
        ],
        "flags": {"clawback_enabled": balance.clawback_enabled},
        "paging_token": balance_token(shown),
    }


def asset_token(asset: Asset) -> str:
    return f"{asset.code.decode()}_{address(asset.issuer)}_{asset_type(asset)}"


def show_asset(figures: AssetFigures) -> dict[str, Any]:
    asset = figures.asset
    domain = figures.home_domain.decode("utf-8", "replace").strip()
    return {
        "_links": {"toml": link(f"https://{domain}/.well-known/stellar.toml" if domain else "")},
        **asset_fields(asset),
        "paging_token": asset_token(asset),
        "num_claimable_balances": figures.claimable_count,
        "num_liquidity_pools": 0,
        "num_contracts": 0,
        "accounts": dict(zip(_AUTHORIZATIONS, figures.accounts, strict=True)),
        "claimable_balances_amount": amount(figures.claimable_amount),
        "liquidity_pools_amount": amount(0),
        "contracts_amount": amount(0),
        "balances": {name: amount(held) for name, held in zip(_AUTHORIZATIONS, figures.balances, strict=True)},
        "flags": show_flags(figures.flags),
    }


_AUTHORIZATIONS = ("authorized", "authorized_to_maintain_liabilities", "unauthorized")


def show_level(level: Price, held: int) -> dict[str, Any]:
    return {"price_r": {"n": level.n, "d": level.d}, "price": price(level), "amount": amount(held)}


def show_path(path: Path) -> dict[str, Any]:
    return {
        **asset_fields(path.source, "source_"),
        "source_amount": amount(path.source_amount),
        **asset_fields(path.destination, "destination_"),
        "destination_amount": amount(path.destination_amount),
        "path": [asset_fields(asset) for asset in path.between],
    }
