"""The two shapes of a drain: what is claimed is acted on, what is heard is recorded, nobody waits for a silent one."""

import threading

import pytest
from flask import has_app_context
from sqlalchemy import text

from app.db import db
from app.failpoint import armed
from app.metrics import Tick
from tasks import drain
from tasks.drain import Errand, Run, errand, finish, step


class Job:
    def __init__(self, id):
        self.id = id


class Counter:
    """A pile of jobs, and what became of them."""

    def __init__(self, *jobs):
        self.pile = [Job(job) for job in jobs]
        self.recorded = {}

    def claim(self, session, count):
        taken, self.pile = self.pile[:count], self.pile[count:]
        return taken

    def record(self, session, job, fact):
        session.execute(text("SELECT 1"))
        self.recorded[job.id] = fact


@pytest.fixture(autouse=True)
def fresh_places(monkeypatch):
    monkeypatch.setattr(drain, "_places", {})


def ticks(session):
    return {tick.drain: (tick.rows, tick.error) for tick in session.query(Tick)}


def test_a_step_goes_on_until_it_finds_too_little(session):
    found = [100, 100, 30, 5]
    assert step("count", lambda session, limit: found.pop(0)) is False
    assert found == [5]
    assert ticks(session) == {"count": (230, "")}


def test_an_errand_acts_without_a_session_and_records_with_one(app, session):
    counter = Counter(*range(10))
    seen = []

    def act(job):
        seen.append(has_app_context())
        with pytest.raises(RuntimeError, match="application context"):
            db.session()
        return job.id * 2

    assert errand("double", "", Errand(counter.claim, act, counter.record)) is False
    assert counter.recorded == {job: job * 2 for job in range(10)}
    assert not any(seen)
    assert ticks(session) == {"double": (10, "")}


def test_what_an_act_raises_is_recorded_like_any_answer(app):
    counter = Counter(1)

    def act(job):
        raise ConnectionError("cut")

    errand("cut", "", Errand(counter.claim, act, counter.record))
    assert isinstance(counter.recorded[1], ConnectionError)


def test_a_record_that_fails_keeps_no_other_from_being_recorded(app):
    counter = Counter(1, 2, 3)

    def record(session, job, fact):
        if job.id == 2:
            raise ValueError("no")
        counter.record(session, job, fact)

    errand("torn", "", Errand(counter.claim, lambda job: "done", record))
    assert counter.recorded == {1: "done", 3: "done"}


def test_nobody_waits_for_an_act_that_hangs_and_its_answer_is_recorded_when_it_comes(app):
    counter, go = Counter("hangs", *range(8)), threading.Event()

    def act(job):
        if job.id == "hangs":
            go.wait(30)
        return "heard"

    assert errand("slow", "", Errand(counter.claim, act, counter.record, threads=2), budget_seconds=1) is False
    assert counter.recorded == dict.fromkeys(range(8), "heard")
    go.set()
    finish(10)
    assert counter.recorded["hangs"] == "heard"


def test_a_hanging_rail_takes_no_place_of_another(app):
    go = threading.Event()
    hanging, other = Counter(*range(4)), Counter(*range(4))
    errand("pay", "stuck", Errand(hanging.claim, lambda job: go.wait(30), hanging.record), budget_seconds=1)
    errand("pay", "well", Errand(other.claim, lambda job: "paid", other.record))
    assert other.recorded == dict.fromkeys(range(4), "paid")
    assert hanging.recorded == {}
    go.set()
    finish(10)


def test_an_act_past_its_time_gives_its_place_to_the_next(app):
    go = threading.Event()
    counter = Counter("hangs", "waits")

    def act(job):
        return go.wait(30) if job.id == "hangs" else "heard"

    work = Errand(counter.claim, act, counter.record, threads=1, timeout_seconds=1)
    errand("patience", "", work, budget_seconds=5)
    assert counter.recorded == {"waits": "heard"}
    go.set()
    finish(10)


def test_with_every_place_taken_nothing_is_claimed(app):
    go = threading.Event()
    counter = Counter(1, 2)
    work = Errand(counter.claim, lambda job: go.wait(30), counter.record, threads=1)
    assert errand("full", "", work, budget_seconds=1) is False
    assert errand("full", "", work, budget_seconds=1) is False
    assert [job.id for job in counter.pile] == [2]
    go.set()
    finish(10)


def test_a_crash_between_act_and_record_leaves_the_row_to_its_lease(app):
    counter = Counter(1)
    with armed("acted:crash"):
        errand("crash", "", Errand(counter.claim, lambda job: "heard", counter.record))
    assert counter.recorded == {}


def test_what_breaks_a_drain_stands_in_its_tick(session):
    def work():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Run("breaks", work, drain.ONE).once()
    assert ticks(session) == {"breaks": (0, "ZeroDivisionError")}
