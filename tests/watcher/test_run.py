"""The loop: led by one, told by hints or not, cut off, killed, taken over."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from flask import Flask
from sqlalchemy import text

from app.db import db
from app.sandbox.network.local import network
from app.stellar import nodes
from app.watcher import service
from app.watcher.hints import Hints, growing_pauses
from app.watcher.leader import Leader
from app.watcher.models import Stream
from app.watcher.run import catch_up, run
from tests.watcher.conftest import in_suspense, observed

LUMEN = 10_000_000
PATIENCE_SECONDS = 30


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until ``holds``, or fail."""
    patience = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < patience, "it never came to hold"
        time.sleep(0.02)


@contextmanager
def watching(app: Flask) -> Iterator[None]:
    """Run a watcher in a thread, until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(app, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


LEADS = """
FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND datname = current_database()
"""


def leaders() -> int:
    """Return how many streams are led."""
    return db.session().scalar(text(f"SELECT count(*) {LEADS}")) or 0


def test_what_happens_is_written_down_as_ledgers_close(app, session, world, account):
    with watching(app):
        for number in range(1, 4):
            world.pay(account, str(number))
            eventually(lambda expected=number: len(observed(session)) == expected)
    assert in_suspense(session) == 6 * LUMEN


@pytest.mark.parametrize(
    "fault, times",
    [("cut", 0), ("byebye", 0), ("stream_error", 0), ("duplicate", 0), ("silence", 0), ("busy", 2), ("unavailable", 2)],
)
def test_a_stream_of_hints_that_fails_costs_no_operation(app, session, world, account, fault, times):
    world.network.fault(fault, times=times, match="/ledgers", seconds=1)
    with watching(app):
        for expected in (1, 2):
            world.pay(account)
            eventually(lambda expected=expected: len(observed(session)) == expected)
    assert in_suspense(session) == 2 * LUMEN


def test_a_hint_comes_when_a_ledger_closes(app, world):
    stop = threading.Event()
    hints = Hints(nodes.pool(app.config), PATIENCE_SECONDS, stop)
    world.network.interval(0.2)
    hints.wait()
    stop.set()
    hints.thread.join(PATIENCE_SECONDS)
    assert not hints.thread.is_alive()


def test_a_node_that_refuses_connections_is_asked_again_until_it_answers(app, session, organization_id, treasury):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    app.config["HORIZON_URL"] = f"http://127.0.0.1:{port}"
    service.follow(session, organization_id, treasury.public_key, service.before_ledger(1))
    session.commit()
    with watching(app):
        time.sleep(0.5)
        with network(port=port, close_seconds=0, passphrase=app.config["NETWORK_PASSPHRASE"]) as late:
            late.fund(treasury.public_key)
            eventually(lambda: len(observed(session)) == 1)


def test_of_two_watchers_one_leads_and_the_other_takes_over(app, session, world, account):
    with ExitStack() as second:
        with watching(app):
            eventually(lambda: leaders() == 1)
            second.enter_context(watching(app))
            world.pay(account)
            eventually(lambda: len(observed(session)) == 1)
        world.pay(account)
        eventually(lambda: len(observed(session)) == 2)
    eventually(lambda: leaders() == 0)  # PostgreSQL lets go when it notices that the connection is gone
    assert in_suspense(session) == 2 * LUMEN


def test_two_that_both_believe_to_lead_write_everything_once(app, session, world, account, monkeypatch):
    monkeypatch.setattr(Leader, "lead", lambda self, accounts: set(accounts))
    with watching(app), watching(app), watching(app):
        for _ in range(8):
            world.pay(account, "1", count=30)
        eventually(lambda: len(observed(session)) == 240)
    assert in_suspense(session) == 240 * LUMEN


def test_a_leader_whose_database_connection_breaks_begins_again(app, session, world, account):
    with watching(app):
        eventually(lambda: leaders() == 1)
        db.session().execute(text(f"SELECT pg_terminate_backend(pid) {LEADS}"))
        world.pay(account)
        eventually(lambda: len(observed(session)) == 1)


def test_leading_ends_with_the_connection(app):
    with Leader(db.engine) as first, Leader(db.engine) as second:
        assert first.lead(["a", "b"]) == {"a", "b"}
        assert second.lead(["a", "c"]) == {"c"}
        assert first.lead(["a", "b", "c"]) == {"a", "b"}
        first.connection.close()
        eventually(lambda: second.lead(["a", "c"]) == {"a", "c"})


def test_a_stream_added_later_is_followed_too(app, session, world, organization_id, treasury):
    with watching(app):
        service.follow(session, organization_id, treasury.public_key, service.before_ledger(world.ledger + 1))
        session.commit()
        world.pay(treasury.public_key)
        eventually(lambda: len(observed(session)) == 1)


def test_without_a_lead_there_is_nothing_to_catch_up_with(app, session, world, account):
    world.pay(account)
    with Leader(db.engine) as elsewhere:
        elsewhere.lead([account])
        assert catch_up(app) == 0
    assert catch_up(app) == 1


def test_pauses_grow_and_differ():
    pauses = growing_pauses()
    drawn = [next(pauses) for _ in range(40)]
    assert max(drawn) <= 30 and max(drawn) > 1 and len(set(drawn)) > 30


CATCH_UP = "from app.factory import create_app; from app.watcher.run import catch_up; catch_up(create_app())"


@pytest.mark.parametrize("place, seen_before", [("watcher_before_commit", 0), ("watcher_after_commit", 3)])
def test_a_killed_watcher_neither_loses_nor_doubles(app, session, world, account, settings, place, seen_before):
    world.pay(account, "1", count=3)
    names = ("DATABASE_URL", "HORIZON_URL", "NETWORK_PASSPHRASE")
    environment = {**os.environ, **{name: settings[name] for name in names}, "FAILPOINTS": f"{place}=kill"}
    struck = subprocess.run([sys.executable, "-c", CATCH_UP], env=environment, capture_output=True)
    assert struck.returncode == -signal.SIGKILL, struck.stderr
    assert len(observed(session)) == seen_before
    eventually(lambda: leaders() == 0)
    assert catch_up(app) == 3 - seen_before
    assert len(observed(session)) == 3 and in_suspense(session) == 3 * LUMEN
    assert session.get_one(Stream, account).cursor == observed(session)[-1].operation_id
