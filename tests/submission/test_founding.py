"""A treasury lends its own numbers only as long as nobody else does."""

from collections.abc import Callable

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.clock import now
from app.organizations.models import Organization
from app.submission import drains
from app.submission.models import Channel
from app.submission.service import NewOrder, request
from tests.submission.conftest import TREASURY, World, add_channel


def standing(session: Session) -> str:
    return session.scalars(select(Channel.state).where(Channel.address == TREASURY.public_key)).one()


def test_a_treasury_whose_batch_is_open_when_a_channel_opens_stops_lending_afterwards(
    world: World, session: Session, organization: Organization, wish: Callable[..., NewOrder]
) -> None:
    founded = add_channel(world, session, organization)
    session.execute(update(Channel).values(state="founding", due_at=now()).where(Channel.address == founded))
    add_channel(world, session, organization, lending=TREASURY)
    request(session, wish())
    session.commit()
    drains.run([drains.FORM, drains.SIGN, drains.TURN])
    drains.run([drains.OPEN])
    assert session.get_one(Channel, founded).state == "open"
    assert standing(session) == "open"  # its number is not spent yet
    session.rollback()
    world.settle()
    assert standing(session) == "retired"
