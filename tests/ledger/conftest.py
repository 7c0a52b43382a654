"""Accounts to move money between."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from app.ledger.models import Account
from app.ledger.service import open_account, transfer
from tests.statements import statements as statements

USD = "iso4217:USD"


@pytest.fixture
def opened(session: Session) -> Callable[..., Account]:
    """Opens an account and, if asked, gives it something to hold."""

    def open(name: str, rule: str = "free", holds: int = 0, asset: str = USD) -> Account:
        account = open_account(session, "acme", name, asset, rule)
        if holds:
            world = open_account(session, "acme", "world", asset, "free")
            debit, credit = (world, account) if rule == "credit" else (account, world)
            transfer(session, f"holds:{name}", debit, credit, holds)
        return account

    return open
