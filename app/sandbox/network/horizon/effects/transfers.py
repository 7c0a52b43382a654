"""Effects of moving money, and of trades."""

from collections.abc import Iterator
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.from_xdr import account_id, asset
from app.sandbox.network.horizon.contracts import moved
from app.sandbox.network.horizon.effects.record import Effect, Effects
from app.sandbox.network.horizon.history import OperationRecord
from app.sandbox.network.horizon.names import address, amount, asset_fields
from app.sandbox.network.horizon.trades import claims

_Type = X.OperationType


def _creation(record: OperationRecord, body: Any) -> Iterator[Effect]:
    created, starting = account_id(body.create_account_op.destination), body.create_account_op.starting_balance.int64
    yield created, "account_created", {"starting_balance": amount(starting)}
    yield record.source, "account_debited", _native(starting)
    yield created, "signer_created", {"public_key": address(created), "weight": 1}


def _payment(record: OperationRecord, body: Any) -> Iterator[Effect]:
    paid = _moved(body.payment_op.asset, body.payment_op.amount.int64)
    yield body.payment_op.destination, "account_credited", paid
    yield record.source, "account_debited", paid


def _strict_receive(record: OperationRecord, body: Any) -> Iterator[Effect]:
    said = body.path_payment_strict_receive_op
    yield said.destination, "account_credited", _moved(said.dest_asset, said.dest_amount.int64)
    yield record.source, "account_debited", _moved(said.send_asset, amount_sent(record, said))
    yield from _trades(record, body)


def amount_sent(record: OperationRecord, said: X.PathPaymentStrictReceiveOp) -> int:
    """Return what a strict-receive payment cost its source: what its first conversion took."""
    taken = claims(record)
    if not taken:
        return int(said.dest_amount.int64)
    first = asset(taken[0].asset_sold)
    return sum(int(atom.amount_bought.int64) for atom in taken if asset(atom.asset_sold) == first)


def _strict_send(record: OperationRecord, body: Any) -> Iterator[Effect]:
    said = body.path_payment_strict_send_op
    yield said.destination, "account_credited", _moved(said.dest_asset, record.result.success.last.amount.int64)
    yield record.source, "account_debited", _moved(said.send_asset, said.send_amount.int64)
    yield from _trades(record, body)


def _trades(record: OperationRecord, _: Any) -> Iterator[Effect]:
    buyer = account_id(record.source)
    for atom in claims(record):
        seller, offer = account_id(atom.seller_id), {"offer_id": str(atom.offer_id.int64)}
        sold, bought = (
            (asset(atom.asset_sold), atom.amount_sold.int64),
            (asset(atom.asset_bought), atom.amount_bought.int64),
        )
        yield record.source, "trade", {"seller": address(seller), **offer, **_swap(sold=bought, bought=sold)}
        yield seller, "trade", {"seller": address(buyer), **offer, **_swap(sold=sold, bought=bought)}


def _swap(**sides: tuple[Any, int]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for side, (held, stroops) in sides.items():
        shown |= {f"{side}_amount": amount(stroops), **asset_fields(held, f"{side}_")}
    return shown


def _merge(record: OperationRecord, body: Any) -> Iterator[Effect]:
    merged = _native(record.result.source_account_balance.int64)
    yield record.source, "account_debited", merged
    yield body.destination, "account_credited", merged
    yield record.source, "account_removed", {}


def _clawback(record: OperationRecord, body: Any) -> Iterator[Effect]:
    taken = _moved(body.clawback_op.asset, body.clawback_op.amount.int64)
    yield record.source, "account_credited", taken
    yield body.clawback_op.from_, "account_debited", taken


def _called(record: OperationRecord, _: Any) -> Iterator[Effect]:
    change = moved(record)
    if change:
        details = {**asset_fields(change.asset), "amount": amount(change.transfer.amount)}
        yield change.transfer.source, "account_debited", details
        yield change.transfer.destination, "account_credited", details


def _moved(value: X.Asset, stroops: int) -> dict[str, Any]:
    return {**asset_fields(asset(value)), "amount": amount(stroops)}


def _native(stroops: int) -> dict[str, Any]:
    return {"asset_type": "native", "amount": amount(stroops)}


EFFECTS: Effects = {
    _Type.CREATE_ACCOUNT: _creation,
    _Type.PAYMENT: _payment,
    _Type.PATH_PAYMENT_STRICT_RECEIVE: _strict_receive,
    _Type.PATH_PAYMENT_STRICT_SEND: _strict_send,
    _Type.MANAGE_SELL_OFFER: _trades,
    _Type.MANAGE_BUY_OFFER: _trades,
    _Type.CREATE_PASSIVE_SELL_OFFER: _trades,
    _Type.ACCOUNT_MERGE: _merge,
    _Type.CLAWBACK: _clawback,
    _Type.INVOKE_HOST_FUNCTION: _called,
}
