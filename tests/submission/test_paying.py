"""Orders are paid on a real network: once, by the hundred, and told to their owners."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from app.stellar import horizon
from app.submission.service import NewOrder, outcome, request
from tests.submission.conftest import PAYEE, World

Wish = Callable[..., NewOrder]


@pytest.mark.usefixtures("channel")
def test_an_order_is_paid_once_and_its_owner_can_read_where(world: World, session: Session, wish: Wish) -> None:
    before = world.held(PAYEE.public_key)
    request(session, wish(owner_key="a", memo_type="text", memo="rent"))
    session.commit()
    world.settle()
    world.settle()

    found = outcome(session, "anchor", "a")
    assert (found.state, found.operation_index) == ("settled", 0)
    assert world.held(PAYEE.public_key) - before == 10_000_000
    paid = horizon.transaction(world.network.url, found.transaction_hash)
    assert paid is not None
    assert (paid.successful, paid.ledger) == (True, found.ledger)
