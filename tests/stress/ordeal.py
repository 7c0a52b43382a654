"""The ordeal: two workers pay, while their processes are killed and the network does what networks do; then it heals.

What must be true afterwards the witnesses say.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from app.sandbox.supervisor import Post, Supervisor
from tests.bench.installation import Plan, installed, order, over, standing
from tests.bench.population import Population
from tests.stress import witnesses

LOOK_SECONDS = 0.1
WORKERS = 2


@dataclass(frozen=True)
class Ordeal:
    """How much is paid, and how hard it is made. Kills and faults end after ``rage_seconds``, or when all is paid."""

    count: int = 10_000
    channels: int = 10
    memos: int = 1  # payments of different memos cannot travel together
    seed: int = 1
    ledger_seconds: float = 2
    weather_percent: int = 5  # of submissions, questions, streams and ledgers that meet a fault
    child_seconds: float = 2  # between two kills of a pool's process
    worker_seconds: float = 20  # between two kills of a whole worker
    rage_seconds: float = 600
    patience_seconds: float = 300  # when all is well again
    settings: Mapping[str, str] = field(default_factory=dict)
    postgres: Mapping[str, str] = field(default_factory=dict)


class Killer:
    """Kills as ``kill -9`` does: every so often a process of a pool, less often a whole worker."""

    def __init__(self, ordeal: Ordeal, victims: list[Post]):
        self.every = {self._child: ordeal.child_seconds, self._worker: ordeal.worker_seconds}
        self.due = {kill: time.monotonic() + seconds for kill, seconds in self.every.items()}
        self.victims = victims
        self.random = Random(ordeal.seed)  # noqa: S311  kills, not secrets
        self.kills = {"pool processes": 0, "workers": 0}

    def strike(self) -> None:
        """Kill whatever it is time for."""
        for kill, due in self.due.items():
            if time.monotonic() >= due:
                kill(self.random.choice(self.victims))
                self.due[kill] = time.monotonic() + self.every[kill]

    def _child(self, post: Post) -> None:
        pids = Path(f"/proc/{post.pid}/task/{post.pid}/children").read_text().split() if post.pid else []
        if pids:
            self._kill(int(self.random.choice(pids)), "pool processes")

    def _worker(self, post: Post) -> None:
        if post.pid:
            self._kill(post.pid, "workers")
        post.deaths_in_a_row = 0  # it is started again without delay

    def _kill(self, pid: int, whom: str) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.kills[whom] += 1


def undergo(ordeal: Ordeal, say: Callable[[str], None]) -> list[str]:
    """Go through it; return what the witnesses found wrong."""
    people = Population(ordeal.channels, payees=1000)
    plan = Plan(
        "stress", people, ordeal.ledger_seconds, workers=WORKERS, settings=ordeal.settings, postgres=ordeal.postgres
    )
    with installed(plan) as (installation, supervisor):
        killer = Killer(ordeal, [supervisor.posts[f"worker-{number}"] for number in range(1, WORKERS + 1)])
        order(ordeal.count, people.payee, memos=ordeal.memos)
        installation.network.weather(ordeal.seed, ordeal.weather_percent)
        began = time.monotonic()
        _rage(ordeal, supervisor, killer)
        say(f"{killer.kills} killed in {time.monotonic() - began:.0f} s; then orders stood as {standing()}")
        installation.network.heal()
        supervisor.until(lambda: over(ordeal.count), ordeal.patience_seconds)
        supervisor.until(witnesses.all_seen, ordeal.patience_seconds)
        say(f"all was over after {time.monotonic() - began:.0f} s")
        return witnesses.findings(installation.horizon_url, people, ordeal.count)


def _rage(ordeal: Ordeal, supervisor: Supervisor, killer: Killer) -> None:
    end = time.monotonic() + ordeal.rage_seconds
    while time.monotonic() < end and not over(ordeal.count):
        killer.strike()
        supervisor.tend()
        time.sleep(LOOK_SECONDS)
