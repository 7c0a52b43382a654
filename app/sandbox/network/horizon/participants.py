"""Who took part in an operation or a transaction, and finds it in the history of their account."""

from collections.abc import Callable
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.from_xdr import account_id
from app.sandbox.network.engine.operations.contracts import transfer
from app.sandbox.network.horizon.history import OperationRecord, TransactionRecord

_Type = X.OperationType


def of_operation(record: OperationRecord) -> set[bytes]:
    body = record.operation.body
    others = _OTHERS.get(body.type)
    return {account_id(record.source), *(others(record, body) if others else ())}


def of_transaction(record: TransactionRecord) -> set[bytes]:
    applied = record.applied
    changed = [applied.fee_changes, applied.before, *applied.operations]
    accounts = {key[1] for changes in changed for key in changes if key[0] == "account"}
    accounts |= {applied.frame.source, applied.frame.fee_source}
    return accounts.union(*(of_operation(operation) for operation in record.operations))


def sponsor_of(record: OperationRecord) -> X.MuxedAccount | None:
    """Return who began the sponsorship that this operation ends."""
    sponsored = account_id(record.source)
    for earlier in reversed(record.transaction.operations[: record.index]):
        begun = earlier.operation.body.begin_sponsoring_future_reserves_op
        if begun and account_id(begun.sponsored_id) == sponsored:
            return earlier.source
    return None


def _ended(record: OperationRecord, _: X.OperationBody) -> list[bytes]:
    sponsor = sponsor_of(record) if record.succeeded else None
    return [account_id(sponsor)] if sponsor else []


def _revoked(_: OperationRecord, body: X.OperationBody) -> list[bytes]:
    revoked = body.revoke_sponsorship_op
    if revoked.signer:  # type: ignore[union-attr]
        return [account_id(revoked.signer.account_id)]  # type: ignore[union-attr]
    key = revoked.ledger_key  # type: ignore[union-attr]
    held: Any = key.account or key.trust_line or key.data  # type: ignore[union-attr]
    return [account_id(held.account_id)] if held else []


def _called(_: OperationRecord, body: X.OperationBody) -> list[bytes]:
    asked = transfer(body.invoke_host_function_op)  # type: ignore[arg-type]
    return [asked.source, asked.destination] if asked else []


_Others = Callable[[OperationRecord, Any], list[bytes]]

_OTHERS: dict[X.OperationType, _Others] = {
    _Type.CREATE_ACCOUNT: lambda _, body: [account_id(body.create_account_op.destination)],
    _Type.PAYMENT: lambda _, body: [account_id(body.payment_op.destination)],
    _Type.PATH_PAYMENT_STRICT_RECEIVE: lambda _, body: [account_id(body.path_payment_strict_receive_op.destination)],
    _Type.PATH_PAYMENT_STRICT_SEND: lambda _, body: [account_id(body.path_payment_strict_send_op.destination)],
    _Type.ACCOUNT_MERGE: lambda _, body: [account_id(body.destination)],
    _Type.ALLOW_TRUST: lambda _, body: [account_id(body.allow_trust_op.trustor)],
    _Type.SET_TRUST_LINE_FLAGS: lambda _, body: [account_id(body.set_trust_line_flags_op.trustor)],
    _Type.CLAWBACK: lambda _, body: [account_id(body.clawback_op.from_)],
    _Type.CREATE_CLAIMABLE_BALANCE: lambda _, body: [
        account_id(claimant.v0.destination) for claimant in body.create_claimable_balance_op.claimants
    ],
    _Type.BEGIN_SPONSORING_FUTURE_RESERVES: lambda _, body: [
        account_id(body.begin_sponsoring_future_reserves_op.sponsored_id)
    ],
    _Type.END_SPONSORING_FUTURE_RESERVES: _ended,
    _Type.REVOKE_SPONSORSHIP: _revoked,
    _Type.INVOKE_HOST_FUNCTION: _called,
}
