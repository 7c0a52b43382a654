"""A house whose rail is a sandbox bank on loopback, and reconcile's view of both."""

from datetime import timedelta
from typing import Any

import pytest

from app.clock import read
from app.db import db, transaction
from app.reconcile import outside
from app.reconcile.checks import Check
from app.reconcile.outside import Outside
from tests.anchor.conftest import house as house
from tests.rails.conftest import bank as bank
from tests.rails.conftest import open_bank as open_bank


@pytest.fixture
def settings(settings: dict[str, Any], bank: Any) -> dict[str, Any]:
    served = {"bank": {"url": bank.url, "timeout_seconds": 2}}
    return {**settings, "RAILS": {"bank": "sandbox_bank"}, "RAIL_SETTINGS": served}


def found(check: Check) -> list[str]:
    """Return what one check finds, of the banks as they are now and of no network."""
    db.session.remove()  # a transaction that a test left open would not know what time it is
    with transaction() as session:
        now = read(session)
    books, silent = outside.accounts(now - timedelta(days=30), now)
    with transaction() as session:
        return list(check(session, Outside(now, accounts=books, silent=silent)))
