"""Who leads: of several watchers one reads each stream, the others stand by.

Leading is an advisory lock on a connection of its own: it ends with the connection, so a leader that dies is replaced
at once. Two leaders would do no harm, only double the work: the cursor moves by compare-and-set.
"""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from sqlalchemy import ARRAY, Engine, Text, bindparam, text

# A machine that vanishes without a word holds its locks until the server misses it: 10 s, then three times 5 s.
NOTICE = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"

TRY = text(
    "SELECT account FROM unnest(:accounts) AS account WHERE pg_try_advisory_lock(hashtextextended(account, 0))"
).bindparams(bindparam("accounts", type_=ARRAY(Text)))


class Leader:
    """Holds the streams this process leads, for as long as the block lasts."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.held: set[str] = set()

    def __enter__(self) -> Self:
        self.connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self.connection.detach()  # closing it closes it, and with it ends what it holds
        self.connection.exec_driver_sql(NOTICE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def lead(self, accounts: Iterable[str]) -> set[str]:
        """Return those of ``accounts`` whose stream is ours to read: since before, or since now because it was free.

        Raises OperationalError if the connection, and with it all that was ours, is lost.
        """
        wanted = set(accounts)
        self.held |= set(self.connection.execute(TRY, {"accounts": sorted(wanted - self.held)}).scalars())
        return wanted & self.held
