"""One house for all journeys: real processes, a quick network, a quick bank. Each journey leaves it as it found it."""

import os
import queue
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select

from app.db import db, transaction
from app.ledger import queries as ledger
from app.sandbox.furnishing import application
from app.sandbox.house import House, Plan
from app.sandbox.network.local import Handle
from app.sandbox.state import own_directory, scratch_directory
from app.sandbox.stories import Outcome, Story, told
from app.sandbox.supervisor import Supervisor
from app.states import machines
from app.submission.models import Channel
from app.submission.states import WORKING
from rails.sandbox_bank import journal
from tests.conftest import IN_A_HURRY

PATIENCE_SECONDS = 90
QUIET_SECONDS = 5  # when so long nothing has happened, somebody waits for a lease to end
LEASE_SECONDS = 62  # longer than any lease


class Journey:
    """A house that runs, and what a journey does to it."""

    def __init__(self, house: House, supervisor: Supervisor):
        self.house, self.supervisor = house, supervisor
        self.network = Handle([house.horizon_url])
        self.app = application(house.settings)
        self.leaps = 0

    def tell(
        self, *stories: Story, at: Mapping[str, Callable[[], None]] | None = None, disturbed: bool = True
    ) -> list[Outcome]:
        """Tell stories side by side, and do what is to be done ``at`` the first event of that name.

        Where nothing happens any more because a killed process holds a lease, time leaps to the end of the lease.
        """
        deeds, events, outcomes, quiet_since = dict(at or {}), queue.SimpleQueue(), [], time.monotonic()
        scene = self.house.scene(PATIENCE_SECONDS)
        scene = replace(scene, disturbed=disturbed, heard=lambda event: events.put(event["event"]))
        threads = [
            threading.Thread(target=lambda story=story: outcomes.append(told(story, scene))) for story in stories
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.supervisor.tend()
            while not events.empty():
                deeds.pop(events.get(), lambda: None)()
                quiet_since = time.monotonic()
            if time.monotonic() - quiet_since > QUIET_SECONDS:
                self.leap(self.leaps + 1)
                quiet_since = time.monotonic()
            time.sleep(0.02)
        assert not deeds, f"the story never came to {', '.join(deeds)}"
        return outcomes

    def leap(self, leaps: int) -> None:
        """Set the house's clock, which is the database's, so many leases ahead, for all connections there are."""
        self.leaps = leaps
        with psycopg.connect(
            self.house.settings["DATABASE_URL"].replace("+psycopg", ""), autocommit=True
        ) as connection:
            connection.execute(f"ALTER SYSTEM SET railhead.clock_offset = '{self.leaps * LEASE_SECONDS} s'")
            connection.execute("SELECT pg_reload_conf()")

    def kill(self, name: str) -> None:
        """``kill -9``; the supervisor will start it again, at once. One that is down already has been killed."""
        post = self.supervisor.posts[name]
        if post.pid is None:
            return
        os.kill(post.pid, signal.SIGKILL)
        self.supervisor.until(lambda: post.start_again_at is not None, 10)
        post.start_again_at = post.deaths_in_a_row = 0

    def cut(self, seconds: float) -> None:
        """Let nobody reach Horizon for a while."""
        self.network.fault("unavailable", times=0)
        threading.Timer(seconds, self.network.heal).start()

    @contextmanager
    def down(self, *names: str) -> Iterator[None]:
        """Within the block these programs do not run; they are ended in this order, and started in the reverse."""
        for name in names:
            self.supervisor.kill(name)
        yield
        for name in reversed(names):
            self.supervisor.start(name)

    def arm(self, name: str, failpoints: Mapping[str, str]) -> Path:
        """Start a program anew, with failpoints that strike once each; return the directory of those that have."""
        post, once = self.supervisor.posts[name], own_directory(self.house.home / f"failpoints-{time.monotonic_ns()}")
        plain, orders = post.program, ",".join(f"{point}={order}" for point, order in failpoints.items())
        environment = {"FAILPOINTS": orders, "FAILPOINTS_ONCE": str(once)}
        post.program = replace(plain, environment={**plain.environment, **environment})
        self.supervisor.kill(name)
        self.supervisor.start(name)
        return once

    def channels(self) -> list[str]:
        """The accounts that lend their numbers to our payments."""
        with self.app.app_context(), transaction() as session:
            return list(session.scalars(select(Channel.address).where(Channel.state.in_(WORKING))))

    def witnesses(self) -> Mapping[str, Any]:
        """What must be true after every journey, as bank, books and rows tell it."""
        told_by_bank = journal(self.house.bank_journal)
        received = Counter(entry["key"] for entry in told_by_bank if entry["event"] == "received")
        with self.app.app_context(), transaction() as session:
            return {
                "orders the bank received twice": [key for key, count in received.items() if count > 1],
                "orders repeated to the bank": [entry for entry in told_by_bank if entry["event"] == "repeated"],
                "books that do not balance": [row for row in ledger.trial_balance(session) if not row.balanced],
                "rows that wait for nothing": {
                    model.__tablename__: count for model in machines() if (count := _forgotten(session, model))
                },
            }


def _forgotten(session: Any, model: Any) -> int:
    waiting = model.state.in_(model.machine.named("wakes", "waits")), model.due_at.is_(None)
    return session.scalar(select(func.count()).select_from(model).where(*waiting))


IN_ORDER = {
    "orders the bank received twice": [],
    "orders repeated to the bank": [],
    "books that do not balance": [],
    "rows that wait for nothing": {},
}


def failures(outcomes: Sequence[Outcome]) -> list[str]:
    return [str(outcome) for outcome in outcomes if outcome.why]


@pytest.fixture(scope="session")
def running() -> Iterator[Journey]:
    home = own_directory(scratch_directory() / "house")
    plan = Plan(home, ledger_seconds=0.5, settle_seconds=0.5, postgres=IN_A_HURRY)
    house = House(plan)
    with house.supervisor() as supervisor:
        yield Journey(house, supervisor)
    shutil.rmtree(home)


@pytest.fixture
def journey(running: Journey) -> Iterator[Journey]:
    """The house, whose witnesses are asked afterwards whether all is in order."""
    yield running
    running.network.heal()
    running.leap(0)
    assert running.witnesses() == IN_ORDER
    with running.app.app_context():
        db.engine.dispose()
