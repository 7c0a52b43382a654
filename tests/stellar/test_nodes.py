"""Which of several nodes gets a question."""

import logging
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from stellar_sdk import BumpSequence, Keypair

from app.errors import Unavailable
from app.sandbox.network.local import Handle, network
from app.stellar import envelopes, horizon, nodes, signing
from app.stellar.nodes import BEHIND_LEDGERS_MAX, Pool, Watched

PATIENCE_SECONDS = 10
ALICE = Keypair.random().public_key


@pytest.fixture(scope="module")
def shared() -> Iterator[Handle]:
    with network(close_seconds=0, nodes=2) as handle:
        handle.fund(ALICE)
        yield handle


@pytest.fixture
def handle(shared: Handle, monkeypatch: pytest.MonkeyPatch) -> Iterator[Handle]:
    monkeypatch.setattr(nodes, "GLANCE_SECONDS", 0)
    monkeypatch.setattr("app.stellar.network.NODE_SECONDS", 0)
    yield shared
    shared.heal()
    for number in (0, 1):
        shared.lag(0, number)


@pytest.fixture
def pool(handle: Handle) -> Pool:
    pool = pool_of(handle, *handle.urls)
    eventually(lambda: number(pool) == 0)  # the other may be the first to be known
    return pool


def pool_of(handle: Handle, *urls: str) -> Pool:
    return Pool([Watched(url, handle.passphrase) for url in urls])


def number(pool: Pool) -> int:
    """Return which of the nodes would be asked."""
    return pool.nodes.index(pool.one())


def eventually(holds: Callable[[], bool]) -> None:
    patience = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < patience, "it never came to hold"
        time.sleep(0.01)


def test_the_first_that_is_well_is_asked(pool: Pool) -> None:
    assert {number(pool) for _ in range(5)} == {0}


def test_one_that_does_not_answer_is_left_alone_for_a_while_and_then_preferred_again(
    pool: Pool, handle: Handle, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pool.one()
    handle.fault("unavailable", node=0)
    with pytest.raises(Unavailable):
        first.account(ALICE)
    assert {number(pool) for _ in range(5)} == {1}
    monkeypatch.setattr(nodes, "REST_SECONDS", 0)
    eventually(lambda: number(pool) == 0)


def test_one_that_never_comes_back_is_not_tried_again(
    pool: Pool, handle: Handle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "REST_SECONDS", 0)
    assert number(pool) == 0
    handle.fault("unavailable", node=0, times=0)
    with pytest.raises(Unavailable):
        pool.nodes[0].ledger()
    assert {number(pool) for _ in range(20)} == {1}


@pytest.mark.parametrize("kind", ["timeout_landing", "timeout_never", "reset_before", "reset_after"])
def test_no_answer_to_what_is_handed_in_is_a_failure(pool: Pool, handle: Handle, kind: str) -> None:
    handle.fault(kind, node=0)
    assert handed_in(pool, handle) == "unknown"
    assert number(pool) == 1


@pytest.mark.parametrize("kind", ["try_again_later", "evict"])
def test_a_refusal_is_an_answer(pool: Pool, handle: Handle, kind: str) -> None:
    handle.fault(kind, node=0)
    assert handed_in(pool, handle) != "unknown"
    assert number(pool) == 0


def handed_in(pool: Pool, handle: Handle) -> str:
    """Hand something in at the node that is asked; return what it says."""
    key = Keypair.random()
    handle.fund(key.public_key)
    account = horizon.account(handle.url, key.public_key)
    assert account is not None
    plan = envelopes.Plan(key.public_key, account.sequence + 1, 1000, 0, [BumpSequence(0)])
    body = envelopes.build(plan, handle.passphrase)
    status = pool.one().submit(envelopes.seal(body, signing.sign(body.hash, [key]))).status
    handle.close()
    return status


def test_one_that_falls_behind_is_asked_again_when_it_has_caught_up(pool: Pool, handle: Handle) -> None:
    handle.lag(BEHIND_LEDGERS_MAX)
    handle.close(BEHIND_LEDGERS_MAX)
    assert {number(pool) for _ in range(5)} == {0}
    handle.lag(BEHIND_LEDGERS_MAX + 1)
    handle.close()
    eventually(lambda: number(pool) == 1)
    handle.lag(0)
    eventually(lambda: number(pool) == 0)


def test_where_none_is_well_the_preferred_one_is_asked(pool: Pool, handle: Handle) -> None:
    assert number(pool) == 0
    handle.fault("unavailable", times=0)
    for node in pool.nodes:
        with pytest.raises(Unavailable):
            node.ledger()
    assert {number(pool) for _ in range(5)} == {0}


def test_a_node_of_another_network_is_never_asked_and_called_out(
    handle: Handle, caplog: pytest.LogCaptureFixture
) -> None:
    with network(close_seconds=0, passphrase="Another Network") as other:
        pool = pool_of(handle, other.url, handle.url)
        with caplog.at_level(logging.ERROR):
            assert {number(pool) for _ in range(20)} == {1}
            eventually(lambda: pool.nodes[0].is_foreign)
        handle.fault("unavailable", times=0)
        with pytest.raises(Unavailable):
            pool.nodes[1].ledger()
        assert {number(pool) for _ in range(5)} == {1}
        errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
        assert errors == ["a node of another network: never asked"]
        with pytest.raises(Unavailable, match="NETWORK_PASSPHRASE"):
            pool_of(handle, other.url, other.url).one()


def test_a_node_that_hangs_holds_nobody_up(handle: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "PATIENCE_SECONDS", 3600)  # whoever waited for it would wait for ever
    with socket.create_server(("127.0.0.1", 0)) as silent:
        pool = pool_of(handle, f"http://127.0.0.1:{silent.getsockname()[1]}", handle.url)
        assert {number(pool) for _ in range(20)} == {1}


def test_a_single_node_is_simply_asked(handle: Handle) -> None:
    handle.fault("unavailable", times=0)
    pool = pool_of(handle, handle.url)
    with pytest.raises(Unavailable):
        pool.one().ledger()
    assert number(pool) == 0
    assert pool.nodes[0].seen is None
