"""A treasury that a custodian keeps: its orders are handed over, looked up, and settled when the ledger shows them."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from stellar_sdk import Payment

from app import reconcile
from app.clock import now
from app.db import transaction
from app.errors import Invalid, WrongState
from app.failpoint import armed
from app.ledger import service as ledger
from app.money import NATIVE, Money
from app.organizations.models import Organization
from app.sandbox.network.local import Handle
from app.sandbox.state import CHECKOUT
from app.states import history
from app.stellar import horizon
from app.submission import caps, custodians, custody, drains
from app.submission.models import Order, Pause, Settlement, Treasury
from app.submission.service import NewOrder, cancel, outcome, request
from app.watcher.run import catch_up
from rails import custody as contract
from rails.custody import Custodian, State, Transfer, Word
from rails.sandbox_bank.journal import Journal, journal
from rails.sandbox_custodian.keeper import Keeper
from rails.sandbox_custodian.network import Horizon
from rails.sandbox_custodian.server import CustodianServer
from tasks.drain import finish
from tasks.submission import entrust_payments
from tests.submission.conftest import ISSUER, PAYEE, TREASURY, USDC, USDC_ASSET, World, key
from tests.submission.test_paying import states

Wish = Callable[..., NewOrder]

STRANGER = key("a stranger without a trustline")
DOLLAR = 10_000_000


class Hanging(Custodian):
    """A custodian that answers nobody until the test is over."""

    over = threading.Event()

    def transfer(self, transfer: Transfer) -> Word:
        self.over.wait(30)
        return Word(transfer.key, State.UNKNOWN)

    def ask(self, transfers: Any) -> list[Word]:
        self.over.wait(30)
        return []


class RunningCustodian:
    """The custodian, as those see it who direct the play."""

    def __init__(self, url: str, path: Path):
        self.url = url
        self._path = path

    def fault(self, how: str, where: str = "transfers", **more: Any) -> None:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(f"{self.url}/faults", json={"how": how, "where": where, **more}, timeout=5)
            answer.raise_for_status()

    def heal(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.delete(f"{self.url}/faults", timeout=5)

    def events(self) -> list[str]:
        return [entry["event"] for entry in journal(self._path)]


@pytest.fixture
def vault(handle: Handle, tmp_path: Path) -> Iterator[RunningCustodian]:
    """A custodian that keeps the treasury's key."""
    kept = Journal(tmp_path / "custodian.jsonl")
    server = CustodianServer(Keeper(kept, [TREASURY], Horizon(handle.url, handle.passphrase)))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield RunningCustodian(server.url, tmp_path / "custodian.jsonl")
    server.shutdown()
    server.server_close()
    kept.close()


@pytest.fixture
def settings(settings: dict[str, Any], vault: RunningCustodian) -> dict[str, Any]:
    custodians = {"vault": "sandbox_custodian", "away": "sandbox_custodian", "hanging": f"{__name__}:Hanging"}
    given = {"vault": {"url": vault.url}, "away": {"url": "http://127.0.0.1:9"}, "hanging": {}}
    return settings | {"CUSTODIANS": custodians, "CUSTODIAN_SETTINGS": given}


@pytest.fixture
def organization(app: Flask, world: World, session: Session) -> Organization:
    """An organization whose treasury is kept by the vault."""
    row = Organization(name="Ours")
    session.add(row)
    session.commit()
    said = app.test_cli_runner().invoke(args=["treasury", "add", TREASURY.public_key, "--custodian", "vault"])
    assert said.exit_code == 0, said.output
    found = session.scalars(select(Organization)).one()
    session.expunge(found)
    return found


@pytest.fixture
def order(session: Session, wish: Wish, organization: Organization) -> Callable[..., None]:
    """Order a payment of a dollar, set aside in the ledger; or of whatever is said instead."""

    def make(name: str, **facts: Any) -> None:
        treasury = ledger.open_account(session, organization.id, f"treasury:{TREASURY.public_key}", USDC, "debit")
        customers = ledger.open_account(session, organization.id, "customers", USDC, "free")
        ledger.reserve(session, f"pay:{name}", customers, treasury, DOLLAR)
        request(session, wish(owner_key=name, reservation=f"pay:{name}", **facts))
        session.commit()

    return make


def work(*names: str) -> None:
    """Let everything be due, and the drain run for these custodians, by default the vault."""
    for name in names or ("vault",):
        with transaction() as session:
            waiting = Order.state.in_(["ready", "entrusted"])
            session.execute(update(Order).where(waiting).values(due_at=now()))
        entrust_payments(name)


def settle(world: World) -> None:
    work()
    world.network.close()
    work()


def found(session: Session, name: str) -> Order:
    session.expire_all()
    return session.scalars(select(Order).where(Order.owner_key == name)).one()


def differences(app: Flask) -> list[str]:
    """Read on, and return what ``flask reconcile`` finds."""
    catch_up(app)
    return [words for _, wrong in reconcile.findings() for words in wrong]


def test_an_order_is_paid_by_the_custodian_and_settled_by_the_ledger(
    app: Flask, world: World, session: Session, order: Callable[..., None], organization: Organization
) -> None:
    before = world.held(PAYEE.public_key)
    order("a", memo_type="text", memo="rent")
    work()
    assert found(session, "a").state == "entrusted"
    assert (found(session, "a").ref, len(found(session, "a").named)) == ("SC000001", 64)
    world.network.close()
    work()

    paid = outcome(session, "anchor", "a")
    assert (paid.state, paid.operation_index) == ("settled", 0)
    assert world.held(PAYEE.public_key) - before == DOLLAR
    transaction = horizon.transaction(world.network.url, paid.transaction_hash)
    assert transaction is not None
    assert (transaction.successful, transaction.ledger) == (True, paid.ledger)
    customers = ledger.open_account(session, organization.id, "customers", USDC, "free")
    assert ledger.balance(session, customers).posted == DOLLAR
    fees = ledger.open_account(session, organization.id, "fees:network", NATIVE, "free")
    assert ledger.balance(session, fees).posted == transaction.fee_charged > 0
    assert differences(app) == []


def test_several_orders_are_paid_one_transaction_after_the_other(
    app: Flask, world: World, session: Session, order: Callable[..., None], vault: RunningCustodian
) -> None:
    for name in "abc":
        order(name)
    for _ in range(4):
        settle(world)
    assert states(session) == {"a": "settled", "b": "settled", "c": "settled"}
    assert vault.events().count("signed") == 3
    assert differences(app) == []


@pytest.mark.parametrize("how", ["drop", "error", "nonsense"])
def test_an_answer_that_was_lost_is_looked_up_and_paid_once(
    app: Flask, world: World, session: Session, order: Callable[..., None], vault: RunningCustodian, how: str
) -> None:
    vault.fault(how, times=1)
    order("a")
    work()
    assert "the custodian raised" in found(session, "a").reason or found(session, "a").ref
    settle(world)
    assert states(session) == {"a": "settled"}
    assert vault.events().count("signed") == 1
    assert differences(app) == []


def test_what_the_custodian_never_had_goes_again_under_the_same_key(
    app: Flask, world: World, session: Session, order: Callable[..., None], vault: RunningCustodian
) -> None:
    vault.fault("drop", when="before", times=1)
    order("a")
    for _ in range(3):
        settle(world)
    assert states(session) == {"a": "settled"}
    moves = [row.event for row in history(session, found(session, "a"))]
    assert moves == ["begin", "entrust", "release", "entrust", "settle"]
    assert vault.events().count("signed") == 1
    assert differences(app) == []


def test_a_custodian_that_took_it_and_forgets_it_is_not_given_it_again(
    world: World, session: Session, order: Callable[..., None], vault: RunningCustodian
) -> None:
    order("a")
    work()
    vault.fault("forget", "look_ups")
    vault.fault("stall", when="before")
    work()
    assert found(session, "a").state == "entrusted"
    assert "says now that it never did" in found(session, "a").reason
    world.network.close()
    work()  # what the ledger shows needs nobody's word
    assert states(session) == {"a": "settled"}


def test_what_the_custodian_refuses_fails_with_its_words(
    app: Flask, session: Session, order: Callable[..., None], vault: RunningCustodian, organization: Organization
) -> None:
    vault.fault("refuse", when="before")
    order("a")
    work()
    refused = outcome(session, "anchor", "a")
    assert (refused.state, refused.code) == ("failed", "custodian_refused")
    assert refused.reason == "the custodian's rules forbid it"
    customers = ledger.open_account(session, organization.id, "customers", USDC, "free")
    assert ledger.balance(session, customers).pending == 0
    assert differences(app) == []


def test_a_transaction_that_failed_in_the_ledger_fails_the_order_and_its_fee_is_booked(
    app: Flask, world: World, session: Session, order: Callable[..., None], organization: Organization
) -> None:
    world.network.fund(STRANGER.public_key)
    order("a", destination=STRANGER.public_key)
    settle(world)
    failed = outcome(session, "anchor", "a")
    assert (failed.state, failed.code) == ("failed", "op_no_trust")
    fees = ledger.open_account(session, organization.id, "fees:network", NATIVE, "free")
    assert ledger.balance(session, fees).posted > 0
    assert differences(app) == []


def test_custodians_that_are_away_or_hang_hold_up_only_their_own(
    world: World,
    session: Session,
    order: Callable[..., None],
    wish: Wish,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tasks.drain.LINGER_SECONDS", 0.1)
    for name in ("away", "hanging"):
        session.add(Treasury(address=key(name).public_key, organization_id=organization.id, custodian=name))
        session.flush()
        request(session, wish(owner_key=name, source=key(name).public_key))
    order("a")
    for _ in range(2):
        work("hanging", "away", "vault")
    world.network.close()
    work("hanging", "away", "vault")
    assert states(session) == {"a": "settled", "away": "entrusted", "hanging": "entrusted"}
    assert "raised ConnectionError" in found(session, "away").reason
    Hanging.over.set()
    finish(10)


def test_no_more_than_the_days_cap_is_handed_over(
    world: World, session: Session, order: Callable[..., None], vault: RunningCustodian, organization: Organization
) -> None:
    caps.cap(session, organization.id, USDC, DOLLAR * 3 // 2)
    session.commit()
    for name in "ab":
        order(name)
    settle(world)
    settle(world)
    assert sorted(states(session).values()) == ["ready", "settled"]
    assert "may leave in a day" in session.scalars(select(Pause.reason)).one()
    assert vault.events().count("taken") == 1


def test_while_horizon_is_away_nothing_is_concluded(
    world: World, session: Session, order: Callable[..., None], vault: RunningCustodian
) -> None:
    order("a")
    work()
    vault.fault("forget", "look_ups")
    world.network.close()
    world.network.fault("unavailable", times=0)
    work()
    assert found(session, "a").state == "entrusted"
    assert found(session, "a").reason == "it could not be looked up: Unavailable"
    world.network.heal()
    work()
    assert states(session) == {"a": "settled"}


def test_a_hash_of_something_else_settles_nothing_and_is_called_out(
    app: Flask, world: World, session: Session, order: Callable[..., None], vault: RunningCustodian, caplog: Any
) -> None:
    world.apply(ISSUER, Payment(TREASURY.public_key, USDC_ASSET, "1"))
    strange = horizon.operations(world.network.url, TREASURY.public_key, 0)[-1]["transaction_hash"]
    vault.fault("mislead", "look_ups", what=strange)
    vault.fault("mislead", what=strange)
    order("a")
    settle(world)
    assert found(session, "a").state == "entrusted"
    assert found(session, "a").reason == f"the custodian names transaction {strange}, which does not pay this"
    assert "an order waits for an operator" in caplog.text

    vault.heal()
    work()
    assert states(session) == {"a": "settled"}


def test_a_payment_settles_no_two_orders(
    world: World, session: Session, order: Callable[..., None], vault: RunningCustodian
) -> None:
    order("first")
    settle(world)
    vault.fault("mislead", "look_ups", what=outcome(session, "anchor", "first").transaction_hash)
    vault.fault("stall", when="before")
    order("second")
    settle(world)
    assert states(session) == {"first": "settled", "second": "entrusted"}
    assert "has paid other orders already" in found(session, "second").reason
    assert session.scalar(select(func.count()).select_from(Settlement)) == 1


def test_two_orders_alike_are_paid_by_two_operations_of_one_transaction(
    app: Flask, world: World, session: Session, order: Callable[..., None], vault: RunningCustodian
) -> None:
    catch_up(app)
    paying = Payment(PAYEE.public_key, USDC_ASSET, "1")
    world.apply(TREASURY, paying, paying)
    together = horizon.operations(world.network.url, TREASURY.public_key, 0)[-1]["transaction_hash"]
    vault.fault("stall", when="before")
    vault.fault("mislead", "look_ups", what=together)
    for name in "ab":
        order(name)
    work()
    work()
    places = session.execute(select(Settlement.transaction_hash, Settlement.operation_index)).all()
    assert sorted(places) == [(together, 0), (together, 1)]
    assert differences(app) == []


def test_a_hash_that_is_never_found_is_called_out_when_patience_ends(
    app: Flask, session: Session, order: Callable[..., None], vault: RunningCustodian, caplog: Any
) -> None:
    vault.fault("stall", when="before")
    vault.fault("mislead", "look_ups", what="0" * 64)
    order("a")
    work()
    work()
    assert "an order waits for an operator" not in caplog.text
    app.config["CUSTODY_PATIENCE_SECONDS"] = -1
    work()
    assert found(session, "a").state == "entrusted"
    assert "not in the ledger since" in found(session, "a").reason
    assert "an order waits for an operator" in caplog.text
    runner, id = app.test_cli_runner(), found(session, "a").id
    listed = runner.invoke(args=["treasury", "entrusted"]).output
    assert f"1.0000000 USDC to {PAYEE.public_key}  {'0' * 64}  not in the ledger since" in listed

    assert runner.invoke(args=["treasury", "give-up", id, "--yes"]).output == "given up\n"
    failed = outcome(session, "anchor", "a")
    assert (failed.state, failed.code) == ("failed", "given_up")
    assert "no custodian has an order" in runner.invoke(args=["treasury", "give-up", id, "--yes"]).output
    assert differences(app) == []


def test_what_the_ledger_shows_is_not_given_up(
    app: Flask, world: World, session: Session, order: Callable[..., None]
) -> None:
    order("a")
    work()
    world.network.close()
    said = app.test_cli_runner().invoke(args=["treasury", "give-up", found(session, "a").id, "--yes"])
    assert "pays it: wait" in said.output
    work()
    assert states(session) == {"a": "settled"}


@pytest.mark.parametrize("answers", ["twice", "hang"])
def test_answers_that_come_twice_or_never_change_nothing(
    world: World, session: Session, order: Callable[..., None], vault: RunningCustodian, answers: str
) -> None:
    vault.fault(answers, "look_ups", times=2, seconds=0)
    order("a")
    work()
    for _ in range(3):
        settle(world)
    assert states(session) == {"a": "settled"}
    assert vault.events().count("signed") == 1


WORKER = """
from tasks import house
from tasks.submission import entrust_payments
with house.app_context():
    entrust_payments("vault")
"""


@pytest.mark.parametrize("window", ["claimed", "acted"])
def test_a_worker_is_killed(
    app: Flask,
    world: World,
    session: Session,
    order: Callable[..., None],
    vault: RunningCustodian,
    settings: dict[str, Any],
    window: str,
) -> None:
    order("a")
    names = ("DATABASE_URL", "HORIZON_URL", "NETWORK_PASSPHRASE")
    ours = {name: str(settings[name]) for name in names} | {"CUSTODIANS": "vault=sandbox_custodian"}
    ours |= {"CUSTODIAN_VAULT": json.dumps({"url": vault.url}), "FAILPOINTS": f"{window}:entrust_payments=kill"}
    worker = subprocess.run(
        [sys.executable, "-c", WORKER], env=os.environ | ours, cwd=CHECKOUT, timeout=60, check=False
    )
    assert worker.returncode == -signal.SIGKILL
    assert states(session) == {"a": "entrusted"}
    for _ in range(3):
        settle(world)
    assert states(session) == {"a": "settled"}
    assert vault.events().count("signed") == 1
    assert differences(app) == []


def test_a_crash_before_the_custodian_hears_of_it(
    app: Flask, world: World, session: Session, order: Callable[..., None], vault: RunningCustodian
) -> None:
    order("a")
    with armed("claimed:entrust_payments"), pytest.raises(Exception, match="claimed:entrust_payments"):
        work()
    assert states(session) == {"a": "entrusted"}
    assert vault.events() == []
    for _ in range(3):
        settle(world)
    assert states(session) == {"a": "settled"}
    assert vault.events().count("signed") == 1
    assert differences(app) == []


def test_a_crash_before_the_answer_is_written_down(
    app: Flask, world: World, session: Session, order: Callable[..., None], vault: RunningCustodian
) -> None:
    order("a")
    with armed("acted:entrust_payments"):
        work()
        world.network.close()
        work()
    assert (found(session, "a").state, found(session, "a").ref) == ("entrusted", "")
    assert not any("unexplained" in words for words in differences(app))  # seen to leave, and still expected
    work()
    assert states(session) == {"a": "settled"}
    assert vault.events().count("signed") == 1
    assert differences(app) == []


def test_an_answer_that_comes_after_its_lease_changes_nothing(
    app: Flask, world: World, session: Session, order: Callable[..., None], vault: RunningCustodian
) -> None:
    order("a")
    sleeper = custody.errands(custodians.desk("vault"))[0]
    with transaction() as mine:
        (job,) = sleeper.claim(mine, 10)
    settle(world)  # asks, and hears that there is none
    fact = sleeper.act(job)
    settle(world)
    with transaction() as mine:
        sleeper.record(mine, job, fact)
    settle(world)
    assert states(session) == {"a": "settled"}
    assert vault.events().count("taken") == 1


def test_a_custodian_gets_no_batch_and_no_channel(
    world: World, session: Session, order: Callable[..., None], channel: str
) -> None:
    order("a")
    world.settle()
    assert states(session) == {"a": "ready"}
    assert drains.FORM.claim(session, 10) == []


def test_an_order_a_custodian_has_cannot_be_called_off(session: Session, order: Callable[..., None]) -> None:
    order("a")
    order("b")
    assert cancel(session, "anchor", "b").state == "cancelled"
    session.commit()
    work()
    with pytest.raises(WrongState, match="is with a custodian"):
        cancel(session, "anchor", "a")


def test_an_order_a_custodian_may_have_heard_of_cannot_be_called_off(
    session: Session, order: Callable[..., None], vault: RunningCustodian
) -> None:
    vault.fault("drop", when="before", times=1)
    order("a")
    work()
    with transaction() as mine:
        mine.execute(update(Order).values(due_at=now()))
    asking = custody.errands(custodians.desk("vault"))[1]
    drains.run([asking])
    assert states(session) == {"a": "ready"}
    with pytest.raises(WrongState, match="is with a custodian"):
        cancel(session, "anchor", "a")


def test_a_custodian_is_asked_for_payments_only(session: Session, wish: Wish) -> None:
    with pytest.raises(Invalid, match="payments only"):
        request(session, wish(asset=NATIVE, kind="create_account"))


def test_a_treasury_does_not_change_hands(app: Flask, session: Session, organization: Organization) -> None:
    runner = app.test_cli_runner()
    assert (
        "CUSTODIANS names no" in runner.invoke(args=["treasury", "add", PAYEE.public_key, "--custodian", "no"]).output
    )
    said = runner.invoke(args=["treasury", "add", TREASURY.public_key, "--custodian", "away"])
    assert "cannot be changed" in said.output
    assert f"{TREASURY.public_key}  vault" in runner.invoke(args=["treasury", "list"]).output


def example() -> type[Custodian]:
    """The custodian in the contract's own page."""
    page = contract.__doc__ or ""
    code = textwrap.dedent(page[page.index("    import requests") : page.index("What the house promises")])
    module = ModuleType("example")
    exec(code, vars(module))  # noqa: S102 our own page
    return module.ExampleCustody


@pytest.mark.usefixtures("world")
def test_the_example_of_the_contract_keeps_the_contract(vault: RunningCustodian) -> None:
    kept = example()({"url": vault.url})
    transfer = Transfer("k", TREASURY.public_key, PAYEE.public_key, Money(DOLLAR, USDC))
    assert list(kept.ask([transfer])) == [Word("k", State.NOT_FOUND)]
    word = kept.transfer(transfer)
    assert word.state == State.SUBMITTED
    assert kept.transfer(transfer) == word
    assert list(kept.ask([transfer])) == [word]
    assert vault.events() == ["taken", "signed"]
