"""What is followed, how far behind we are, and what nobody has claimed."""

from dataclasses import dataclass

from sqlalchemy import cast, extract, func, select
from sqlalchemy.orm import Session

from app.clock import now
from app.db import TYPES
from app.watcher.identity import Known
from app.watcher.models import Observation, Stream
from app.watcher.states import FOLLOWING

CLOSE_SECONDS = 5  # between two ledgers, roughly


@dataclass(frozen=True)
class Followed:
    """A stream as it stood when it was read, to be used without a session."""

    account: str
    network_passphrase: str
    cursor: int
    read_ledger: int
    known: Known


def following(session: Session) -> list[Followed]:
    """Return every stream that is followed."""
    return [
        Followed(
            account=stream.account,
            network_passphrase=stream.network_passphrase,
            cursor=stream.cursor,
            read_ledger=stream.read_ledger,
            known=Known(stream.known_ledger, stream.known_hash, stream.known_closed_at),
        )
        for stream in streams(session)
        if stream.state == FOLLOWING
    ]


def streams(session: Session) -> list[Stream]:
    """Return every stream, also those that are stopped."""
    return list(session.scalars(select(Stream).order_by(Stream.account)))


def lags(session: Session) -> dict[str, int]:
    """Return, for each stream, how many ledgers it is behind.

    What the node has and we have not read, or what must have closed since we last read at all: a watcher that is
    stopped, dead or cut off falls behind too.
    """
    unread = Stream.node_ledger - Stream.read_ledger
    closed = cast(func.floor(extract("epoch", now() - Stream.read_at) / CLOSE_SECONDS), TYPES[int])
    return dict(session.execute(select(Stream.account, func.greatest(unread, closed, 0))).all())


def standing(session: Session, *states: str, limit: int = 200) -> list[Observation]:
    """Return the observations in one of ``states``, the oldest first."""
    found = select(Observation).where(Observation.state.in_(states)).order_by(Observation.operation_id)
    return list(session.scalars(found.limit(limit)))


def unmatched(session: Session, limit: int = 200) -> list[Observation]:
    """Return what lies in suspense because nobody expects it, the oldest first."""
    return standing(session, "unmatched", limit=limit)
