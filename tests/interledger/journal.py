"""Holds written to a file, a line each and safe on disk: the least a ledger can be, for tests of crashes.

Run as a program it pays, once, from where the journal says the attempts before it have come.
"""

import json
import os
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from app.interledger.connection import Connection
from app.interledger.delivery import Outcome
from app.interledger.destinations import Destination
from app.interledger.holds import Hold, Settlement
from app.interledger.quoting import PaymentType, Quote
from app.interledger.rates import Asset, rounded_minimum
from app.interledger.sender import Options, pay
from app.interledger.uplink import HttpUplink


class Journal:
    """``sent`` and ``delivered`` of what was fulfilled; ``open``: what was reserved, and never settled."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.open: dict[str, int] = {}
        self.sent = self.delivered = 0
        self.sequence = 0
        for line in path.read_text().splitlines() if path.exists() else ():
            if line.endswith("]"):  # a line cut short by a crash was never relied on
                self._replay(*json.loads(line))

    def reserve(self, holds: Sequence[Hold]) -> None:
        self._write([("reserved", hold.condition.hex(), hold.amount, hold.sequence) for hold in holds])

    def settle(self, settlements: Sequence[Settlement]) -> None:
        self._write(
            [
                ("posted" if settled.fulfilled else "voided", settled.hold.condition.hex(), 0, settled.delivered)
                for settled in settlements
            ]
        )

    @property
    def outcome(self) -> Outcome:
        """Where the payment stands, for the next attempt."""
        return Outcome(sent=self.sent, delivered=self.delivered, unknown=sum(self.open.values()))

    def _replay(self, event: str, condition: str, amount: int, number: int) -> None:
        if event == "reserved":
            self.open[condition] = amount
            self.sequence = max(self.sequence, number + 1)
            return
        amount = self.open.pop(condition)
        if event == "posted":
            self.sent += amount
            self.delivered += number

    def _write(self, events: list[tuple[str, str, int, int]]) -> None:
        lines = "".join(json.dumps(event) + "\n" for event in events)
        journal = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(journal, lines.encode())
        os.fsync(journal)
        os.close(journal)


def attempt(uplink_url: str, address: str, secret: str, quote: Quote, path: Path) -> None:
    journal = Journal(path)
    destination = Destination(address, bytes.fromhex(secret), Asset("EUR", 2))
    with HttpUplink(uplink_url, "secret") as uplink:
        connection = Connection(destination, sequence=journal.sequence + 1000)  # probes and the like left no hold
        pay(uplink, connection, quote, Options(holds=journal, earlier=journal.outcome))


def fixed_send_quote(amount: int) -> Quote:
    """At rate one half, in packets of 100."""
    low, high, minimum = Fraction(1, 2), Fraction(51, 100), Fraction(99, 200)
    return Quote(PaymentType.FIXED_SEND, amount, rounded_minimum(amount, minimum), 100, minimum, low, high)


if __name__ == "__main__":
    attempt(*sys.argv[1:4], fixed_send_quote(int(sys.argv[4])), Path(sys.argv[5]))
