"""Workers die, sleep too long, or meet: the money is paid once, and the next worker finishes what was begun."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.clock import now
from app.db import transaction
from app.ledger.queries import trial_balance
from app.organizations.models import Organization
from app.sandbox.state import CHECKOUT
from app.stellar import horizon
from app.submission import drains
from app.submission.models import Batch, Channel, Settlement
from app.submission.service import NewOrder, request, request_all
from tests.submission.conftest import PAYEE, World, add_channel, hurry
from tests.submission.test_paying import states

Wish = Callable[..., NewOrder]

WORKER = """
from app.factory import create_app
from app.submission import drains
with create_app().app_context():
    while True:
        drains.run()
"""

WINDOWS = ["after_claim", "after_persist", "after_post", "before_settle_commit", "after_settle_commit"]


def killed_at(window: str, settings: dict[str, Any]) -> None:
    """Run a worker until it is killed at ``window``."""
    names = ("DATABASE_URL", "HORIZON_URL", "NETWORK_PASSPHRASE", "RESOLVE_INTERVAL_SECONDS")
    ours = {name: str(settings[name]) for name in names} | {"TREASURY_KEYS": " ".join(settings["TREASURY_KEYS"])}
    environment = os.environ | ours | {"FAILPOINTS": f"{window}=kill"}
    worker = subprocess.run([sys.executable, "-c", WORKER], env=environment, cwd=CHECKOUT, timeout=60, check=False)
    assert worker.returncode == -signal.SIGKILL


@pytest.mark.parametrize("window", WINDOWS)
def test_a_worker_is_killed(
    world: World, session: Session, wish: Wish, channel: str, settings: dict[str, Any], window: str
) -> None:
    before = world.held(PAYEE.public_key)
    request_all(session, [wish(owner_key=f"a{n}") for n in range(5)])
    session.commit()
    world.network.interval(0.1)
    killed_at(window, settings)
    world.network.interval(0)
    for _ in range(4):
        world.settle()

    assert set(states(session).values()) == {"settled"}
    assert world.held(PAYEE.public_key) - before == 50_000_000
    account = horizon.account(world.network.url, channel)
    assert account is not None
    assert session.get_one(Channel, channel).next_sequence == account.sequence + 1
    assert all(trial.balanced for trial in trial_balance(session))


@pytest.mark.usefixtures("channel")
def test_two_workers_with_one_batch_settle_it_once(world: World, session: Session, wish: Wish) -> None:
    request(session, wish(owner_key="a"))
    session.commit()
    world.work()
    world.network.close()
    facts = []
    for _ in range(2):
        hurry()
        with transaction() as mine:
            (job,) = drains.TURN.claim(mine, 10)
        facts.append((job, drains.TURN.act(job)))
    for job, fact in facts:
        with transaction() as mine:
            drains.TURN.record(mine, job, fact)
    assert states(session) == {"a": "settled"}
    assert session.scalar(select(func.count()).select_from(Settlement)) == 1


@pytest.mark.usefixtures("channel")
def test_a_worker_that_slept_past_its_lease_changes_nothing(world: World, session: Session, wish: Wish) -> None:
    before = world.held(PAYEE.public_key)
    request(session, wish(owner_key="a"))
    session.commit()
    drains.run([drains.FORM])
    with transaction() as mine:
        (sleeper,) = drains.SIGN.claim(mine, 10)
    signed = drains.SIGN.act(sleeper)
    world.settle()
    world.settle()
    with transaction() as mine:
        drains.SIGN.record(mine, sleeper, signed)
    world.settle()
    assert states(session) == {"a": "settled"}
    assert world.held(PAYEE.public_key) - before == 10_000_000


@pytest.mark.usefixtures("channel")
def test_an_envelope_handed_in_by_a_worker_that_lost_its_lease_is_the_same_envelope(
    world: World, session: Session, wish: Wish
) -> None:
    before = world.held(PAYEE.public_key)
    request(session, wish(owner_key="a"))
    session.commit()
    drains.run([drains.FORM, drains.SIGN])
    with transaction() as mine:
        (sleeper,) = drains.TURN.claim(mine, 10)
    world.settle()
    fact = drains.TURN.act(sleeper)
    with transaction() as mine:
        drains.TURN.record(mine, sleeper, fact)
    world.settle()
    assert states(session) == {"a": "settled"}
    assert world.held(PAYEE.public_key) - before == 10_000_000


def test_workers_side_by_side_form_no_order_twice(
    world: World, app: Flask, session: Session, wish: Wish, organization: Organization
) -> None:
    before = world.held(PAYEE.public_key)
    for _ in range(4):
        add_channel(world, session, organization)
    request_all(
        session, [wish(owner_key=f"{memo}-{n}", memo_type="id", memo=str(memo)) for memo in range(8) for n in range(3)]
    )
    session.commit()

    def work() -> None:
        with app.app_context():
            for _ in range(30):
                with transaction() as mine:  # whose row another works on need not be hurried
                    waiting = select(Batch.id).where(Batch.due_at.is_not(None)).with_for_update(skip_locked=True)
                    mine.execute(update(Batch).where(Batch.id.in_(waiting)).values(due_at=now()))
                drains.run()

    world.network.interval(0.2)
    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    world.network.interval(0)
    world.settle()
    world.settle()
    assert set(states(session).values()) == {"settled"}
    assert world.held(PAYEE.public_key) - before == 24 * 10_000_000


def test_a_batch_that_cannot_be_settled_keeps_no_other_from_it(
    world: World, session: Session, wish: Wish, organization: Organization
) -> None:
    for _ in range(2):
        add_channel(world, session, organization)
    request(session, wish(owner_key="good", memo_type="id", memo="1"))
    request(session, wish(owner_key="poison", memo_type="id", memo="2", reservation="nobody made it"))
    session.commit()
    world.settle()
    assert states(session) == {"good": "settled", "poison": "bound"}
    assert session.scalar(select(func.count()).select_from(Settlement)) == 1
