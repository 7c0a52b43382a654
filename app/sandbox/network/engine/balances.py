"""What may be spent and what may be received: balances, reserves and the liabilities of offers.

Each ``add_…`` returns the changed entry, or None if the rules forbid it.
"""

from dataclasses import replace

from app.sandbox.network.engine.entries import AUTHORIZED, INT64_MAX, MAINTAIN_LIABILITIES, Account, TrustLine
from app.sandbox.network.engine.rules import Rules

SUBENTRIES_MAX = 1000


def minimum(rules: Rules, account: Account) -> int:
    """Return the reserve an account must keep."""
    return (2 + account.subentries + account.sponsoring - account.sponsored) * rules.base_reserve


def available(rules: Rules, account: Account) -> int:
    """Return what an account may spend of its native balance; negative when below the reserve."""
    return account.balance - minimum(rules, account) - account.selling


def add_native(rules: Rules, account: Account, delta: int) -> Account | None:
    balance = account.balance + delta
    if delta == 0:
        return account
    if balance < 0 or balance > INT64_MAX - account.buying:
        return None
    if delta < 0 and balance - minimum(rules, account) < account.selling:
        return None
    return replace(account, balance=balance)


def authorized(line: TrustLine) -> bool:
    return bool(line.flags & AUTHORIZED)


def maintains_liabilities(line: TrustLine) -> bool:
    return bool(line.flags & (AUTHORIZED | MAINTAIN_LIABILITIES))


def add_credit(line: TrustLine, delta: int, *, ask_authorization: bool = True) -> TrustLine | None:
    balance = line.balance + delta
    if delta == 0:
        return line
    if ask_authorization and not maintains_liabilities(line):
        return None
    if balance < line.selling or balance > line.limit - line.buying:
        return None
    return replace(line, balance=balance)
