"""Operations that change what the ledger holds: options, trust, data, claimable balances, sponsorship."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import Asset
from app.sandbox.network.engine.from_xdr import account_id, asset, signer_key
from app.sandbox.network.engine.operations.trust import coded_asset
from app.sandbox.network.horizon.history import OperationRecord
from app.sandbox.network.horizon.names import address, amount, asset_fields, asset_name, balance_id, signer
from app.sandbox.network.horizon.participants import sponsor_of
from app.sandbox.network.horizon.show.predicates import show_said
from app.sandbox.network.horizon.show.transfers import account_fields

_Type = X.OperationType
_ACCOUNT_FLAGS = ("auth_required", "auth_revocable", "auth_immutable", "auth_clawback_enabled")
_LINE_FLAGS = ("authorized", "authorized_to_maintain_liabilites", "clawback_enabled")  # sic: so Horizon spells it


def _flag_fields(flags: int, names: tuple[str, ...], prefix: str) -> dict[str, Any]:
    bits = [bit for bit in range(len(names)) if flags >> bit & 1]
    if not bits:
        return {}
    return {f"{prefix}_flags": [1 << bit for bit in bits], f"{prefix}_flags_s": [names[bit] for bit in bits]}


def _options(_: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.set_options_op
    shown: dict[str, Any] = {}
    if said.inflation_dest:
        shown["inflation_dest"] = address(account_id(said.inflation_dest))
    for value, prefix in ((said.set_flags, "set"), (said.clear_flags, "clear")):
        shown |= _flag_fields(value.uint32, _ACCOUNT_FLAGS, prefix) if value else {}
    weights = {
        "master_key_weight": said.master_weight,
        "low_threshold": said.low_threshold,
        "med_threshold": said.med_threshold,
        "high_threshold": said.high_threshold,
    }
    shown |= {name: value.uint32 for name, value in weights.items() if value is not None}
    if said.home_domain and said.home_domain.string32:
        shown["home_domain"] = said.home_domain.string32.decode("utf-8", "replace")
    if said.signer:
        shown |= {"signer_key": signer(signer_key(said.signer.key))[1], "signer_weight": said.signer.weight.uint32}
    return shown


def _change_trust(record: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.change_trust_op
    trusted = asset(said.line)
    return {
        **asset_fields(trusted),
        "limit": amount(said.limit.int64),
        "trustee": address(trusted.issuer) if trusted.issuer else "",
        **account_fields(record.source, "trustor"),
    }


def _allow_trust(record: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.allow_trust_op
    return {
        **asset_fields(coded_asset(said.asset, account_id(record.source))),
        **account_fields(record.source, "trustee"),
        "trustor": address(account_id(said.trustor)),
        "authorize": bool(said.authorize.uint32 & 1),
        "authorize_to_maintain_liabilities": bool(said.authorize.uint32 & 2),
    }


def _line_flags(_: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.set_trust_line_flags_op
    return {
        **asset_fields(asset(said.asset)),
        "trustor": address(account_id(said.trustor)),
        **_flag_fields(said.set_flags.uint32, _LINE_FLAGS, "set"),
        **_flag_fields(said.clear_flags.uint32, _LINE_FLAGS, "clear"),
    }


def _data(_: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.manage_data_op
    value = b64encode(said.data_value.data_value).decode() if said.data_value is not None else None
    return {"name": said.data_name.string64.decode("utf-8", "replace"), "value": value}


def _bump(_: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.bump_sequence_op
    return {"bump_to": str(said.bump_to.sequence_number.int64)}


def _create_balance(_: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.create_claimable_balance_op
    claimants = [claimant.v0 for claimant in said.claimants]
    return {
        "asset": asset_name(asset(said.asset)),
        "amount": amount(said.amount.int64),
        "claimants": [
            {"destination": address(account_id(one.destination)), "predicate": show_said(one.predicate)}
            for one in claimants
        ],
    }


def _claim(record: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.claim_claimable_balance_op
    return {"balance_id": balance_id(said.balance_id.v0.hash), **account_fields(record.source, "claimant")}


def _claw_balance(_: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.clawback_claimable_balance_op
    return {"balance_id": balance_id(said.balance_id.v0.hash)}


def _clawback(_: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.clawback_op
    return {
        **asset_fields(asset(said.asset)),
        **account_fields(said.from_, "from"),
        "amount": amount(said.amount.int64),
    }


def _begin(_: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.begin_sponsoring_future_reserves_op
    return {"sponsored_id": address(account_id(said.sponsored_id))}


def _end(record: OperationRecord, _: X.OperationBody) -> dict[str, Any]:
    sponsor = sponsor_of(record) if record.succeeded else None
    return account_fields(sponsor, "begin_sponsor") if sponsor else {}


def _revoke(_: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.revoke_sponsorship_op
    if said.signer:
        return {
            "signer_account_id": address(account_id(said.signer.account_id)),
            "signer_key": signer(signer_key(said.signer.signer_key))[1],
        }
    key = said.ledger_key
    if key.account:
        return {"account_id": address(account_id(key.account.account_id))}
    if key.trust_line:
        trusted: Asset = asset(key.trust_line.asset)
        return {
            "trustline_account_id": address(account_id(key.trust_line.account_id)),
            "trustline_asset": asset_name(trusted),
        }
    if key.offer:
        return {"offer_id": str(key.offer.offer_id.int64)}
    if key.data:
        name = key.data.data_name.string64.decode("utf-8", "replace")
        return {"data_account_id": address(account_id(key.data.account_id)), "data_name": name}
    return {"claimable_balance_id": balance_id(key.claimable_balance.balance_id.v0.hash)}


DETAILS: dict[X.OperationType, Callable[[OperationRecord, X.OperationBody], dict[str, Any]]] = {
    _Type.SET_OPTIONS: _options,
    _Type.CHANGE_TRUST: _change_trust,
    _Type.ALLOW_TRUST: _allow_trust,
    _Type.SET_TRUST_LINE_FLAGS: _line_flags,
    _Type.MANAGE_DATA: _data,
    _Type.BUMP_SEQUENCE: _bump,
    _Type.CREATE_CLAIMABLE_BALANCE: _create_balance,
    _Type.CLAIM_CLAIMABLE_BALANCE: _claim,
    _Type.CLAWBACK_CLAIMABLE_BALANCE: _claw_balance,
    _Type.CLAWBACK: _clawback,
    _Type.BEGIN_SPONSORING_FUTURE_RESERVES: _begin,
    _Type.END_SPONSORING_FUTURE_RESERVES: _end,
    _Type.REVOKE_SPONSORSHIP: _revoke,
}
