"""Deletes what has had its day: files nobody used, challenges that can no longer be answered."""

from sqlalchemy.orm import Session

from app.customers import files
from app.organizations import service as organizations
from tasks.drain import drain, step


def forget_expired(session: Session, limit: int) -> int:
    return max(files.expire(session, limit), organizations.forget_challenges(session, limit))


@drain()
def forget() -> bool:
    return step("forget", forget_expired)
