"""Accounts with their balances, signers and data."""

from base64 import b64encode
from typing import Any

from app.sandbox.network.engine.balances import authorized, maintains_liabilities
from app.sandbox.network.engine.entries import CLAWBACK_ENABLED, Account, Signer, SignerKey, TrustLine
from app.sandbox.network.engine.signatures import ED25519
from app.sandbox.network.horizon.names import address, amount, asset_fields, signer, time
from app.sandbox.network.horizon.show.links import link, paged
from app.sandbox.network.horizon.view import Shown, View

_FLAGS = ("auth_required", "auth_revocable", "auth_immutable", "auth_clawback_enabled")


def show_account(view: View, shown: Shown, base: str) -> dict[str, Any]:
    account = shown.entry
    if not isinstance(account, Account):
        raise TypeError(f"{shown.entry!r} is not an account")
    id = address(account.id)
    content: dict[str, Any] = {
        "_links": _links(f"{base}/accounts/{id}"),
        "id": id,
        "account_id": id,
        "sequence": str(account.sequence),
    }
    if account.sequence_ledger:
        content |= {"sequence_ledger": account.sequence_ledger, "sequence_time": str(account.sequence_time)}
    content["subentry_count"] = account.subentries
    if account.inflation_destination:
        content["inflation_destination"] = address(account.inflation_destination)
    if account.home_domain:
        content["home_domain"] = account.home_domain.decode("utf-8", "replace")
    return content | {
        "last_modified_ledger": shown.ledger,
        "last_modified_time": time(shown.time),
        "thresholds": {
            "low_threshold": account.thresholds.low,
            "med_threshold": account.thresholds.medium,
            "high_threshold": account.thresholds.high,
        },
        "flags": show_flags(account.flags),
        "balances": [*(_line(line, at.ledger) for line, at in view.lines(account.id)), _native(account)],
        "signers": _signers(account),
        "data": {entry.name.decode(): b64encode(entry.value).decode() for entry in view.data(account.id)},
        "num_sponsoring": account.sponsoring,
        "num_sponsored": account.sponsored,
        **sponsor_field(account.sponsor),
        "paging_token": id,
    }


def show_flags(flags: int) -> dict[str, bool]:
    return {name: bool(flags >> bit & 1) for bit, name in enumerate(_FLAGS)}


def sponsor_field(sponsor: bytes | None) -> dict[str, str]:
    return {"sponsor": address(sponsor)} if sponsor else {}


def _links(self: str) -> dict[str, Any]:
    listed = ("transactions", "operations", "payments", "effects", "offers", "trades")
    return {
        "self": link(self),
        **{name: paged(f"{self}/{name}") for name in listed},
        "data": link(f"{self}/data/{{key}}"),
    }


def _native(account: Account) -> dict[str, Any]:
    return {
        "balance": amount(account.balance),
        "buying_liabilities": amount(account.buying),
        "selling_liabilities": amount(account.selling),
        "asset_type": "native",
    }


def _line(line: TrustLine, ledger: int) -> dict[str, Any]:
    return {
        "balance": amount(line.balance),
        "limit": amount(line.limit),
        "buying_liabilities": amount(line.buying),
        "selling_liabilities": amount(line.selling),
        **sponsor_field(line.sponsor),
        "last_modified_ledger": ledger,
        "is_authorized": authorized(line),
        "is_authorized_to_maintain_liabilities": maintains_liabilities(line),
        **({"is_clawback_enabled": True} if line.flags & CLAWBACK_ENABLED else {}),
        **asset_fields(line.asset),
    }


def _signers(account: Account) -> list[dict[str, Any]]:
    own = Signer(SignerKey(ED25519, account.id), account.thresholds.master)
    listed = []
    for one in (*account.signers, own):
        kind, key = signer(one.key)
        listed.append({"weight": one.weight, "key": key, "type": kind, **sponsor_field(one.sponsor)})
    return listed
