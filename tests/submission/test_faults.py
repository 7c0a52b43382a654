"""Whatever the network does to an envelope or to a question: each order is paid once, and none is lost."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.organizations.models import Organization
from app.stellar import horizon
from app.submission.models import Attempt, Batch, Channel, Envelope, Order
from app.submission.service import NewOrder, outcome, request, request_all
from tests.submission.conftest import PAYEE, World, add_channel, key
from tests.submission.test_paying import states

Wish = Callable[..., NewOrder]

AT_THE_DOOR = ["timeout_landing", "timeout_never", "reset_before", "reset_after", "try_again_later", "evict"]
AT_ANY_QUESTION = ["busy", "limited", "stale", "unavailable"]


def paid_once(world: World, session: Session, channel: str, before: int) -> None:
    assert outcome(session, "anchor", "a").state == "settled"
    assert world.held(PAYEE.public_key) - before == 10_000_000
    account = horizon.account(world.network.url, channel)
    session.expire_all()
    assert account is not None
    assert session.get_one(Channel, channel).next_sequence == account.sequence + 1


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("kind", AT_THE_DOOR)
def test_a_fault_at_the_door(world: World, session: Session, wish: Wish, channel: str, kind: str, times: int) -> None:
    before = world.held(PAYEE.public_key)
    request(session, wish(owner_key="a"))
    session.commit()
    world.network.fault(kind, times=times, match=channel)
    for _ in range(3 * times):
        world.settle()
    world.network.heal()
    for _ in range(12):  # an evicted transaction is banned for ten ledgers
        world.settle()
    paid_once(world, session, channel, before)
    assert session.scalar(select(func.count()).select_from(Attempt)) == 1


@pytest.mark.parametrize("kind", AT_ANY_QUESTION)
def test_a_node_that_does_not_answer(world: World, session: Session, wish: Wish, channel: str, kind: str) -> None:
    before = world.held(PAYEE.public_key)
    request(session, wish(owner_key="a"))
    session.commit()
    world.network.fault(kind, times=0)
    world.work(rounds=3)
    world.network.heal()
    world.work()
    world.network.fault(kind, times=4, match="/transactions")
    world.network.close()
    for _ in range(4):
        world.settle()
    paid_once(world, session, channel, before)


@pytest.mark.parametrize("kind", ["timeout_landing", "reset_after"])
def test_an_envelope_that_lands_while_history_lags_is_found_and_not_replaced(
    world: World, session: Session, wish: Wish, channel: str, kind: str
) -> None:
    before = world.held(PAYEE.public_key)
    request(session, wish(owner_key="a"))
    session.commit()
    world.network.fault(kind, match=channel)
    world.network.lag(4)
    world.settle()  # in the ledger from here on, but no history says so yet
    world.network.advance(300)
    for _ in range(3):
        world.settle()
    assert outcome(session, "anchor", "a").state == "bound"
    world.network.lag(0)
    world.work(rounds=3)
    paid_once(world, session, channel, before)
    assert session.scalar(select(func.count()).select_from(Attempt)) == 1


def test_a_dead_attempt_is_signed_again_on_the_same_number(
    world: World, session: Session, wish: Wish, channel: str
) -> None:
    before = world.held(PAYEE.public_key)
    request(session, wish(owner_key="a"))
    session.commit()
    world.network.fault("timeout_never", times=0, match=channel)
    world.work()
    world.expire()
    world.work()
    world.network.heal()
    world.settle()
    world.settle()
    paid_once(world, session, channel, before)
    assert session.scalar(select(func.count()).select_from(Batch)) == 1
    assert session.scalar(select(func.count()).select_from(Attempt)) == 2


def test_a_number_spent_by_something_else_parks_the_batch_and_touches_nothing(
    world: World, session: Session, wish: Wish, organization: Organization
) -> None:
    lending = key("a channel somebody else uses too")
    add_channel(world, session, organization, lending)
    request(session, wish(owner_key="a"))
    session.commit()
    world.network.fault("timeout_never", times=0, match=lending.public_key)
    world.work()
    world.network.heal()
    world.spend(lending)
    world.settle()
    world.expire()
    world.work(rounds=3)

    assert states(session) == {"a": "bound"}
    batch = session.scalars(select(Batch)).one()
    assert batch.state == "parked"
    assert "not in our books" in batch.reason


def test_a_sequence_number_the_network_is_behind_of_parks(
    world: World, session: Session, wish: Wish, channel: str
) -> None:
    session.get_one(Channel, channel).next_sequence += 5
    request(session, wish(owner_key="a"))
    session.commit()
    world.settle()
    world.expire()
    world.work(rounds=3)
    assert states(session) == {"a": "bound"}
    assert "is not its next" in session.scalars(select(Batch.reason)).one()


def test_a_full_ledger_only_delays(world: World, session: Session, wish: Wish, channel: str) -> None:
    before = world.held(PAYEE.public_key)
    request(session, wish(owner_key="a"))
    session.commit()
    world.network.fault("surge", times=3, fee=5000)
    for _ in range(8):
        world.settle()
    paid_once(world, session, channel, before)


def test_many_orders_over_many_channels_and_faults_are_each_paid_once(
    world: World, session: Session, wish: Wish, organization: Organization
) -> None:
    before = world.held(PAYEE.public_key)
    for _ in range(3):
        add_channel(world, session, organization)
    request_all(
        session, [wish(owner_key=f"{memo}-{n}", memo_type="id", memo=str(memo)) for memo in range(6) for n in range(5)]
    )
    session.commit()
    for kind in AT_THE_DOOR:
        world.network.fault(kind, times=2, match="/transactions_async")
    for _ in range(25):
        world.settle()
    world.network.heal()
    world.expire()
    for _ in range(15):
        world.settle()
    assert set(states(session).values()) == {"settled"}
    assert world.held(PAYEE.public_key) - before == 30 * 10_000_000
    assert session.scalar(select(func.count()).select_from(Order)) == 30


def test_whoever_is_outbid_offers_more_for_the_same_transaction(
    world: World, session: Session, wish: Wish, channel: str
) -> None:
    before = world.held(PAYEE.public_key)
    request(session, wish(owner_key="a"))
    session.commit()
    world.network.fault("surge", times=0, fee=5000)
    for _ in range(8):
        world.settle()
    paid_once(world, session, channel, before)
    envelopes = session.scalars(select(Envelope).order_by(Envelope.created_at)).all()
    assert [row.fee for row in envelopes] == [1000, 10 * 1000 * 2]
    assert session.scalar(select(func.count()).select_from(Attempt)) == 1


def test_no_fee_is_raised_above_what_a_day_may_cost(
    world: World, session: Session, wish: Wish, channel: str, app: Flask
) -> None:
    app.config["FEES_DAILY_STROOPS_MAX"] = 15_000
    request(session, wish(owner_key="a"))
    session.commit()
    world.network.fault("surge", times=0, fee=5000)
    for _ in range(6):
        world.settle()
    assert states(session) == {"a": "bound"}
    assert session.scalar(select(func.count()).select_from(Envelope)) == 1
