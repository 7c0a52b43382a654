"""Payouts and deposits to try rails with."""

from typing import Any
from uuid import uuid4

from app.money import Money, parse
from rails.base import Payout, PendingDeposit

USD = "iso4217:USD"
USDC = "stellar:USDC:GBBD47IF6LWK7P7MDEVSCWR7DPUWV3NY3DTQEVFL4NAT4AQH3ZLLFLA5"


def usd(text: str) -> Money:
    return Money(parse(text), USD)


def payout(**changes: Any) -> Payout:
    told = {"key": str(uuid4()), "method": "bank_account", "payee": {"bank_account_number": "1000123456"}}
    amounts = {"amount": usd("98"), "amount_in": usdc("100"), "amount_expected": usdc("100")}
    return Payout(**{**told, **amounts, **changes})


def deposit(**changes: Any) -> PendingDeposit:
    told = {"key": str(uuid4()), "method": "bank_account", "expected": usd("25"), "reference": "RH-7"}
    return PendingDeposit(**{**told, **changes})


def usdc(text: str) -> Money:
    return Money(parse(text), USDC)
