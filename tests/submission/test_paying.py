"""Orders are paid on a real network: once, by the hundred, and their owners are told."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.ledger import service as ledger
from app.money import NATIVE
from app.organizations.models import Organization
from app.stellar import addresses, horizon
from app.submission.models import Batch, Channel, Order, Pause
from app.submission.service import NewOrder, outcome, outcomes, request, request_all
from tests.submission.conftest import PAYEE, PAYEES, TREASURY, USDC, World, add_channel, key, top_up

Wish = Callable[..., NewOrder]


def states(session: Session) -> dict[str, str]:
    session.expire_all()
    rows = session.execute(select(Order.owner_key, Order.state))
    return {row.owner_key: row.state for row in rows}


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


def test_a_hundred_orders_go_in_one_transaction(world: World, session: Session, wish: Wish, channel: str) -> None:
    number = session.get_one(Channel, channel).next_sequence
    orders = [wish(asset=NATIVE, destination=payee) for payee in PAYEES]
    request_all(session, orders)
    session.commit()
    world.settle()

    found = outcomes(session, "anchor", [order.owner_key for order in orders])
    assert {outcome.state for outcome in found.values()} == {"settled"}
    assert len({outcome.transaction_hash for outcome in found.values()}) == 1
    assert sorted(outcome.operation_index for outcome in found.values()) == list(range(100))
    session.expire_all()
    assert session.get_one(Channel, channel).next_sequence == number + 1


def test_orders_with_different_memos_travel_apart(
    world: World, session: Session, wish: Wish, organization: Organization
) -> None:
    lent = {add_channel(world, session, organization) for _ in range(2)}
    request_all(session, [wish(owner_key=f"{memo}{n}", memo_type="id", memo=memo) for memo in "12" for n in "ab"])
    session.commit()
    world.settle()

    found = outcomes(session, "anchor", ["1a", "1b", "2a", "2b"])
    assert found["1a"].transaction_hash == found["1b"].transaction_hash != found["2a"].transaction_hash
    assert found["2a"].transaction_hash == found["2b"].transaction_hash
    assert set(session.scalars(select(Batch.channel))) == lent


@pytest.mark.usefixtures("channel")
def test_a_muxed_address_is_used_as_it_was_given(world: World, session: Session, wish: Wish) -> None:
    muxed = addresses.muxed(PAYEE.public_key, 7)
    request(session, wish(owner_key="a", destination=muxed))
    session.commit()
    world.settle()
    assert outcome(session, "anchor", "a").state == "settled"


@pytest.mark.usefixtures("channel")
def test_an_account_that_is_not_there_yet_is_created_and_one_that_is_there_is_paid(
    world: World, session: Session, wish: Wish
) -> None:
    new = key("a new account").public_key
    xlm = {"asset": NATIVE, "amount": 20_000_000, "kind": "create_account"}
    request_all(
        session, [wish(owner_key="new", destination=new, **xlm), wish(owner_key="again", destination=new, **xlm)]
    )
    request(session, wish(owner_key="old", destination=PAYEE.public_key, **xlm))
    session.commit()
    for _ in range(4):
        world.settle()
    assert states(session) == {"new": "settled", "again": "settled", "old": "settled"}
    assert world.held(new, NATIVE) == 40_000_000


def test_one_bad_destination_fails_with_a_reason_and_the_others_are_paid_in_the_next_transaction(
    world: World, session: Session, wish: Wish, channel: str
) -> None:
    number = session.get_one(Channel, channel).next_sequence
    good = [wish(asset=NATIVE, destination=payee) for payee in PAYEES[:99]]
    request_all(session, [*good, wish(owner_key="bad", asset=NATIVE, destination=key("nobody").public_key)])
    session.commit()
    world.settle()
    world.settle()

    found = outcomes(session, "anchor", [order.owner_key for order in good])
    assert {outcome.state for outcome in found.values()} == {"settled"}
    bad = outcome(session, "anchor", "bad")
    assert (bad.state, bad.code) == ("failed", "op_no_destination")
    assert "does not exist" in bad.reason
    session.expire_all()
    assert session.get_one(Channel, channel).next_sequence == number + 2


@pytest.mark.usefixtures("channel")
def test_an_operation_the_door_already_refuses_is_left_out_without_waiting(
    world: World, session: Session, wish: Wish
) -> None:
    request(session, wish(owner_key="good"))
    itself = {"asset": NATIVE, "kind": "create_account", "destination": TREASURY.public_key}
    request(session, wish(owner_key="bad", **itself))
    session.commit()
    world.settle()
    assert states(session) == {"good": "settled", "bad": "failed"}


def test_reserved_money_is_posted_and_the_fee_booked(
    world: World, session: Session, wish: Wish, channel: str, organization: Organization
) -> None:
    mine = organization.id
    treasury = ledger.open_account(session, mine, f"treasury:{TREASURY.public_key}", USDC, "debit")
    owed = ledger.open_account(session, mine, "owed", USDC, "credit")
    ledger.transfer(session, "in", treasury, owed, 50_000_000)
    for name, destination in (("good", PAYEE.public_key), ("bad", key("nobody").public_key)):
        ledger.reserve(session, f"refund:{name}", owed, treasury, 10_000_000)
        request(session, wish(owner_key=name, reservation=f"refund:{name}", destination=destination))
    session.commit()
    world.settle()
    world.settle()

    assert states(session) == {"good": "settled", "bad": "failed"}
    balance = ledger.balance(session, ledger.open_account(session, mine, "owed", USDC, "credit"))
    assert (balance.posted, balance.pending) == (40_000_000, 0)
    fees = ledger.open_account(session, mine, "fees:network", NATIVE, "free")
    assert ledger.balance(session, fees).posted == 200 + 100  # two operations, then the good one once more
    purse = ledger.open_account(session, mine, f"channel:{channel}", NATIVE, "free")
    assert ledger.balance(session, purse).posted == -300


@pytest.mark.usefixtures("channel")
def test_what_the_treasury_cannot_pay_waits_with_a_reason_and_goes_after_a_top_up(
    world: World, session: Session, wish: Wish, app: Flask
) -> None:
    held = world.held(TREASURY.public_key)
    request(session, wish(owner_key="much", amount=held + 1))
    request(session, wish(owner_key="other", asset=NATIVE))
    session.commit()
    world.settle()
    world.settle()
    assert states(session) == {"much": "ready", "other": "settled"}
    assert "to spend" in session.scalars(select(Pause.reason)).one()
    assert "the sending account has" in app.test_cli_runner().invoke(args=["treasury", "list"]).output

    top_up(world)
    session.query(Pause).delete()
    session.commit()
    world.settle()
    assert states(session)["much"] == "settled"


def test_orders_in_flight_are_not_spent_twice(
    world: World, session: Session, wish: Wish, organization: Organization
) -> None:
    for _ in range(2):
        add_channel(world, session, organization)
    top_up(world)
    half = world.held(TREASURY.public_key) // 2 + 1
    request_all(session, [wish(owner_key=f"half {n}", amount=half, memo_type="id", memo=n) for n in "12"])
    session.commit()
    world.work()
    assert sorted(states(session).values()) == ["bound", "ready"]
