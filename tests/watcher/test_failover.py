"""Two nodes over one ledger: a reading comes from one of them, the next reading from the other when that fails."""

import time
from contextlib import suppress

import pytest

from app.errors import Unavailable
from app.sandbox.network.local import network
from app.stellar import nodes
from app.watcher.models import Stream
from app.watcher.run import catch_up
from tests.watcher.conftest import World, in_suspense, observed
from tests.watcher.test_run import eventually, watching

LUMEN = 10_000_000


@pytest.fixture(scope="module")
def populated():
    with network(close_seconds=0, nodes=2) as handle:
        yield World(handle)


@pytest.fixture
def settings(settings, populated):
    return settings | {"HORIZON_URL": " ".join(populated.network.urls)}


@pytest.fixture(autouse=True)
def watched(app, world, monkeypatch):
    monkeypatch.setattr(nodes, "GLANCE_SECONDS", 0)
    nodes._pool.cache_clear()
    pool = nodes.pool(app.config)
    while pool.one() is not pool.nodes[0]:
        time.sleep(0.01)  # the other was the first to be known
    yield pool
    world.network.lag(0, node=1)


@pytest.mark.parametrize("where", ["", "/operations", "/ledgers"])
def test_when_a_node_fails_the_next_reading_is_the_others(app, session, world, account, where):
    world.pay(account)
    world.network.fault("unavailable", node=0, times=0, match=where)
    with suppress(Unavailable):
        catch_up(app)  # the first one's, unless a glance has told already that it fails
    catch_up(app)
    assert len(observed(session)) == 1
    world.network.heal()
    world.pay(account)
    assert catch_up(app) == 1  # from the cursor that the first one's reading would have had
    assert in_suspense(session) == 2 * LUMEN


def test_what_was_read_is_what_the_node_had_that_was_read_from(app, session, world, account, watched):
    assert catch_up(app) == 0
    world.network.lag(2, node=1)
    world.pay(account)
    world.network.close(1)
    watched.nodes[0].fail("for this test")
    assert catch_up(app) == 0
    session.expire_all()
    stream = session.get_one(Stream, account)
    assert stream.read_ledger <= world.ledger - 2
    world.network.lag(0, node=1)
    assert catch_up(app) == 1
    session.expire_all()
    assert stream.read_ledger == world.ledger


def test_a_stream_is_stopped_only_when_no_node_knows_our_past(app, session, world, account, watched):
    session.execute(Stream.__table__.update().values(known_hash="0" * 64, known_ledger=1))
    session.commit()
    for _ in watched.nodes:
        assert catch_up(app) == 0
        session.expire_all()
        assert session.get_one(Stream, account).state == "following"
    assert catch_up(app) == 0
    session.expire_all()
    stream = session.get_one(Stream, account)
    assert stream.state == "stopped" and "is not the one we know" in stream.reason


def test_a_watcher_goes_on_when_the_node_it_listens_to_dies(app, session, world, account):
    with watching(app):
        world.pay(account)
        eventually(lambda: len(observed(session)) == 1)
        world.pay(account)
        world.network.fault("unavailable", node=0, times=0)
        world.network.close()
        eventually(lambda: len(observed(session)) == 2)
    assert in_suspense(session) == 2 * LUMEN
