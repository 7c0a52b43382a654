"""What a transaction keeps that is nobody else's business: sealed in its row, each for its own purpose."""

import json
from collections.abc import Mapping

from app.anchor.models import Transaction
from app.vault import seals


def keep_fields(transaction: Transaction, fields: Mapping[str, str]) -> None:
    """Seal what SEP-31's ``fields.transaction`` carried: often an account number."""
    if fields:
        transaction.fields = seals().seal(json.dumps(dict(fields)), f"transaction:{transaction.id}:fields")


def fields(transaction: Transaction) -> dict[str, str]:
    """Return what ``fields.transaction`` carried."""
    if not transaction.fields:
        return {}
    return dict(json.loads(seals().open(transaction.fields, f"transaction:{transaction.id}:fields")))


def keep_payee(transaction: Transaction, payee: Mapping[str, str]) -> None:
    """Seal whom to pay: the customer is deleted before they are paid."""
    transaction.payee = seals().seal(json.dumps(dict(payee)), f"transaction:{transaction.id}:payee")


def payee(transaction: Transaction) -> dict[str, str]:
    """Return what was kept of a payee who is deleted."""
    if not transaction.payee:
        return {}
    return dict(json.loads(seals().open(transaction.payee, f"transaction:{transaction.id}:payee")))


def keep_callback(transaction: Transaction, url: str) -> None:
    """Seal the address to report to: it may carry a secret of its owner's."""
    transaction.callback_url = seals().seal(url, f"transaction:{transaction.id}:callback")


def callback(transaction: Transaction) -> str:
    """Return the address to report to; "" if there is none."""
    if not transaction.callback_url:
        return ""
    return seals().open(transaction.callback_url, f"transaction:{transaction.id}:callback").decode()
