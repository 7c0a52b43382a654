"""An organization with a treasury, and orders to it."""

import hashlib
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session
from stellar_sdk import Keypair

from app.organizations.models import Organization
from app.submission.models import Treasury
from app.submission.service import NewOrder


def key(name: str) -> Keypair:
    """A keypair that is always the same for the same name."""
    return Keypair.from_raw_ed25519_seed(hashlib.sha256(name.encode()).digest())


TREASURY = key("treasury")
PAYEE = key("payee").public_key
USDC = f"stellar:USDC:{key('issuer').public_key}"

_numbers = itertools.count()


@pytest.fixture
def organization(session: Session) -> Organization:
    row = Organization(name="Ours")
    session.add(row)
    session.flush()
    session.add(Treasury(address=TREASURY.public_key, organization_id=row.id))
    session.commit()
    return row


@pytest.fixture
def wish(organization: Organization) -> Callable[..., NewOrder]:
    """Make an order of 1 USDC, or of whatever is said instead."""

    def make(**facts: Any) -> NewOrder:
        plain: dict[str, Any] = {
            "organization_id": organization.id,
            "owner": "anchor",
            "owner_key": f"t{next(_numbers)}",
            "source": TREASURY.public_key,
            "destination": PAYEE,
            "asset": USDC,
            "amount": 10_000_000,
        }
        return NewOrder(**plain | facts)

    return make
