"""Operations that move money from one account to another: those of /payments."""

from collections.abc import Callable
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.from_xdr import account_id, asset
from app.sandbox.network.horizon.effects.transfers import amount_sent
from app.sandbox.network.horizon.history import OperationRecord
from app.sandbox.network.horizon.names import address, amount, asset_fields
from app.sandbox.network.horizon.show.transactions import muxed_fields

_Type = X.OperationType


def account_fields(account: X.MuxedAccount, prefix: str) -> dict[str, str]:
    return {prefix: address(account_id(account)), **muxed_fields(account, prefix)}


def _creation(record: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    created: Any = body.create_account_op
    return {
        "starting_balance": amount(created.starting_balance.int64),
        **account_fields(record.source, "funder"),
        "account": address(account_id(created.destination)),
    }


def _payment(record: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    paid: Any = body.payment_op
    return {
        **asset_fields(asset(paid.asset)),
        **account_fields(record.source, "from"),
        **account_fields(paid.destination, "to"),
        "amount": amount(paid.amount.int64),
    }


def _strict_receive(record: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    paid: Any = body.path_payment_strict_receive_op
    return _path_payment(record, paid) | {
        "amount": amount(paid.dest_amount.int64),
        "source_amount": amount(amount_sent(record, paid) if record.succeeded else 0),
        "source_max": amount(paid.send_max.int64),
    }


def _strict_send(record: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    paid: Any = body.path_payment_strict_send_op
    arrived = record.result.success.last.amount.int64 if record.succeeded else 0
    return _path_payment(record, paid) | {
        "amount": amount(arrived),
        "source_amount": amount(paid.send_amount.int64),
        "destination_min": amount(paid.dest_min.int64),
    }


def _path_payment(record: OperationRecord, paid: Any) -> dict[str, Any]:
    return {
        **asset_fields(asset(paid.dest_asset)),
        **account_fields(record.source, "from"),
        **account_fields(paid.destination, "to"),
        "path": [asset_fields(asset(hop)) for hop in paid.path],
        **asset_fields(asset(paid.send_asset), "source_"),
    }


def _merge(record: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    destination: Any = body.destination
    return {**account_fields(record.source, "account"), **account_fields(destination, "into")}


DETAILS: dict[X.OperationType, Callable[[OperationRecord, X.OperationBody], dict[str, Any]]] = {
    _Type.CREATE_ACCOUNT: _creation,
    _Type.PAYMENT: _payment,
    _Type.PATH_PAYMENT_STRICT_RECEIVE: _strict_receive,
    _Type.PATH_PAYMENT_STRICT_SEND: _strict_send,
    _Type.ACCOUNT_MERGE: _merge,
}
