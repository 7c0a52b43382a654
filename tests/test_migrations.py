"""Every migration goes up and down, one by one, and leaves nothing behind."""

import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from app.db import db
from app.states import machines

DIRECTORY = "migrations"


@pytest.fixture
def emptied(app):
    """A database from which everything was migrated away, step by step."""
    scripts = ScriptDirectory(DIRECTORY)
    for revision in scripts.walk_revisions():
        flask_migrate.downgrade(directory=DIRECTORY, revision=revision.down_revision or "base")
    return scripts


def leftovers():
    with db.engine.connect() as connection:
        kinds = "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE nspname = 'public'"
        functions = list(connection.scalars(text(kinds)))
        return [name for name in inspect(connection).get_table_names() if name != "alembic_version"] + functions


def test_going_down_leaves_nothing_behind(emptied):
    assert leftovers() == []


def test_after_going_down_one_can_go_up_again_step_by_step(emptied):
    for revision in reversed(list(emptied.walk_revisions())):
        flask_migrate.upgrade(directory=DIRECTORY, revision=revision.revision)
    assert {"transaction", "order", "transfer", "observation"} <= set(leftovers())


def test_every_waiting_row_is_found_by_an_index(app):
    """Drains ask by state and due_at, and by the owner between them where a table is shared."""
    with db.engine.connect() as connection:
        tables = [model.__table__ for model in machines()]
        unindexed = [
            table.name
            for table in tables
            if not any(
                index["column_names"][0] == "state" and index["column_names"][-1] == "due_at"
                for index in inspect(connection).get_indexes(table.name)
            )
        ]
    assert unindexed == []
