"""Several accounts that send one asset, and what may leave them together."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from stellar_sdk import ChangeTrust, Payment

from app.errors import NotFound
from app.ledger import service as ledger
from app.organizations.models import Organization
from app.submission import caps, treasuries
from app.submission.models import Batch, Order, Pause, Settlement
from app.submission.packing import SURGE_MAX
from app.submission.service import NewOrder, request, request_all
from tests.submission.conftest import ISSUER, PAYEE, PAYEES, TREASURY, USDC, USDC_ASSET, World, add_channel, key

SECOND = key("second treasury")
UNIT = 10_000_000

Wish = Callable[..., NewOrder]


@pytest.fixture
def second(world: World, session: Session, organization: Organization) -> str:
    """Another account of the organization that has 1,000 USDC."""
    if not world.held(SECOND.public_key):
        world.network.fund(SECOND.public_key)
        world.apply(SECOND, ChangeTrust(USDC_ASSET))
        world.apply(ISSUER, Payment(SECOND.public_key, USDC_ASSET, "1000"))
    treasuries.add(session, organization.id, SECOND.public_key, [SECOND])
    session.commit()
    return SECOND.public_key


def test_two_treasuries_of_one_asset_send_side_by_side(
    world: World, session: Session, wish: Wish, organization: Organization, second: str
) -> None:
    before = world.held(PAYEE.public_key)
    for _ in range(2):
        add_channel(world, session, organization)
    request_all(session, [wish(source=source) for source in (TREASURY.public_key, second) for _ in range(3)])
    session.commit()
    world.settle()
    world.work()
    assert world.held(PAYEE.public_key) - before == 6 * UNIT
    assert set(session.scalars(select(Batch.source))) == {TREASURY.public_key, second}


def test_what_may_leave_in_a_day_counts_for_all_of_them_together(
    world: World, session: Session, wish: Wish, organization: Organization, second: str
) -> None:
    before, owner = world.held(PAYEE.public_key), organization.id
    for _ in range(2):
        add_channel(world, session, organization)
    caps.cap(session, owner, USDC, 3 * UNIT)
    request_all(session, [wish(source=source) for source in (TREASURY.public_key, second) for _ in range(2)])
    session.commit()
    for _ in range(3):
        world.settle()
    assert world.held(PAYEE.public_key) - before == 3 * UNIT
    assert "may leave in a day" in session.scalars(select(Pause.reason)).one()
    caps.cap(session, owner, USDC, 4 * UNIT)
    session.execute(Pause.__table__.delete())
    session.commit()
    world.settle()
    world.work()
    assert world.held(PAYEE.public_key) - before == 4 * UNIT


def test_whoever_does_not_mind_takes_the_one_with_most_to_give(
    session: Session, organization: Organization, second: str
) -> None:
    opening = ledger.open_account(session, organization.id, "opening", USDC, "free")
    with pytest.raises(NotFound):
        treasuries.fullest(session, organization.id, USDC)
    for address, amount in ((TREASURY.public_key, 10), (second, 9)):
        books = ledger.open_account(session, organization.id, f"treasury:{address}", USDC, "debit")
        ledger.transfer(session, f"opening {address}", books, opening, amount)
    assert treasuries.fullest(session, organization.id, USDC).address == TREASURY.public_key
    books = ledger.open_account(session, organization.id, f"treasury:{TREASURY.public_key}", USDC, "debit")
    ledger.reserve(session, "promised", opening, books, 2)
    assert treasuries.fullest(session, organization.id, USDC).address == second


def test_in_a_surge_batches_are_small_and_all_is_paid_once(
    world: World, session: Session, wish: Wish, organization: Organization, app: Flask
) -> None:
    app.config["SURGE_OPERATIONS_MAX"] = 30
    for _ in range(4):
        add_channel(world, session, organization)
    later = [wish(destination=payee, asset="stellar:native", amount=1) for payee in PAYEES]
    request(session, wish(owner_key="first"))
    session.commit()
    world.network.fault("surge", times=0, fee=5000)
    for _ in range(5):
        world.settle()  # outbid, and raised
    request_all(session, later)
    session.commit()
    for _ in range(12):
        world.settle()
        assert session.scalar(select(func.count()).where(Order.state == "bound")) <= 30
        session.rollback()
    world.network.heal()
    for _ in range(8):
        world.settle()
    sizes = session.scalars(select(func.count()).select_from(Order).group_by(Order.batch_id)).all()
    assert max(sizes) <= SURGE_MAX
    assert session.scalar(select(func.count()).select_from(Settlement)) == 101
