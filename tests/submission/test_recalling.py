"""An owner may call an order off; whether it was still paid, only the ledger can say."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from stellar_sdk import xdr

from app.db import transaction
from app.errors import Conflict
from app.ledger import service as ledger
from app.organizations.models import Organization
from app.stellar import horizon
from app.stellar.facts import TransactionFacts
from app.submission import channels, drains, fittings, keys, recovery
from app.submission.models import Attempt, Batch, Channel, SigningKey
from app.submission.service import NewOrder, cancel, request, request_all
from tests.submission.conftest import PAYEE, TREASURY, USDC, World, add_channel, key
from tests.submission.test_paying import states

Wish = Callable[..., NewOrder]


@pytest.mark.usefixtures("channel")
def test_recalled_before_it_is_signed_it_is_left_out(world: World, session: Session, wish: Wish) -> None:
    before = world.held(PAYEE.public_key)
    request_all(session, [wish(owner_key="a"), wish(owner_key="b")])
    session.commit()
    drains.run([drains.FORM])
    assert cancel(session, "anchor", "a").state == "recalled"
    session.commit()
    world.settle()
    assert states(session) == {"a": "cancelled", "b": "settled"}
    assert world.held(PAYEE.public_key) - before == 10_000_000


@pytest.mark.usefixtures("channel")
def test_recalled_after_it_was_handed_in_it_is_settled_if_it_was_too_late(
    world: World, session: Session, wish: Wish
) -> None:
    request(session, wish(owner_key="a"))
    session.commit()
    world.work()
    cancel(session, "anchor", "a")
    session.commit()
    world.settle()
    assert states(session) == {"a": "settled"}


def test_if_all_are_recalled_the_number_is_spent_on_nothing_and_their_money_let_go(
    world: World, session: Session, wish: Wish, channel: str, organization: Organization
) -> None:
    before, mine = world.held(PAYEE.public_key), organization.id
    treasury = ledger.open_account(session, mine, f"treasury:{TREASURY.public_key}", USDC, "debit")
    owed = ledger.open_account(session, mine, "owed", USDC, "credit")
    ledger.transfer(session, "in", treasury, owed, 10_000_000)
    ledger.reserve(session, "refund", owed, treasury, 10_000_000)
    request(session, wish(owner_key="a", reservation="refund"))
    session.commit()
    world.network.fault("timeout_never", times=0, match=channel)
    world.work()
    cancel(session, "anchor", "a")
    session.commit()
    world.expire()
    world.work()
    world.network.heal()
    world.settle()
    world.settle()

    assert states(session) == {"a": "cancelled"}
    assert world.held(PAYEE.public_key) == before
    assert session.scalar(select(func.count()).select_from(Attempt)) == 2
    account = horizon.account(world.network.url, channel)
    assert account is not None
    assert session.get_one(Channel, channel).next_sequence == account.sequence + 1
    assert ledger.balance(session, ledger.open_account(session, mine, "owed", USDC, "credit")).available == 10_000_000


def test_a_parked_batch_is_released_only_when_its_number_is_spent_elsewhere(
    world: World, session: Session, wish: Wish, organization: Organization
) -> None:
    lending = key("a channel whose batch is released")
    address = add_channel(world, session, organization, lending)
    request(session, wish(owner_key="a"))
    session.commit()
    world.network.fault("try_again_later", times=0, match=address)
    world.work()
    world.network.heal()
    world.spend(lending)
    assert "parked" not in states(session).values()
    world.expire()
    world.work()
    with transaction() as mine:
        batch = recovery.parked(mine, address)
    unspent = recovery.ask(fittings.network(), batch)
    with pytest.raises(Conflict), transaction() as mine:
        recovery.release(mine, batch, type(unspent)(unspent.node, batch.sequence - 1, True))
    with transaction() as mine:
        recovery.release(mine, batch, unspent)
    assert states(session) == {"a": "ready"}
    assert session.get_one(Channel, address).state == "parked"

    account = horizon.account(world.network.url, address)
    assert account is not None
    with transaction() as mine:
        channels.reopen(mine, address, account)
    world.settle()
    assert states(session) == {"a": "settled"}


def test_a_parked_batch_that_failed_in_the_ledger_is_released_and_the_channel_goes_on(
    world: World, session: Session, wish: Wish, channel: str
) -> None:
    request(session, wish(owner_key="a"))
    session.commit()
    world.network.fault("timeout_never", times=0, match=channel)
    world.work()
    world.network.heal()
    session.execute(update(Batch).values(state="parked"))
    session.commit()
    with transaction() as mine:
        batch = recovery.parked(mine, channel)
    body = xdr.TransactionResultResult(xdr.TransactionResultCode.txBAD_AUTH)
    result = xdr.TransactionResult(xdr.Int64(100), body, xdr.TransactionResultExt(0)).to_xdr()
    [attempt] = batch.attempts
    failed = TransactionFacts(attempt.hash, False, 9, 9, 100, channel, channel, batch.sequence, result)
    found = replace(recovery.ask(fittings.network(), batch), found=failed)
    with pytest.raises(Conflict, match="succeeded"), transaction() as mine:
        recovery.release(mine, batch, replace(found, found=replace(failed, successful=True)))
    with transaction() as mine:
        recovery.release(mine, batch, found)
    assert states(session) == {"a": "ready"}
    session.expire_all()
    row = session.get_one(Channel, channel)
    assert (row.state, row.next_sequence) == ("open", batch.sequence + 1)
    assert session.scalars(select(Batch.fee)).one() == 100


@pytest.mark.usefixtures("channel")
def test_a_batch_nobody_can_sign_waits_and_goes_when_the_key_is_there(
    world: World, session: Session, wish: Wish
) -> None:
    request(session, wish(owner_key="a"))
    session.commit()
    with transaction() as mine:
        mine.execute(delete(SigningKey).where(SigningKey.account == TREASURY.public_key))
    world.work(rounds=3)
    assert "no key to sign" in session.scalars(select(Batch.reason)).one()
    with transaction() as mine:
        keys.add(mine, TREASURY.public_key, TREASURY)
    world.settle()
    assert states(session) == {"a": "settled"}
