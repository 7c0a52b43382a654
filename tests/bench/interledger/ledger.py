"""Holds in PostgreSQL: one transaction for every group, durable before its packets leave."""

from collections.abc import Sequence

import psycopg

from app.interledger.holds import Hold, Settlement

TABLE = """
CREATE TABLE IF NOT EXISTS hold (
    condition bytea PRIMARY KEY,
    amount numeric(20) NOT NULL,
    expires_at timestamptz NOT NULL,
    posted boolean,
    delivered numeric(20)
)"""
RESERVE = """
INSERT INTO hold (condition, amount, expires_at)
SELECT * FROM unnest(%s::bytea[], %s::numeric[], %s::timestamptz[])"""
SETTLE = """
UPDATE hold SET posted = settled.posted, delivered = settled.delivered
FROM unnest(%s::bytea[], %s::boolean[], %s::numeric[]) AS settled (condition, posted, delivered)
WHERE hold.condition = settled.condition AND hold.posted IS NULL"""
SUMS = "SELECT coalesce(sum(amount) FILTER (WHERE posted), 0), count(*) FILTER (WHERE posted IS NULL) FROM hold"


class Ledger:
    """What is settled waits for the next reserve, and is written with it; ``close`` writes what is left."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url)
        self._connection.execute(TABLE)
        self._connection.execute("TRUNCATE hold")
        self._connection.commit()
        self._settled: list[Settlement] = []
        self.groups = 0

    def reserve(self, holds: Sequence[Hold]) -> None:
        columns = zip(*((hold.condition, hold.amount, hold.expires_at) for hold in holds), strict=True)
        self._connection.execute(RESERVE, [list(column) for column in columns])
        self._write_settled()
        self._connection.commit()
        self.groups += 1

    def settle(self, settlements: Sequence[Settlement]) -> None:
        self._settled += settlements

    def close(self) -> tuple[int, int]:
        """Returns what was posted, and how many holds are open."""
        self._write_settled()
        posted, still_open = self._connection.execute(SUMS).fetchone() or (0, 0)
        self._connection.commit()
        self._connection.close()
        return int(posted), int(still_open)

    def _write_settled(self) -> None:
        settled, self._settled = self._settled, []
        if settled:
            rows = ((each.hold.condition, each.fulfilled, each.delivered) for each in settled)
            self._connection.execute(SETTLE, [list(column) for column in zip(*rows, strict=True)])
