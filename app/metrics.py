"""What we count. Ticks say when each drain last ran; everything about rows is asked of the database at scrape.

A counter kept in a process would be lost with it and differ from worker to worker; rows do neither.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import extract, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.clock import now
from app.db import Base
from app.states import Lifecycle, machines


class Tick(Base):
    """When a drain last ran, how many rows it moved, and what went wrong, if anything."""

    __tablename__ = "tick"
    drain: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=now())
    rows: Mapped[int]
    error: Mapped[str] = mapped_column(server_default="")


def tick(session: Session, drain: str, rows: int, error: str = "") -> None:
    """Write down that ``drain`` ran just now."""
    values = {"drain": drain, "at": now(), "rows": rows, "error": error[:200]}
    session.execute(insert(Tick).values(values).on_conflict_do_update(index_elements=[Tick.drain], set_=values))


def standing(session: Session, model: type[Lifecycle]) -> dict[str, tuple[int, int]]:
    """Return how many rows of ``model`` stand in each state to be left, and how late the latest is, in seconds."""
    table = model.__table__
    late = func.coalesce(func.max(extract("epoch", now() - table.c.due_at)), 0)
    found = session.execute(
        select(table.c.state, func.count(), func.greatest(late, 0))
        .where(table.c.state.in_(model.machine.named("wakes", "waits")))
        .group_by(table.c.state)
    )
    return {state: (count, int(seconds)) for state, count, seconds in found}


class _Rows(Collector):
    """The rows' own story, read when somebody asks."""

    def __init__(self, session: Session):
        self.session = session

    def collect(self) -> Iterator[Metric]:
        rows = GaugeMetricFamily("railhead_rows", "Rows that still have a way to go", labels=["table", "state"])
        late = GaugeMetricFamily("railhead_overdue_seconds", "How late the latest row is", labels=["table", "state"])
        for model in machines():
            for state, (count, seconds) in standing(self.session, model).items():
                rows.add_metric([model.__table__.name, state], count)
                late.add_metric([model.__table__.name, state], seconds)
        yield rows
        yield late
        yield self._ticks()

    def _ticks(self) -> Metric:
        ages = GaugeMetricFamily("railhead_tick_age_seconds", "Time since a drain last ran", labels=["drain"])
        for drain, age in self.session.execute(select(Tick.drain, extract("epoch", now() - Tick.at))):
            ages.add_metric([drain], int(age))
        return ages


def exposition(session: Session, more: Iterable[Collector] = ()) -> bytes:
    """Return everything we count, as Prometheus reads it."""
    registry = CollectorRegistry()
    for collector in (_Rows(session), *more):
        registry.register(collector)
    return generate_latest(registry)
