"""Deletes what has had its day: files nobody used, challenges that can no longer be answered, old messages, payees."""

from sqlalchemy.orm import Session

from app.anchor import parties
from app.customers import files
from app.messages import service as messages
from app.organizations import service as organizations
from tasks.drain import drain, step

FORGETFUL = (files.expire, organizations.forget_challenges, messages.prune, parties.forget_payees)


def forget_expired(session: Session, limit: int) -> int:
    return max([erase(session, limit) for erase in FORGETFUL])


@drain()
def forget() -> bool:
    return step("forget", forget_expired)
