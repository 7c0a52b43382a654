"""What a destination cannot receive fails, or waits for it in a claimable balance: as the order's owner wishes."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from stellar_sdk import ChangeTrust, ClaimClaimableBalance, CreateAccount, Keypair, Payment, Server

from app import reconcile
from app.ledger import service as ledger
from app.money import NATIVE
from app.organizations.models import Organization
from app.stellar import addresses, operations
from app.submission import drains, fittings, keys, treasuries
from app.submission.models import Attempt, Order, Pause, Treasury
from app.submission.service import NewOrder, Outcome, outcome, outcomes, request, request_all
from app.watcher import service as watcher
from app.watcher.models import Observation
from app.watcher.run import catch_up
from tests.submission.conftest import ISSUER, PAYEE, PAYEES, TREASURY, USDC, USDC_ASSET, World, top_up
from tests.submission.test_paying import states

Wish = Callable[..., NewOrder]

UNIT = 10_000_000
ASIDE = {"otherwise": "claimable_balance"}
BACK_SECONDS = 3600

pytestmark = pytest.mark.usefixtures("channel")


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    return settings | {"CLAIM_BACK_SECONDS": BACK_SECONDS}


def stranger(world: World) -> Keypair:
    """Return somebody with an account and no trustline."""
    key = Keypair.random()
    world.network.fund(key.public_key)
    return key


def settled(world: World, session: Session, key: str = "a", rounds: int = 2) -> Outcome:
    for _ in range(rounds):
        world.settle()
    session.expire_all()
    return outcome(session, "anchor", key)


def shown(world: World, id: str) -> dict[str, Any]:
    """Return the claimable balance as Horizon shows it."""
    return dict(Server(world.network.url).claimable_balances().claimable_balance(id).call())


def operation_of(world: World, found: Outcome) -> dict[str, Any]:
    """Return the operation that settled an order, as Horizon shows it."""
    answer = Server(world.network.url).operations().for_transaction(found.transaction_hash).limit(100).call()
    return dict(answer["_embedded"]["records"][found.operation_index])


def trust(world: World, payee: Keypair, limit: str | None = None) -> None:
    world.apply(payee, ChangeTrust(USDC_ASSET, limit))


def test_without_the_policy_it_fails_and_says_why(world: World, session: Session, wish: Wish) -> None:
    request(session, wish(owner_key="a", destination=stranger(world).public_key))
    session.commit()
    found = settled(world, session)
    assert (found.state, found.code, found.operation, found.balance_id) == ("failed", "op_no_trust", "", "")


def test_with_it_the_amount_is_put_into_a_balance_which_the_payee_claims(
    world: World, session: Session, wish: Wish
) -> None:
    payee = stranger(world)
    request(session, wish(owner_key="a", destination=payee.public_key, **ASIDE))
    session.commit()
    found = settled(world, session)
    assert (found.state, found.code, found.operation) == ("settled", "", "create_claimable_balance")

    balance = shown(world, found.balance_id)
    assert (balance["amount"], balance["asset"]) == ("1.0000000", f"USDC:{ISSUER.public_key}")
    assert [row["destination"] for row in balance["claimants"]] == [payee.public_key, TREASURY.public_key]
    assert balance["claimants"][0]["predicate"] == {"unconditional": True}
    assert "not" in balance["claimants"][1]["predicate"]
    assert balance["sponsor"] == TREASURY.public_key

    trust(world, payee)
    world.apply(payee, ClaimClaimableBalance(found.balance_id))
    assert world.held(payee.public_key) == UNIT


def test_an_account_that_does_not_exist_may_claim_its_balance_later(world: World, session: Session, wish: Wish) -> None:
    nobody = Keypair.random()
    request(session, wish(owner_key="usdc", destination=nobody.public_key, **ASIDE))
    request(session, wish(owner_key="xlm", destination=nobody.public_key, asset=NATIVE, **ASIDE))
    session.commit()
    found = [settled(world, session, name) for name in ("usdc", "xlm")]
    assert {row.operation for row in found} == {"create_claimable_balance"}
    assert found[0].transaction_hash == found[1].transaction_hash
    world.network.fund(nobody.public_key)
    trust(world, nobody)
    world.apply(nobody, *[ClaimClaimableBalance(row.balance_id) for row in found])
    assert world.held(nobody.public_key) == UNIT


@pytest.mark.parametrize("claimed", [True, False], ids=["claimed by the payee", "taken back"])
def test_every_stroop_is_accounted_for_whoever_claims(
    world: World,
    session: Session,
    wish: Wish,
    organization: Organization,
    channel: str,
    app: Flask,
    claimed: bool,
) -> None:
    top_up(world)
    book(session, organization.id, f"channel:{channel}", world.held(channel, NATIVE))
    account, seen = treasuries.read(fittings.network(), TREASURY.public_key)
    treasuries.open_books(session, organization.id, account)
    watcher.follow(session, organization.id, TREASURY.public_key, watcher.before_ledger(seen + 1))
    reserve(session, organization.id, "payout")
    payee = stranger(world)
    request(session, wish(owner_key="a", destination=payee.public_key, reservation="payout", **ASIDE))
    session.commit()
    found = settled(world, session)
    assert differences(app) == []

    if claimed:
        trust(world, payee)
        world.apply(payee, ClaimClaimableBalance(found.balance_id))
        assert differences(app) == []
        return
    back = wish(owner_key="back", kind="claim_claimable_balance", destination=found.balance_id)
    request(session, back)
    session.commit()
    world.network.advance(2 * BACK_SECONDS)
    world.network.close()
    taken = settled(world, session, "back")
    assert (taken.state, taken.operation, taken.balance_id) == ("settled", "claim_claimable_balance", "")
    assert differences(app) == []
    [arrival] = session.scalars(select(Observation).where(Observation.direction == "in"))
    assert (arrival.inner_hash, arrival.operation_index) == (taken.transaction_hash, taken.operation_index)
    assert (arrival.state, arrival.asset, arrival.amount) == ("arrived", USDC, UNIT)


def reserve(session: Session, organization_id: str, key: str) -> None:
    """Set 1 USDC of the treasury's aside."""
    equity = ledger.open_account(session, organization_id, "equity", USDC, "free")
    store = ledger.open_account(session, organization_id, f"treasury:{TREASURY.public_key}", USDC, "debit")
    ledger.reserve(session, key, equity, store, UNIT)


def book(session: Session, organization_id: str, name: str, amount: int) -> None:
    """Open an account of the ledger with XLM in it."""
    sides = [ledger.open_account(session, organization_id, each, NATIVE, "free") for each in (name, "opening")]
    ledger.transfer(session, f"opening:{name}", *sides, amount)


def differences(app: Flask) -> list[str]:
    """Let the watcher read to the end; return what ``flask reconcile`` finds."""
    catch_up(app)
    return [words for _, found in reconcile.findings() for words in found]


@pytest.mark.parametrize(
    ("early", "code"), [(True, "op_cannot_claim"), (False, "op_does_not_exist")], ids=["too early", "already claimed"]
)
def test_what_cannot_be_taken_back_fails_and_says_why(
    world: World, session: Session, wish: Wish, early: bool, code: str
) -> None:
    payee = stranger(world)
    request(session, wish(owner_key="a", destination=payee.public_key, **ASIDE))
    session.commit()
    found = settled(world, session)
    if not early:
        trust(world, payee)
        world.apply(payee, ClaimClaimableBalance(found.balance_id))
    request(session, wish(owner_key="back", kind="claim_claimable_balance", destination=found.balance_id))
    session.commit()
    back = settled(world, session, "back")
    assert (back.state, back.code) == ("failed", code)


def test_what_is_seen_beforehand_is_doubted_once_and_costs_no_transaction_that_fails(
    world: World, session: Session, wish: Wish, app: Flask
) -> None:
    app.config["PREFLIGHT_READS_MAX"] = 50
    request(session, wish(owner_key="a", destination=stranger(world).public_key, **ASIDE))
    session.commit()
    drains.run()
    doubted = outcome(session, "anchor", "a")
    assert (doubted.state, "no trustline" in doubted.reason) == ("ready", True)
    session.commit()
    assert settled(world, session).operation == "create_claimable_balance"
    assert session.scalar(select(func.count()).select_from(Attempt)) == 1


def test_a_trustline_that_appears_in_time_is_paid(world: World, session: Session, wish: Wish, app: Flask) -> None:
    payee = stranger(world)
    request(session, wish(owner_key="a", destination=payee.public_key, **ASIDE))
    session.commit()
    world.work()
    world.network.close()  # the payment has failed
    drains.run([drains.TURN])
    session.expire_all()
    assert session.scalars(select(Order.operation)).one() == "create_claimable_balance"
    trust(world, payee)
    app.config["PREFLIGHT_READS_MAX"] = 50
    assert settled(world, session).operation == "payment"
    assert world.held(payee.public_key) == UNIT


def test_a_trustline_removed_on_the_way_is_noticed_by_the_ledger(
    world: World, session: Session, wish: Wish, app: Flask
) -> None:
    app.config["PREFLIGHT_READS_MAX"] = 50
    payee = stranger(world)
    trust(world, payee)
    request(session, wish(owner_key="a", destination=payee.public_key, **ASIDE))
    request(session, wish(owner_key="other"))
    session.commit()
    drains.run([drains.FORM, drains.SIGN])
    trust(world, payee, "0")
    world.work()
    world.network.close()
    drains.run([drains.TURN])
    assert set(states(session).values()) == {"ready"}
    assert settled(world, session).operation == "create_claimable_balance"
    assert outcome(session, "anchor", "other").state == "settled"


def test_where_the_reserve_is_missing_only_what_needs_it_waits_until_there_is_xlm(
    world: World, session: Session, wish: Wish, organization: Organization
) -> None:
    poor = Keypair.random()
    world.apply(TREASURY, CreateAccount(poor.public_key, "2"))  # two entries and a trustline take 1.5 of it
    trust(world, poor)
    world.apply(ISSUER, Payment(poor.public_key, USDC_ASSET, "10"))
    session.add(Treasury(address=poor.public_key, organization_id=organization.id))
    keys.add(session, poor.public_key, poor)
    request(session, wish(owner_key="aside", source=poor.public_key, destination=stranger(world).public_key, **ASIDE))
    request(session, wish(owner_key="plain", source=poor.public_key))
    session.commit()
    for _ in range(3):
        world.settle()
    assert states(session) == {"aside": "ready", "plain": "settled"}
    paused = session.scalars(select(Pause)).one()
    assert (paused.asset, "takes 1" in paused.reason) == (NATIVE, True)

    world.apply(TREASURY, Payment(poor.public_key, operations.asset(NATIVE), "1"))
    session.delete(paused)
    session.commit()
    assert settled(world, session, "aside").operation == "create_claimable_balance"


def test_a_hundred_of_all_sorts_are_each_done_once(world: World, session: Session, wish: Wish) -> None:
    top_up(world)
    before, nobody = world.held(PAYEE.public_key), [Keypair.random().public_key for _ in range(20)]
    orders = [wish(owner_key=f"good {n}") for n in range(50)]
    orders += [wish(owner_key=f"aside {n}", destination=payee, **ASIDE) for n, payee in enumerate(PAYEES[:20])]
    orders += [wish(owner_key=f"nobody {n}", destination=payee, **ASIDE) for n, payee in enumerate(nobody)]
    orders += [wish(owner_key=f"bad {n}", destination=payee) for n, payee in enumerate(PAYEES[20:30])]
    request_all(session, orders)
    session.commit()
    for _ in range(3):
        world.settle()
    session.expire_all()
    found = outcomes(session, "anchor", [order.owner_key for order in orders])
    kinds = {key.split()[0]: set[tuple[str, str]]() for key in found}
    for key, row in found.items():
        kinds[key.split()[0]].add((row.state, row.operation))
    aside = {("settled", "create_claimable_balance")}
    assert kinds == {"good": {("settled", "payment")}, "aside": aside, "nobody": aside, "bad": {("failed", "")}}
    assert world.held(PAYEE.public_key) - before == 50 * UNIT
    ids = {row.balance_id for row in found.values() if row.balance_id}
    assert len(ids) == 40
    sample = sorted(ids)[:3]
    assert [shown(world, id)["id"] for id in sample] == sample


def test_an_address_is_used_as_it_was_given_whatever_the_memo(world: World, session: Session, wish: Wish) -> None:
    muxed = addresses.muxed(PAYEE.public_key, 7)
    request(session, wish(owner_key="muxed", destination=muxed))
    request(session, wish(owner_key="memo", memo_type="id", memo="7"))
    session.commit()
    given, plain = (operation_of(world, settled(world, session, name)) for name in ("muxed", "memo"))
    assert (given["to"], given["to_muxed"], given["to_muxed_id"]) == (PAYEE.public_key, muxed, "7")
    assert (plain["to"], "to_muxed" in plain) == (PAYEE.public_key, False)
