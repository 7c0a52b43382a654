"""Two nodes over one ledger, and the preferred one fails: payments go on, each once, and no question goes to both."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.sandbox.network.local import Handle, network
from app.stellar import horizon, nodes
from app.submission import drains, fittings
from app.submission.models import Attempt, Batch, Channel
from app.submission.service import NewOrder, outcome, request, request_all
from tests.submission.conftest import PAYEE, World, hurry
from tests.submission.door import Door
from tests.submission.test_paying import states

Wish = Callable[..., NewOrder]

LUMEN = 10_000_000
ERRANDS = (drains.FORM, drains.SIGN, drains.TURN)


class Recorder(HTTPAdapter):
    """Remembers which node was asked what. Glances are nobody's question."""

    asked: list[tuple[str, str]]

    def send(self, request: PreparedRequest, *rest: Any, **options: Any) -> Response:
        if threading.current_thread().name != "glance":
            asked = urlsplit(str(request.url))
            self.asked.append((asked.netloc, asked.path))
        return super().send(request, *rest, **options)


@pytest.fixture(scope="module")
def handle() -> Iterator[Handle]:
    with network(close_seconds=0, nodes=2) as handle:
        yield handle


@pytest.fixture(scope="module")
def door(handle: Handle) -> Iterator[Door]:
    """What the preferred node is behind."""
    door = Door(handle.url)
    yield door
    door.remove()


@pytest.fixture
def settings(settings: dict[str, Any], handle: Handle, door: Door) -> dict[str, Any]:
    return settings | {"HORIZON_URL": f"{door.url} {handle.urls[1]}"}


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch, world: World, door: Door) -> Iterator[Recorder]:
    monkeypatch.setattr(nodes, "GLANCE_SECONDS", 0)  # ledgers close faster here
    monkeypatch.setattr(horizon, "GET_SECONDS", (1, 1))
    monkeypatch.setattr(horizon, "POST_SECONDS", (1, 1))
    nodes._pool.cache_clear()
    session, recorder = horizon.session(), Recorder(pool_maxsize=32)
    recorder.asked = []
    usual = session.get_adapter("http://")
    session.mount("http://", recorder)
    while fittings.network() is not fittings.pool().nodes[0]:
        time.sleep(0.01)  # the other was the first to be known
    yield recorder
    session.mount("http://", usual)
    recorder.close()
    door.open()
    world.network.lag(0, node=1)


def work(recorder: Recorder) -> set[str]:
    """Let each errand have a round. As there is one batch at a time, each is one question: say who was asked."""
    asked = set()
    for errand in ERRANDS:
        hurry()
        recorder.asked.clear()
        drains.run([errand])
        of_one = {node for node, _ in recorder.asked}
        assert len(of_one) <= 1, recorder.asked
        asked |= of_one
    return asked


def strike(world: World, door: Door, how: str) -> None:
    if how == "hang":
        door.shut()
    elif how == "lag":
        world.network.lag(20, node=0)
    else:
        world.network.fault("unavailable", node=0, times=0, match=how)


@pytest.mark.parametrize("how", ["", "/transactions_async", "/transactions/", "/accounts/", "/ledgers", "hang", "lag"])
@pytest.mark.parametrize("closed", [False, True])
def test_when_the_preferred_node_fails_payments_go_on_with_the_next(
    world: World, session: Session, wish: Wish, channel: str, recorder: Recorder, door: Door, how: str, closed: bool
) -> None:
    before = world.held(PAYEE.public_key)
    request_all(session, [wish(owner_key=f"{n}", memo_type="id", memo=str(n)) for n in range(3)])
    session.commit()
    assert len(work(recorder)) == 1  # the first is handed in, to the node that will fail
    if closed:
        world.network.close()
    strike(world, door, how)
    for _ in range(12):
        work(recorder)
        world.network.close()
    assert set(states(session).values()) == {"settled"}
    world.network.heal()
    door.open()
    world.network.lag(0)
    assert world.held(PAYEE.public_key) - before == 3 * LUMEN
    assert session.scalar(select(func.count()).select_from(Attempt)) == 3


@pytest.mark.parametrize("landed", ["timeout_landing", "reset_after", "timeout_never", "reset_before"])
def test_what_the_preferred_node_took_without_an_answer_is_asked_of_one_that_lags(
    world: World, session: Session, wish: Wish, channel: str, recorder: Recorder, landed: str
) -> None:
    """The number is spent before the node that is asked has seen it: it says that it is a bad one."""
    before = world.held(PAYEE.public_key)
    request(session, wish(owner_key="a"))
    session.commit()
    work(recorder)
    world.network.lag(3, node=1)
    world.network.fault(landed, node=0)
    world.network.fault("unavailable", node=0, times=0)
    for _ in range(12):
        work(recorder)
        world.network.close()
    assert outcome(session, "anchor", "a").state == "settled"
    world.network.heal()
    assert world.held(PAYEE.public_key) - before == LUMEN
    assert session.scalar(select(func.count()).select_from(Attempt)) == 1


def test_what_one_node_has_told_another_need_not_repeat_before_it_has_come_as_far(
    world: World, session: Session, wish: Wish, channel: str, recorder: Recorder
) -> None:
    world.network.fault("timeout_never", times=0, match=channel)  # no ledger has it
    world.network.close(3)
    request(session, wish(owner_key="a"))
    session.commit()
    for _ in range(3):
        work(recorder)
    asked = session.scalars(select(Batch.asked_ledger)).one()
    world.network.lag(3, node=1)
    world.network.close(2)
    world.network.fault("unavailable", node=0, times=0)
    work(recorder)
    recorder.asked.clear()
    work(recorder)
    session.expire_all()
    assert session.scalars(select(Batch.asked_ledger)).one() == asked
    assert not [path for _, path in recorder.asked if path.startswith("/transactions/")]


def test_a_node_that_lags_has_no_channel_parked_and_is_told(
    world: World, session: Session, wish: Wish, channel: str, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    world.network.lag(2, node=1)
    request(session, wish(owner_key="a"))
    session.commit()
    work(recorder)
    world.network.close()
    work(recorder)
    assert states(session) == {"a": "settled"}
    fittings.pool().nodes[0].fail("for this test")
    assert drains.run([drains.AUDIT]) == 1
    row = session.get_one(Channel, channel)
    assert row.state == "open" and row.audited_at is not None
    assert any("the node that was asked is behind" in getattr(record, "why", "") for record in caplog.records)
