"""Operations that put offers on the book."""

from collections.abc import Callable
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import Price
from app.sandbox.network.engine.from_xdr import asset
from app.sandbox.network.horizon.history import OperationRecord
from app.sandbox.network.horizon.names import amount, asset_fields, price

_Type = X.OperationType


def _sell(_: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.manage_sell_offer_op
    return _offer(said, said.amount.int64) | {"offer_id": str(said.offer_id.int64)}


def _buy(_: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.manage_buy_offer_op
    return _offer(said, said.buy_amount.int64) | {"offer_id": str(said.offer_id.int64)}


def _passive(_: OperationRecord, body: X.OperationBody) -> dict[str, Any]:
    said: Any = body.create_passive_sell_offer_op
    return _offer(said, said.amount.int64)


def _offer(said: Any, stroops: int) -> dict[str, Any]:
    asked = Price(said.price.n.int32, said.price.d.int32)
    return {
        "amount": amount(stroops),
        "price": price(asked) if asked.d else "0.0000000",
        "price_r": {"n": asked.n, "d": asked.d},
        **asset_fields(asset(said.buying), "buying_"),
        **asset_fields(asset(said.selling), "selling_"),
    }


DETAILS: dict[X.OperationType, Callable[[OperationRecord, X.OperationBody], dict[str, Any]]] = {
    _Type.MANAGE_SELL_OFFER: _sell,
    _Type.MANAGE_BUY_OFFER: _buy,
    _Type.CREATE_PASSIVE_SELL_OFFER: _passive,
}
