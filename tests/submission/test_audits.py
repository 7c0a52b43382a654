"""A channel whose number is not ours any more takes no batch; one that is merely busy, or shown too late, goes on."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.clock import after
from app.db import transaction
from app.organizations.models import Organization
from app.submission import audits, drains
from app.submission.audits import Audit, Seen
from app.submission.models import Batch, Channel
from app.submission.service import NewOrder, request
from tests.submission.conftest import World, add_channel, hurry, key
from tests.submission.test_paying import states

Wish = Callable[..., NewOrder]


def stands(session: Session, channel: str) -> tuple[str, bool, str]:
    """Return the channel's state, whether it was audited, and why it is parked."""
    session.expire_all()
    row = session.get_one(Channel, channel)
    return row.state, row.audited_at is not None, row.reason


def asked() -> list[Audit]:
    with transaction() as session:
        return list(drains.AUDIT.claim(session, 10))


def recorded(audit: Audit, seen: Seen) -> None:
    with transaction() as session:
        drains.AUDIT.record(session, audit, seen)


def test_a_strayed_channel_is_parked_before_it_takes_a_batch(
    world: World, session: Session, wish: Wish, organization: Organization
) -> None:
    lending = key("a channel that somebody else uses before it is audited")
    address = add_channel(world, session, organization, lending)
    world.spend(lending)
    request(session, wish(owner_key="a"))
    session.commit()
    assert drains.run([drains.AUDIT]) == 1
    state, _, reason = stands(session, address)
    assert state == "parked" and f"`flask channels open {address}`" in reason
    world.work()
    assert states(session) == {"a": "ready"}
    assert session.scalars(select(Batch)).all() == []


def test_a_channel_whose_number_is_spent_by_somebody_else_takes_no_batch_after_the_one_it_has(
    world: World, session: Session, wish: Wish, organization: Organization
) -> None:
    lending = key("a channel that somebody else uses beside us")
    address = add_channel(world, session, organization, lending)
    request(session, wish(owner_key="a"))
    session.commit()
    world.work()
    world.network.close()
    world.spend(lending)
    drains.run([drains.AUDIT])
    assert stands(session, address)[0] == "parked"
    world.work()
    assert states(session) == {"a": "settled"}


def test_a_channel_that_is_as_it_should_be_is_left_alone_for_a_while(
    world: World, session: Session, channel: str
) -> None:
    assert drains.run([drains.AUDIT]) == 1
    assert stands(session, channel) == ("open", True, "")
    assert drains.run([drains.AUDIT]) == 0
    session.execute(update(Channel).values(audited_at=after(-audits.AUDIT_SECONDS - 1)))
    session.commit()
    assert drains.run([drains.AUDIT]) == 1


@pytest.mark.parametrize("when", ["before it is looked at", "after it was looked at"])
@pytest.mark.parametrize("begun", [0, 1, 2])
@pytest.mark.parametrize("done", [1, 2, 3, 4, 7])
def test_a_busy_channel_is_never_parked(
    world: World, session: Session, wish: Wish, channel: str, when: str, begun: int, done: int
) -> None:
    """Whatever part of a batch's life comes between the question and what is made of the answer."""
    request(session, wish(owner_key="a", memo_type="id", memo="1"))
    request(session, wish(owner_key="b", memo_type="id", memo="2"))
    session.commit()
    life = iter([*steps(world), *steps(world)])
    for _ in range(begun):
        next(life)()
    [audit] = asked()
    seen = drains.AUDIT.act(audit)
    for _ in range(done):
        next(life)()
    if when == "before it is looked at":
        seen = drains.AUDIT.act(audit)
    recorded(audit, seen)
    assert stands(session, channel)[0] == "open"
    for step in [*steps(world), *steps(world)]:
        step()
    assert states(session) == {"a": "settled", "b": "settled"}


def steps(world: World) -> list[Callable[[], object]]:
    """Return a batch's life, step by step."""

    def take(errand: drains.Errand) -> None:
        hurry()
        drains.run([errand])

    errands = [drains.FORM, drains.SIGN, drains.TURN]
    takes = [lambda errand=errand: take(errand) for errand in errands]
    return [*takes, world.network.close, takes[-1]]


def test_a_channel_that_moved_on_is_looked_at_again_soon(
    world: World, session: Session, wish: Wish, channel: str
) -> None:
    [audit] = asked()
    request(session, wish(owner_key="a"))
    session.commit()
    world.settle()
    recorded(audit, drains.AUDIT.act(audit))
    assert stands(session, channel) == ("open", False, "")
    session.execute(update(Channel).values(due_at=after(-1)))
    session.commit()
    assert drains.run([drains.AUDIT]) == 1
    assert stands(session, channel) == ("open", True, "")


def test_a_node_that_does_not_answer_leaves_it_to_the_next_time(world: World, session: Session, channel: str) -> None:
    world.network.fault("unavailable", times=0)
    assert drains.run([drains.AUDIT]) == 1
    assert stands(session, channel) == ("open", False, "")


def test_who_begins_to_work_has_everything_audited(app: Flask, session: Session, world: World, channel: str) -> None:
    drains.run([drains.AUDIT])
    assert stands(session, channel)[1]
    with transaction() as mine:
        assert audits.audited(mine) == [channel]
        audits.distrust(mine, channel)
    assert not stands(session, channel)[1]
    assert drains.run([drains.AUDIT]) == 1
