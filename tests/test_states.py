"""State tables: moves, claims, history, and wake-ups that never outrun the row they speak of."""

import threading

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from app.clock import after
from app.db import Base, db, transaction
from app.errors import WrongState
from app.states import Lifecycle, Machine, begin, claim, held, history, move, move_one, overdue, put_off, topic

PARCEL = Machine(
    "parcel",
    states=[
        ("packed", "wakes", "ready to go"),
        ("riding", "waits", "on its way"),
        ("arrived", "tells", "there"),
    ],
    steps=[
        ("packed", "load", "riding", "a train takes it"),
        ("riding", "unload", "arrived", "it is there"),
        ("riding", "return_", "packed", "it came back"),
    ],
)


class Apart(DeclarativeBase):
    """Keeps the table of this test out of the application's."""

    registry = registry(type_annotation_map=Base.registry.type_annotation_map)


class Parcel(Lifecycle, Apart):
    __tablename__ = "parcel"
    machine = PARCEL
    topic_column = "line"

    id: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[str]


@pytest.fixture
def parcels(app):
    Parcel.__table__.create(db.engine)
    published = []
    app.extensions["publish"] = lambda topics: published.extend(topics)
    yield published
    app.extensions["publish"] = None


def packed(session, *keys, line="north"):
    return [begin(session, Parcel(id=key, line=line)) for key in keys]


def test_a_wake_up_leaves_with_the_commit_once_for_each_owner(parcels):
    with transaction() as session:
        packed(session, 1, 2)
        packed(session, 3, line="south")
        assert parcels == []
    assert parcels == ["parcel.packed.north", "parcel.packed.south"]


def test_a_rolled_back_transaction_wakes_nobody(parcels):
    with pytest.raises(ZeroDivisionError), transaction() as session:
        packed(session, 1)
        raise ZeroDivisionError
    assert parcels == []
    with transaction():
        pass
    assert parcels == []


def test_a_rolled_back_savepoint_takes_its_wake_ups_along(parcels):
    with transaction() as session:
        with session.begin_nested():
            packed(session, 1, line="kept")
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            packed(session, 2, line="dropped")
            raise ZeroDivisionError
        assert parcels == []
    assert parcels == ["parcel.packed.kept"]


def test_a_move_only_happens_from_where_the_table_allows_it(parcels):
    with transaction() as session:
        packed(session, 1)
        assert move(session, Parcel, "unload", Parcel.id == 1) == []
        assert move(session, Parcel, "load", Parcel.id == 1, due_at=after(60)) == [1]
        assert session.get(Parcel, 1).state == "riding"


def test_one_row_that_may_not_move_says_where_it_stands(parcels):
    with transaction() as session:
        [parcel] = packed(session, 1)
        with pytest.raises(WrongState, match="parcel 1 may not unload while packed"):
            move_one(session, parcel, "unload")


def test_a_waiting_row_needs_to_know_until_when(parcels):
    with transaction() as session:
        [parcel] = packed(session, 1)
        with pytest.raises(ValueError, match="needs a due_at"):
            move_one(session, parcel, "load")


def test_a_row_at_its_end_is_never_due_and_tells_whoever_asked_for_it(parcels):
    with transaction() as session:
        [parcel] = packed(session, 1)
        move_one(session, parcel, "load", due_at=after(60))
        move_one(session, parcel, "unload")
        assert parcel.due_at is None
    assert parcels == ["parcel.packed.north", "parcel.arrived.north"]


def test_every_move_leaves_a_row_of_history(parcels):
    with transaction() as session:
        [parcel] = packed(session, 1)
        move_one(session, parcel, "load", due_at=after(60), note="the 7:15")
        move_one(session, parcel, "return_")
        rows = [(row.event, row.source, row.target, row.note) for row in history(session, parcel)]
    assert rows == [
        ("begin", "", "packed", ""),
        ("load", "packed", "riding", "the 7:15"),
        ("return_", "riding", "packed", ""),
    ]


def test_a_bulk_move_is_one_statement_and_notes_every_row(parcels):
    with transaction() as session:
        packed(session, *range(1, 101))
        assert sorted(move(session, Parcel, "load", Parcel.id > 50, due_at=after(60))) == list(range(51, 101))
        noted = session.scalar(text("SELECT count(*) FROM history WHERE event = 'load'"))
    assert noted == 50


def test_a_second_claim_gets_nothing(parcels):
    with transaction() as session:
        packed(session, 1)
    with transaction() as session:
        [parcel] = claim(session, Parcel, ["packed"], limit=10, lease_seconds=60)
        assert (parcel.fence, parcel.attempts, parcel.state) == (1, 1, "packed")
        assert claim(session, Parcel, ["packed"], limit=10, lease_seconds=60) == []


def test_two_claimants_at_once_share_the_rows(app, parcels):
    with transaction() as session:
        packed(session, *range(1, 41))
    taken, gate = [], threading.Barrier(4)

    def take():
        with app.app_context():
            gate.wait()
            with transaction() as session:
                taken.extend(p.id for p in claim(session, Parcel, ["packed"], limit=10, lease_seconds=60))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken))


def test_after_the_lease_another_may_hold_it_and_the_late_write_changes_nothing(parcels):
    with transaction() as session:
        packed(session, 1)
    with transaction() as session:
        [late] = claim(session, Parcel, ["packed"], limit=1, lease_seconds=-1)
        fence = late.fence
    with transaction() as session:
        claim(session, Parcel, ["packed"], limit=1, lease_seconds=60)
    with transaction() as session:
        assert move(session, Parcel, "load", *held(Parcel, 1, fence), due_at=after(1)) == []
        assert put_off(session, Parcel, 1, fence, 5) is False
        assert put_off(session, Parcel, 1, fence + 1, 5) is True


def test_the_sweeper_hears_of_what_is_overdue_and_of_nothing_else(parcels):
    with transaction() as session:
        packed(session, 1, line="north")
        packed(session, 2, line="south")
        session.execute(update(Parcel).where(Parcel.id == 2).values(due_at=after(60)))
        assert overdue(session, Parcel) == [topic(Parcel, "packed", "north")]


def test_the_sessions_own_copy_of_a_row_is_read_again_after_a_move(parcels):
    with transaction() as session:
        [parcel] = packed(session, 1)
        move(session, Parcel, "load", Parcel.id == 1, due_at=after(60))
        assert parcel.state == "riding"
        assert session.scalars(select(Parcel.state)).one() == "riding"


@pytest.mark.parametrize(
    ("states", "steps", "why"),
    [
        ([("a", "sleeps", "")], [], "neither wakes, waits, rests nor tells"),
        ([("a", "rests", "")], [("a", "go", "b", "")], "from or to nowhere"),
        ([("a", "wakes", ""), ("b", "rests", "")], [("a", "go", "b", ""), ("b", "go", "a", "")], "two places"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(states, steps, why):
    with pytest.raises(ValueError, match=why):
        Machine("broken", states, steps)
