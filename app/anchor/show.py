"""A transaction in the words of its SEP."""

from typing import Any

from sqlalchemy.orm import object_session

from app import clock
from app.anchor.models import Refund, Transaction
from app.anchor.states import SHOWN
from app.money import SCALE, show

UNDER_WAY = ("initiated", "available")


def status(transaction: Transaction) -> str:
    """Return where it stands, as its SEP calls it."""
    return SHOWN[transaction.state][transaction.protocol]


def shown(transaction: Transaction) -> dict[str, Any]:
    """Return the SEP-31 ``transaction`` object: what is not known yet is left out."""
    fields = {
        "id": transaction.id,
        "status": status(transaction),
        "status_eta": _eta_seconds(transaction),
        "status_message": transaction.message,
        **_amounts(transaction),
        **payment_address(transaction),
        "started_at": clock.shown(transaction.created_at),
        "updated_at": clock.shown(transaction.updated_at),
        "completed_at": clock.shown(transaction.completed_at) if transaction.completed_at else None,
        "stellar_transaction_id": transaction.stellar_transaction_id,
        "external_transaction_id": transaction.external_transaction_id,
        "refunded": transaction.state == "refunded" or transaction.refunded_by_rail,
        "refunds": _refunds(transaction),
        "required_info_message": transaction.message if transaction.required_info else "",
        "required_info_updates": _required(transaction),
    }
    return {name: value for name, value in fields.items() if value not in (None, "", {})}


def payment_address(transaction: Transaction) -> dict[str, str]:
    """Return where to pay; nothing while the customers are not known well enough."""
    if transaction.state == "awaiting_customer":
        return {}
    return {
        "stellar_account_id": transaction.receiving_account,
        "stellar_memo_type": transaction.memo_type,
        "stellar_memo": transaction.memo,
    }


def _eta_seconds(transaction: Transaction) -> int | None:
    """Return how long it will still take, by the rail's own estimate."""
    session = object_session(transaction)
    if transaction.eta is None or session is None or transaction.state not in UNDER_WAY:
        return None
    return max(0, int((transaction.eta - clock.read(session)).total_seconds()))


def _amounts(transaction: Transaction) -> dict[str, Any]:
    decimals = transaction.asset.significant_decimals
    asset = transaction.asset.asset
    taken = transaction.amount_in if transaction.amount_in is not None else transaction.amount_expected
    amounts: dict[str, Any] = {"amount_in": _amount(taken, decimals), "amount_in_asset": asset}
    if transaction.amount_out is not None and transaction.amount_fee is not None:
        fee = _amount(transaction.amount_fee, decimals)
        amounts |= {
            "amount_out": _amount(transaction.amount_out, decimals),
            "amount_out_asset": transaction.destination_asset or transaction.method.pays,
            "amount_fee": fee,
            "amount_fee_asset": asset,
            "fee_details": {"total": fee, "asset": asset},
        }
    return amounts


def _amount(units: int, decimals: int) -> str:
    """Write an amount with the asset's decimals, or with all it has if it has more."""
    return show(units, decimals if units % 10 ** (SCALE - decimals) == 0 else SCALE)


def _refunds(transaction: Transaction) -> dict[str, Any] | None:
    """Return what went back of the transaction's own asset; other assets are told in its message."""
    settled = [refund for refund in transaction.refunds if refund.state == "settled"]
    counted = [refund for refund in settled if refund.asset == transaction.asset.asset]
    if not counted:
        return None
    decimals = transaction.asset.significant_decimals
    return {
        "amount_refunded": _amount(sum(refund.amount for refund in counted), decimals),
        "amount_fee": _amount(0, decimals),
        "payments": [_refund(refund, decimals) for refund in counted],
    }


def _refund(refund: Refund, decimals: int) -> dict[str, str]:
    return {
        "id": refund.stellar_transaction_id,
        "amount": _amount(refund.amount, decimals),
        "fee": _amount(0, decimals),
    }


def _required(transaction: Transaction) -> dict[str, Any] | None:
    if not transaction.required_info:
        return None
    return {"transaction": {name: {"description": why} for name, why in transaction.required_info.items()}}
