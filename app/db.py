"""The database: one PostgreSQL, one session for each application context, one way to commit.

Services take a session and never commit; the doors commit, through ``transaction()``.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ARRAY, BigInteger, DateTime, MetaData, Text, func, literal
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, registry

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


TYPES: dict[Any, Any] = {
    datetime: DateTime(timezone=True),
    int: BigInteger,  # amounts are stroops, an int64
    str: Text,
    dict[str, Any]: JSONB,
    list[Any]: JSONB,
}


class Base(DeclarativeBase):
    registry = registry(metadata=MetaData(naming_convention=NAMES), type_annotation_map=TYPES)


db = SQLAlchemy(model_class=Base)
migrate = Migrate(directory="migrations", compare_type=True)


@contextmanager
def transaction() -> Iterator[Session]:
    """Yield the session; commit when the block ends well, roll back when it does not, let the connection go."""
    session = db.session()
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.close()


def as_table(columns: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Any:
    """Return ``rows`` as something to select from, named and typed as ``columns``.

    Each column is one array: a statement for ten thousand rows is no longer than one for a single row.
    """
    arrays = zip(columns, zip(*rows, strict=True), strict=True)
    values = [literal(list(array), ARRAY(column.type)) for column, array in arrays]
    return func.unnest(*values).table_valued(*[column.name for column in columns]).render_derived()


def new_id() -> str:
    """Return an unguessable identifier to show to others."""
    return str(uuid.uuid4())
