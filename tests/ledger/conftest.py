"""Accounts to move money between."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.db import db
from app.ledger.models import Account
from app.ledger.service import open_account, transfer

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


@pytest.fixture
def statements(session: Session) -> Iterator[list[str]]:
    """What the database is asked from here on."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)
