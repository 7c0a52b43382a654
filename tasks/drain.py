"""The two shapes of a drain.

``step``    work that needs nobody else: claim and change rows, commit, again while there are more.
``errand``  work that asks a stranger: claim → act → record. Claiming commits before anything is asked; the act runs in
            a thread with no application context, so it cannot reach a session; what it brought back is recorded in a
            new transaction, under the fence of the claim.

An act that hangs costs a thread and its own rows. The errand stops waiting for it when its budget ends; the answer
is still recorded when it comes, unless the lease has ended by then and somebody else holds the row.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import Flask, current_app
from sqlalchemy.orm import Session

from app import log as logs
from app.db import transaction
from app.failpoint import failpoint
from app.metrics import tick
from tasks import celery
from tasks.topics import wake

log = logging.getLogger(__name__)

Job = TypeVar("Job")
Work = Callable[..., bool]

ONE: Callable[[], Sequence[str]] = lambda: [""]  # noqa: E731  a drain that is nobody's in particular
LINGER_SECONDS = 2  # how long an errand waits for a place, or for its acts to end
IDLE_SECONDS = 1
DRAINS: dict[str, "Run"] = {}


@dataclass(frozen=True)
class Run:
    """A drain: ``work`` for each of its owners, all in one process (``flask drain``) or a message each (Celery)."""

    name: str
    work: Work
    owners: Callable[[], Sequence[str]]

    def once(self, owner: str = "") -> bool:
        """Run for one owner and say whether there may be more; what goes wrong stands in the drain's tick."""
        try:
            return self.work() if self.owners is ONE else self.work(owner)
        except Exception as error:
            note(self.name, 0, f"{type(error).__name__}")
            raise

    def message(self, owner: str = "") -> None:
        """Answer one message: for its owner, or, where it names none of ours, as beat does, by a message to each."""
        if self.owners is not ONE and owner not in self.owners():
            for each in self.owners():
                wake(self.name, each)
        elif self.once(owner):
            wake(self.name, owner)


def drain(owners: Callable[[], Sequence[str]] = ONE) -> Callable[[Work], Work]:
    """Make a function a drain: a Celery task ``tasks.<name>``, and a name for ``flask drain``."""

    def register(work: Work) -> Work:
        run = DRAINS[work.__name__] = Run(work.__name__, work, owners)
        celery.task(name=f"tasks.{run.name}", typing=False)(run.message)  # typing: Celery would want a `self`
        return work

    return register


@dataclass(frozen=True)
class Errand(Generic[Job]):
    """What to do with a stranger. ``record`` gets what ``act`` returned, or the exception it raised."""

    claim: Callable[[Session, int], Sequence[Job]]
    act: Callable[[Job], Any]
    record: Callable[[Session, Job, Any], None]
    threads: int = 4
    timeout_seconds: int = 30  # after this a silent act no longer keeps others from its thread's place
    refill: int = 1  # places that must be free before more is claimed: where acts are short, a few claims do for many


class Places:
    """How many acts of one errand may run at once in this process, and which are still running."""

    def __init__(self, name: str, count: int):
        self.name = name
        self.count = count
        self.taken: set[int] = set()
        self.running: set[threading.Thread] = set()
        self.changed = threading.Condition()

    def free(self) -> int:
        with self.changed:
            return self.count - len(self.taken)

    def take(self, thread: threading.Thread) -> None:
        with self.changed:
            self.taken.add(id(thread))
            self.running.add(thread)

    def leave(self, thread: threading.Thread, ended: bool = True) -> None:
        with self.changed:
            self.taken.discard(id(thread))
            if ended:
                self.running.discard(thread)
            self.changed.notify_all()

    def wait(self, seconds: float, free: int) -> None:
        """Wait until so many places are free."""
        with self.changed:
            self.changed.wait_for(lambda: self.count - len(self.taken) >= free, timeout=max(0, seconds))

    def rest(self, seconds: float) -> None:
        """Wait until nothing runs any more, those who lost their place included."""
        with self.changed:
            self.changed.wait_for(lambda: not self.running, timeout=max(0, seconds))


_idle: dict[str, float] = {}  # when a drain's tick was last left
_places: dict[str, Places] = {}
_places_lock = threading.Lock()


def places(name: str, owner: str, count: int) -> Places:
    with _places_lock:
        return _places.setdefault(f"{name} {owner}", Places(name, count))


def step(name: str, work: Callable[[Session, int], int], limit: int = 100, budget_seconds: int = 20) -> bool:
    """Run ``work`` until it finds fewer than ``limit`` rows or the budget ends; say whether there may be more."""
    end, rows, more = time.monotonic() + budget_seconds, 0, True
    while more and time.monotonic() < end:
        with transaction() as session:
            done = work(session, limit)
        rows, more = rows + done, done >= limit
    note(name, rows)
    return more


def errand(name: str, owner: str, errand: Errand[Any], budget_seconds: int = 10) -> bool:
    """Claim as many rows as there are free places, act on each in a thread, refill while there is more to claim.

    Acts that are slow are not waited for: what they hear they record themselves. Returns whether there is more to do
    at once: not while slow acts hold every place.
    """
    house = current_app._get_current_object()  # type: ignore[attr-defined]
    room = places(name, owner, errand.threads)
    end, rows, more = time.monotonic() + budget_seconds, 0, True
    while more and time.monotonic() < end:
        free = room.free()
        jobs = _claim(errand, free)
        if jobs:
            failpoint(f"claimed:{name}")
        for job in jobs:
            _start(house, room, errand, job)
        rows, more = rows + len(jobs), 0 < free <= len(jobs)
        room.wait(min(LINGER_SECONDS, end - time.monotonic()), free=errand.refill if more else room.count)
    note(name, rows)
    return more and room.free() > 0


def finish(seconds: float) -> None:
    """Wait for acts still running: before a process ends, what they learn should be recorded."""
    end = time.monotonic() + seconds
    for room in list(_places.values()):
        room.rest(end - time.monotonic())


def note(name: str, rows: int, error: str = "") -> None:
    """Leave the drain's tick; that there was nothing to do is said once a second."""
    if not (rows or error) and time.monotonic() < _idle.get(name, 0) + IDLE_SECONDS:
        return
    _idle[name] = time.monotonic()
    with transaction() as session:
        tick(session, name, rows, error)


def _claim(errand: Errand[Job], count: int) -> Sequence[Job]:
    if count < 1:
        return []
    with transaction() as session:
        return errand.claim(session, count)


def _start(house: Flask, room: Places, errand: Errand[Any], job: Any) -> None:
    thread = threading.Thread(target=lambda: _run(house, room, errand, job), daemon=True)
    patience = threading.Timer(errand.timeout_seconds, lambda: room.leave(thread, ended=False))
    patience.daemon = True
    room.take(thread)
    patience.start()
    thread.patience = patience  # type: ignore[attr-defined]
    thread.start()


def _run(house: Flask, room: Places, errand: Errand[Any], job: Any) -> None:
    thread = threading.current_thread()
    try:
        fact = _act(errand, job)
        failpoint(f"acted:{room.name}")
        with house.app_context(), transaction() as session:
            errand.record(session, job, fact)
    except Exception:
        log.exception("not recorded: the row is looked at again when its lease ends", extra={"job": _name(job)})
    finally:
        thread.patience.cancel()  # type: ignore[attr-defined]
        room.leave(thread)


def _act(errand: Errand[Any], job: Any) -> Any:
    with logs.bind(job=_name(job)):
        try:
            return errand.act(job)
        except Exception as error:  # noqa: BLE001 a stranger may do anything; what it did is recorded as it is
            log.warning("an act raised", extra={"job": _name(job), "error": logs.told(error)})
            return error


def _name(job: Any) -> str:
    return str(getattr(job, "id", ""))
