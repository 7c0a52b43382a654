"""What the ledger does for every packet that may cost money: reserve, then post or void.

A hold is reserved before its packet leaves, posted when the packet is fulfilled, voided when it is rejected. A packet
that got no certain answer leaves its hold reserved: nobody knows, until somebody who may ask the connector settles it,
at the earliest when ``expires_at`` has passed. Until then it counts as spent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Hold:
    """``amount`` in source units; ``minimum`` in destination units is what a fulfill proves delivered. ``condition``,
    of 32 bytes, is the packet's own: no two packets share one."""

    condition: bytes
    sequence: int
    amount: int
    minimum: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """A hold whose packet was ``fulfilled``, having ``delivered`` destination units; or rejected, and 0."""

    hold: Hold
    fulfilled: bool
    delivered: int


class InsufficientFunds(Exception):
    """Raised by ``reserve``: nothing was reserved, nothing will be sent."""


class Holds(Protocol):
    """Both are called from the thread that called ``pay``, with as many as there are at that moment: one commit."""

    def reserve(self, holds: Sequence[Hold]) -> None:
        """Write the holds down for good before returning: their packets leave next. May raise InsufficientFunds."""

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Post or void. May be written together with the next reserve: what a crash loses stays on hold."""


class NoHolds:
    """For probes, which cannot cost anything, and for whoever keeps no books."""

    def reserve(self, holds: Sequence[Hold]) -> None:
        """Reserve nothing."""

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Settle nothing."""
