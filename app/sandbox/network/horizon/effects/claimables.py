"""Effects of claimable balances."""

from collections.abc import Iterator
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import ClaimableBalance
from app.sandbox.network.engine.from_xdr import account_id
from app.sandbox.network.horizon.effects.record import Effect, Effects, changes_of
from app.sandbox.network.horizon.history import OperationRecord
from app.sandbox.network.horizon.names import amount, asset_fields, asset_name, balance_id
from app.sandbox.network.horizon.show.predicates import show_said

_Type = X.OperationType


def _create_balance(record: OperationRecord, body: Any) -> Iterator[Effect]:
    balance = _balance(record)
    fields = _balance_fields(balance)
    yield record.source, "claimable_balance_created", fields | _clawback_flag(balance)
    for claimant in body.create_claimable_balance_op.claimants:
        predicate = show_said(claimant.v0.predicate)
        yield (
            account_id(claimant.v0.destination),
            "claimable_balance_claimant_created",
            fields | {"predicate": predicate},
        )
    yield record.source, "account_debited", {**asset_fields(balance.asset), "amount": amount(balance.amount)}


def _claim(record: OperationRecord, _: Any) -> Iterator[Effect]:
    balance = _balance(record)
    yield record.source, "claimable_balance_claimed", _balance_fields(balance) | _clawback_flag(balance)
    yield record.source, "account_credited", {**asset_fields(balance.asset), "amount": amount(balance.amount)}


def _claw_balance(record: OperationRecord, _: Any) -> Iterator[Effect]:
    balance = _balance(record)
    yield record.source, "claimable_balance_clawed_back", {"balance_id": balance_id(balance.id)}
    yield record.source, "account_credited", {**asset_fields(balance.asset), "amount": amount(balance.amount)}


def _balance(record: OperationRecord) -> ClaimableBalance:
    """Return the claimable balance that the operation made, or did away with."""
    return next(entry for pair in changes_of(record).values() for entry in pair if isinstance(entry, ClaimableBalance))


def _balance_fields(balance: ClaimableBalance) -> dict[str, Any]:
    return {
        "balance_id": balance_id(balance.id),
        "amount": amount(balance.amount),
        "asset": asset_name(balance.asset),
    }


def _clawback_flag(balance: ClaimableBalance) -> dict[str, bool]:
    return {"claimable_balance_clawback_enabled_flag": True} if balance.clawback_enabled else {}


EFFECTS: Effects = {
    _Type.CREATE_CLAIMABLE_BALANCE: _create_balance,
    _Type.CLAIM_CLAIMABLE_BALANCE: _claim,
    _Type.CLAWBACK_CLAIMABLE_BALANCE: _claw_balance,
}
