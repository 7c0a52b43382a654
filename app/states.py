"""State tables: the one place that says where a row may stand and how it may move.

A ``Machine`` is two short lists. *states* says what standing there means and what it asks for:

    wakes   somebody must act: a wake-up leaves with the commit, and again whenever ``due_at`` has passed
    waits   for the world outside; ``due_at`` is when we look again, or give up
    rests   nothing is left to do; ``due_at`` is empty
    tells   nothing is left to do here, and whoever asked for it is told: one wake-up leaves with the commit

*steps* says which event leads from where to where, and why. The same lists guard the UPDATE itself, so a lost race
changes no row; wake the next drain; tell the sweeper what is overdue; and are printed in the README.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import CTE, Identity, Index, Table, cast, func, insert, inspect, literal, select, update
from sqlalchemy import event as hooks
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column

from app.clock import after, now
from app.db import Base, as_table
from app.errors import WrongState

Row = TypeVar("Row", bound="Lifecycle")
Publish = Callable[[Iterable[str]], None]


@dataclass(frozen=True)
class State:
    name: str
    duty: str
    meaning: str


@dataclass(frozen=True)
class Step:
    source: str
    event: str
    target: str
    why: str


class Machine:
    """A lifecycle: its states and steps, read from two literal tables."""

    def __init__(self, name: str, states: Sequence[tuple[str, str, str]], steps: Sequence[tuple[str, str, str, str]]):
        self.name = name
        self.states = {row[0]: State(*row) for row in states}
        self.steps = [Step(*row) for row in steps]
        self.start = next(iter(self.states))
        self.target = {step.event: step.target for step in self.steps}
        for state in self.states.values():
            if state.duty not in ("wakes", "waits", "rests", "tells"):
                raise ValueError(f"{name}: {state.name} neither wakes, waits, rests nor tells")
        for step in self.steps:
            if {step.source, step.target} - set(self.states):
                raise ValueError(f"{name}: {step} leads from or to nowhere")
            if self.target[step.event] != step.target:
                raise ValueError(f"{name}: {step.event} leads to two places")

    def sources(self, event: str) -> list[str]:
        """Return the states in which ``event`` may happen."""
        return [step.source for step in self.steps if step.event == event]

    def named(self, *duties: str) -> list[str]:
        """Return the states with one of these duties."""
        return [state.name for state in self.states.values() if state.duty in duties]

    def markdown(self) -> str:
        """Return both tables as the README shows them."""
        states = ["| state | | meaning |", "|---|---|---|"]
        states += [f"| `{s.name}` | {s.duty} | {s.meaning} |" for s in self.states.values()]
        steps = ["| from | event | to | why |", "|---|---|---|---|"]
        steps += [f"| `{s.source}` | {s.event} | `{s.target}` | {s.why} |" for s in self.steps]
        return "\n".join([*states, "", *steps])


class History(Base):
    """One row for each move of anything, never changed."""

    __tablename__ = "history"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=now())
    subject: Mapped[str]
    subject_id: Mapped[str]
    event: Mapped[str]
    source: Mapped[str]
    target: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (Index(None, "subject", "subject_id"),)


class Lifecycle:
    """Columns of every row that moves through a machine. ``due_at`` is when to look next; ``fence`` counts claims."""

    machine: ClassVar[Machine]
    topic_column: ClassVar[str] = ""  # wake-ups name this column's value too: "order.settled.anchor"
    __table__: ClassVar[Any]  # a Table, as soon as the class is mapped

    state: Mapped[str]
    due_at: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(server_default="0")
    attempts: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    updated_at: Mapped[datetime] = mapped_column(server_default=now())

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return (cls.due_index(),)

    @classmethod
    def due_index(cls) -> Index:
        """Return the index every drain of this table reads: where a row stands and when it is due."""
        columns = ["state", *([cls.topic_column] if cls.topic_column else []), "due_at"]
        return Index(None, *columns)


def begin(session: Session, row: Row, due_at: Any = None, state: str = "") -> Row:
    """Put a new row on the first square of its table, or on ``state``; note it and wake whom that concerns."""
    row.state = state or row.machine.start
    row.due_at = _due(row.machine, row.state, due_at)
    session.add(row)
    session.flush()
    subject = row.__table__.name
    session.execute(
        insert(History).values(
            subject=subject, subject_id=str(_key(row)), event="begin", source="", target=row.state, note=""
        )
    )
    _wake(session, type(row), row.state, [getattr(row, row.topic_column)] if row.topic_column else [""])
    return row


def begin_all(
    session: Session, model: type[Row], rows: Sequence[dict[str, Any]], unique: Sequence[str], state: str = ""
) -> list[Any]:
    """Put many new rows on the first square of their table, or on ``state``; return their keys. A few statements.

    A row whose ``unique`` columns stand in the table already is left out: whoever repeats himself begins nothing.
    """
    if not rows:
        return []
    machine, table = model.machine, model.__table__
    state = state or machine.start
    given, columns = _given(table, rows)
    key = table.primary_key.columns[0]
    owner = table.c[model.topic_column] if model.topic_column else literal("")
    due_at = cast(_due(machine, state, None), table.c.due_at.type)
    begun = (
        upsert(table)
        .from_select([*columns, "state", "due_at"], select(given, literal(state), due_at), include_defaults=False)
        .on_conflict_do_nothing(index_elements=unique)
        .returning(key.label("key"), literal("").label("source"), owner.label("owner"))
        .cte("begun")
    )
    noted = _noted(table, begun, "begin", state, "")
    fresh = session.execute(select(begun.c.key, begun.c.owner).add_cte(noted)).all()
    _wake(session, model, state, {row.owner for row in fresh})
    return [row.key for row in fresh]


def move(
    session: Session, model: type[Row], event: str, *where: Any, due_at: Any = None, note: str = "", **facts: Any
) -> list[Any]:
    """Apply ``event`` to every row matching ``where`` that may take it, in one statement; return their keys.

    ``facts`` are columns set with the move. ``due_at`` must be given where the new state waits; where it wakes, it
    is now unless given. Each row's move is noted in ``history`` by the same statement.
    """
    machine, table = model.machine, model.__table__
    target = machine.target[event]
    session.flush()
    key = table.primary_key.columns[0]
    source = (
        select(key.label("key"), table.c.state)
        .where(*where, table.c.state.in_(machine.sources(event)))
        .with_for_update(of=table)
        .cte("source")
    )
    owner = table.c[model.topic_column] if model.topic_column else literal("")
    moved = (
        update(table)
        .where(key == source.c.key)
        .values({"state": target, "due_at": _due(machine, target, due_at), "updated_at": now(), **facts})
        .returning(key.label("key"), source.c.state.label("source"), owner.label("owner"))
        .cte("moved")
    )
    noted = _noted(table, moved, event, target, note)
    rows = session.execute(select(moved.c.key, moved.c.owner).add_cte(noted)).all()
    _forget(session, model, [row.key for row in rows])
    _wake(session, model, target, {row.owner for row in rows})
    return [row.key for row in rows]


def move_one(session: Session, row: Row, event: str, **facts: Any) -> Row:
    """Apply ``event`` to ``row``, or raise WrongState."""
    key = row.__table__.primary_key.columns[0]
    if not move(session, type(row), event, key == _key(row), **facts):
        session.refresh(row)
        raise WrongState(f"{row.machine.name} {_key(row)} may not {event} while {row.state}", state=row.state)
    return row


def claim(
    session: Session, model: type[Row], states: Sequence[str], *where: Any, limit: int, lease_seconds: int
) -> list[Row]:
    """Lease up to ``limit`` due rows, the longest waiting first; nobody else gets them before the lease ends.

    A claim is no move: the row stays where it is, its ``fence`` and ``attempts`` go up by one. Whoever writes later
    must say ``held(...)``; after the lease another may hold the row, and the late write then changes nothing.
    """
    table = model.__table__
    key = table.primary_key.columns[0]
    due = (
        select(key)
        .where(table.c.state.in_(states), table.c.due_at <= now(), *where)
        .order_by(table.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    leased = (
        update(model)
        .where(key.in_(due))
        .values(due_at=after(lease_seconds), fence=table.c.fence + 1, attempts=table.c.attempts + 1)
        .returning(model)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return list(session.scalars(leased))


def held(model: type[Row], key: Any, fence: int) -> tuple[Any, Any]:
    """Return the condition under which a claim still holds."""
    table = model.__table__
    return table.primary_key.columns[0] == key, table.c.fence == fence


def put_off(session: Session, model: type[Row], key: Any, fence: int, seconds: int, **facts: Any) -> bool:
    """Give a held row back, due again in ``seconds``; say whether it was still ours."""
    table = model.__table__
    values = {"due_at": after(seconds), "updated_at": now(), **facts}
    done = session.execute(update(table).where(*held(model, key, fence)).values(values).returning(literal(1)))
    _forget(session, model, [key])
    return done.first() is not None


def hurry(session: Session, model: type[Row], *where: Any) -> list[Any]:
    """Let rows be due at once, and wake whom that concerns; return their keys. Whoever holds one of them loses it:
    what he knows is out of date."""
    table = model.__table__
    owner = table.c[model.topic_column] if model.topic_column else literal("")
    key = table.primary_key.columns[0].label("key")
    due = update(table).where(*where).values(due_at=now(), fence=table.c.fence + 1)
    rows = session.execute(due.returning(key, table.c.state, owner.label("owner"))).all()
    _forget(session, model, [row.key for row in rows])
    session.info.setdefault("topics", []).extend(topic(model, row.state, row.owner) for row in rows)
    return [row.key for row in rows]


def history(session: Session, row: Lifecycle) -> list[History]:
    """Return every move of ``row``, the oldest first."""
    subject, key = row.__table__.name, str(_key(row))
    found = select(History).where(History.subject == subject, History.subject_id == key).order_by(History.id)
    return list(session.scalars(found))


def topic(model: type[Lifecycle], state: str, owner: str = "") -> str:
    """Return the name of the wake-up for rows standing in ``state``."""
    return ".".join(filter(None, [model.__table__.name, state, owner]))


def overdue(session: Session, model: type[Lifecycle]) -> list[str]:
    """Return the topics of ``model`` with a row that is due: a lost wake-up, an ended lease, a retry, a deadline."""
    table = model.__table__
    owner = table.c[model.topic_column] if model.topic_column else literal("")
    standing = model.machine.named("wakes", "waits")
    due = select(table.c.state, owner).where(table.c.state.in_(standing), table.c.due_at <= now()).distinct()
    return [topic(model, *row) for row in session.execute(due)]


def undue(session: Session, model: type[Lifecycle]) -> int:
    """Return how many rows of ``model`` must be looked at again and do not know when: there should be none."""
    table = model.__table__
    standing = model.machine.named("wakes", "waits")
    return session.scalar(select(func.count()).where(table.c.state.in_(standing), table.c.due_at.is_(None))) or 0


def machines() -> list[type[Lifecycle]]:
    """Return every model that moves through a machine."""
    models = [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Lifecycle)]
    return sorted(models, key=lambda model: model.__table__.name)


def wake_after_commit(session_class: Any, publish: Publish) -> None:
    """Let the topics a session gathered leave once, when its outermost transaction is really committed."""

    @hooks.listens_for(session_class, "after_transaction_create")
    def mark(session: Session, transaction: Any) -> None:
        marks = session.info.setdefault("marks", WeakKeyDictionary())
        marks[transaction] = len(session.info.setdefault("topics", []))

    @hooks.listens_for(session_class, "after_soft_rollback")
    def discard(session: Session, transaction: Any) -> None:
        del session.info["topics"][session.info["marks"][transaction] :]

    @hooks.listens_for(session_class, "after_commit")
    def leave(session: Session) -> None:
        if session.in_nested_transaction():
            return  # a released savepoint is not yet a commit
        topics, session.info["topics"] = session.info["topics"], []
        if topics:
            publish(dict.fromkeys(topics))


def _due(machine: Machine, state: str, due_at: Any) -> Any:
    duty = machine.states[state].duty
    if duty in ("rests", "tells"):
        return None
    if duty == "waits" and due_at is None:
        raise ValueError(f"{machine.name}: a row that is {state} waits, so it needs a due_at")
    return now() if due_at is None else due_at


def _given(table: Table, rows: Sequence[dict[str, Any]]) -> tuple[Any, list[str]]:
    """Return ``rows`` as a table with its columns' names; identifiers, which Python makes, are made for each row."""
    defaults: dict[str, Any] = {column.name: column.default for column in table.columns if column.default is not None}
    made = {name: default.arg for name, default in defaults.items() if name not in rows[0]}
    columns = [*rows[0], *made]
    filled = [row | {name: make(None) for name, make in made.items()} for row in rows]
    return as_table([table.c[name] for name in columns], [[row[name] for name in columns] for row in filled]), columns


def _noted(table: Table, moved: CTE, event: str, target: str, note: str) -> CTE:
    """Return the statement that writes down each row of ``moved``."""
    columns = ["subject", "subject_id", "event", "source", "target", "note"]
    key = moved.c.key.cast(History.subject_id.type)
    rows = select(literal(table.name), key, literal(event), moved.c.source, literal(target), literal(note))
    return insert(History).from_select(columns, rows).returning(History.id).cte("noted")


def _key(row: Lifecycle) -> Any:
    return getattr(row, row.__table__.primary_key.columns[0].name)


def _forget(session: Session, model: type[Row], keys: Sequence[Any]) -> None:
    """Let rows in memory be read again: the statement changed them behind the session's back."""
    mapper = inspect(model)
    for key in keys:
        row = session.identity_map.get(mapper.identity_key_from_primary_key((key,)))
        if row is not None:
            session.expire(row)


def _wake(session: Session, model: type[Lifecycle], state: str, owners: Iterable[str]) -> None:
    if model.machine.states[state].duty in ("wakes", "tells"):
        session.info.setdefault("topics", []).extend(topic(model, state, owner) for owner in owners)
