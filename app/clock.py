"""What time it is: the database's answer, the same for every process.

``now()`` is a SQL expression: the start of the database transaction, shifted by ``railhead.clock_offset`` (an
interval), which only tests and the simulator set. No worker's own clock takes part in a decision.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Function, Interval, cast, func, literal, select
from sqlalchemy.orm import Session


def now() -> Function[datetime]:
    """The moment, in SQL."""
    return func.house_now()


def after(seconds: int) -> Any:
    """The moment ``seconds`` from now, in SQL."""
    return now() + cast(literal(timedelta(seconds=seconds)), Interval)


def shown(moment: datetime) -> str:
    """A moment as the SEPs write it: ISO 8601, UTC, to the second, ``Z``."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def read(session: Session) -> datetime:
    """The moment, in Python: aware, UTC."""
    return session.execute(select(now())).scalar_one()
