"""Contract calls in history: the transfer of an asset, and what it changed."""

from base64 import b64encode
from typing import Any, NamedTuple

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import NATIVE, Asset
from app.sandbox.network.engine.operations.contracts import Transfer, transfer
from app.sandbox.network.horizon.history import OperationRecord
from app.sandbox.network.horizon.names import address, amount, asset_fields


class Moved(NamedTuple):
    asset: Asset
    transfer: Transfer


def moved(record: OperationRecord) -> Moved | None:
    """Return what a call moved: the asset whose lines it changed, or lumens. None if it failed."""
    said: Any = record.operation.body.invoke_host_function_op
    asked = transfer(said)
    if not record.succeeded or asked is None:
        return None
    lines = [key for key in record.transaction.applied.operations[record.index] if key[0] == "line"]
    return Moved(lines[0][2] if lines else NATIVE, asked)


def show_call(record: OperationRecord) -> dict[str, Any]:
    """Show a call: its contract, its function and its arguments as XDR, and the change of balances."""
    call: Any = record.operation.body.invoke_host_function_op.host_function.invoke_contract  # type: ignore[union-attr]
    contract = X.SCVal(X.SCValType.SCV_ADDRESS, address=call.contract_address)
    function = X.SCVal(X.SCValType.SCV_SYMBOL, sym=call.function_name)
    return {
        "function": "HostFunctionTypeHostFunctionTypeInvokeContract",
        "parameters": [_parameter(value) for value in (contract, function, *call.args)],
        "address": "",
        "salt": "",
        "asset_balance_changes": _changes(moved(record)),
    }


_TYPES = {"SCV_ADDRESS": "Address", "SCV_SYMBOL": "Sym", "SCV_I128": "I128"}


def _parameter(value: X.SCVal) -> dict[str, str]:
    return {"value": b64encode(value.to_xdr_bytes()).decode(), "type": _TYPES.get(value.type.name, value.type.name)}


def _changes(change: Moved | None) -> list[dict[str, Any]]:
    """An issuer that pays mints, and burns what it is paid: then it is no party."""
    if change is None:
        return []
    asset, (_, source, destination, stroops) = change
    ends = {"from": source, "to": destination}
    kind = "mint" if source == asset.issuer else "burn" if destination == asset.issuer else "transfer"
    named = {end: address(id) for end, id in ends.items() if id != asset.issuer}
    return [{**asset_fields(asset), "type": kind, **named, "amount": amount(stroops)}]
