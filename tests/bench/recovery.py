"""How long payments wait when a worker dies by ``kill -9`` at the worst moments, with leases as they are by default.

A failpoint kills a pool child; the whole worker goes with it, and is started again. With the broker gone, the same is
done to ``flask drain --all --loop``.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from sqlalchemy import func, select

from app.clock import read
from app.db import transaction
from app.sandbox.state import own_directory
from app.sandbox.supervisor import Supervisor
from app.submission.models import Order, Settlement
from tests.bench.figures import Figure, percentile
from tests.bench.installation import Installation, Plan, installed, order, over
from tests.bench.population import Population

WINDOWS = ("claimed:submit_payments", "after_persist", "after_post", "before_settle_commit")
PAYMENTS = 200  # under way at each kill
SECONDS = 60  # for 99 of 100, at most
PATIENCE_SECONDS = 180
PEOPLE = Population(channels=4)


def with_broker() -> Iterator[Figure]:
    """A worker of two processes beside beat."""
    plan = Plan("recovery", PEOPLE, ledger_seconds=5, workers=1)
    yield from _killed(plan, "worker-1", "recovery after kill -9 of a worker, p99")


def without_broker() -> Iterator[Figure]:
    """Neither Redis nor Celery: an operator's loop."""
    plan = Plan("recovery", PEOPLE, ledger_seconds=5, looping=True)
    yield from _killed(plan, "drain", "the same, broker stopped, `flask drain --all --loop`")


def _killed(plan: Plan, victim: str, name: str) -> Iterator[Figure]:
    waits: list[int] = []
    with installed(plan) as (installation, supervisor):
        for number, window in enumerate(WINDOWS, start=1):
            with _armed(installation, supervisor, victim, window) as struck:
                order(PAYMENTS, plan.population.payee, window)
                supervisor.until(struck.exists, PATIENCE_SECONDS)
            killed_at = _kill(supervisor, victim)
            supervisor.until(partial(over, number * PAYMENTS), PATIENCE_SECONDS)
            waits += _waits(window, killed_at)
    p99 = percentile(waits, 99)
    yield Figure(name, f"{p99} s", f"≤ {SECONDS} s", p99 <= SECONDS)


@contextmanager
def _armed(installation: Installation, supervisor: Supervisor, victim: str, window: str) -> Iterator[Path]:
    """Start ``victim`` anew with a failpoint that kills once; yields the file that is there when it has."""
    post, once = supervisor.posts[victim], own_directory(installation.home / f"once-{window}")
    program = post.program
    orders = {"FAILPOINTS": f"{window}=kill", "FAILPOINTS_ONCE": str(once)}
    post.program = replace(program, environment={**program.environment, **orders})
    supervisor.restart(victim)
    yield once / window
    post.program = program


def _kill(supervisor: Supervisor, victim: str) -> int:
    """Kill what is left of ``victim``, which will be started again at once; return the database's time of that."""
    post = supervisor.posts[victim]
    if post.pid is not None:
        os.kill(post.pid, signal.SIGKILL)
    post.deaths_in_a_row = 0
    with transaction() as session:
        return int(read(session).timestamp())


def _waits(prefix: str, killed_at: int) -> list[int]:
    """Return how many seconds after the kill each order settled."""
    settled = func.ceil(func.extract("epoch", Settlement.at))
    these = select(settled).join(Order, Order.id == Settlement.order_id).where(Order.owner_key.startswith(prefix))
    with transaction() as session:
        return [int(at) - killed_at for at in session.scalars(these)]
