"""Finds whatever is overdue and wakes it: the safety net under every wake-up."""

from sqlalchemy.orm import Session

from app.states import machines, overdue
from tasks.drain import drain, step
from tasks.topics import publish


def wake_overdue(session: Session, _limit: int) -> int:
    """Publish the topic of every state in which a row is due."""
    publish([topic for model in machines() for topic in overdue(session, model)])
    return 0


@drain()
def sweep() -> bool:
    return step("sweep", wake_overdue)
