"""Operations: what is common to all, and what each kind says."""

from collections.abc import Callable
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.from_xdr import account_id
from app.sandbox.network.horizon.contracts import show_call
from app.sandbox.network.horizon.history import OperationRecord
from app.sandbox.network.horizon.names import address, time
from app.sandbox.network.horizon.show import entries, offers, transfers
from app.sandbox.network.horizon.show.links import link, neighbours
from app.sandbox.network.horizon.show.transactions import muxed_fields, show_transaction

_Details = Callable[[OperationRecord, X.OperationBody], dict[str, Any]]

DETAILS: dict[X.OperationType, _Details] = {
    **transfers.DETAILS,
    **entries.DETAILS,
    **offers.DETAILS,
    X.OperationType.INVOKE_HOST_FUNCTION: lambda record, _: show_call(record),
}


def show_operation(record: OperationRecord, base: str, *, joined: bool = False) -> dict[str, Any]:
    """Show an operation; ``joined``: with its transaction inside."""
    transaction = record.transaction
    self, hash = f"{base}/operations/{record.place}", transaction.hash
    content = {
        "_links": {
            "self": link(self),
            "transaction": link(f"{base}/transactions/{hash}"),
            "effects": link(f"{self}/effects"),
            **neighbours(base, "effects", record.place),
        },
        "id": str(record.place),
        "paging_token": str(record.place),
        "transaction_successful": record.succeeded,
        "source_account": address(account_id(record.source)),
        **muxed_fields(record.source, "source_account"),
        "type": record.type.name.lower(),
        "type_i": record.type.value,
        "created_at": time(transaction.ledger.header.close_time),
        "transaction_hash": hash,
    }
    if joined:
        content["transaction"] = show_transaction(transaction, base)
    details = DETAILS.get(record.type)
    return content | details(record, record.operation.body) if details else content
