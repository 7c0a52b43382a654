"""Small rules that together decide when a packet leaves, and with what.

A request is drafted by asking every controller in turn: each may add its part, or veto. When all agree the request
is sent, and each is told so; when the answer comes each is told that, and may name a failure that ends the phase.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from app.interledger.connection import Answer, Connection, Fate, Request
from app.interledger.failures import Failure
from app.interledger.rates import Asset, RateBounds
from app.interledger.stream import (
    PACKETS_MAX,
    STREAM_ID,
    ConnectionAssetDetails,
    ConnectionClose,
    ConnectionMaxData,
    ConnectionMaxStreamId,
    StreamClose,
)


@dataclass(frozen=True, slots=True)
class Wait:
    """Veto: not before ``until`` (monotonic time); by default, not before something is answered."""

    until: float = math.inf


@dataclass(frozen=True, slots=True)
class Stop:
    """Veto: never again in this phase. Without a failure, the phase has reached its aim."""

    failure: Failure | None = None


Veto = Wait | Stop


class Controller:
    """A rule that never objects. ``now`` is monotonic time in seconds."""

    def draft(self, request: Request, now: float) -> Veto | None:
        """Add to the request, or veto. Changes nothing but the request: another may still veto."""

    def sent(self, request: Request, now: float) -> None:
        """The request is leaving."""

    def answered(self, request: Request, answer: Answer, now: float) -> Failure | None:
        """Take note of an answer; name a failure if it must end the phase."""


class Sequence(Controller):
    """Numbers the packets, and ends the connection when its key has sealed as many as is safe (RFC 29 §5.1.3)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def draft(self, request: Request, now: float) -> Veto | None:
        if self._connection.sequence >= PACKETS_MAX:
            return Stop(Failure.MaxSafeEncryptionLimit)
        request.sequence = self._connection.sequence
        return None

    def sent(self, request: Request, now: float) -> None:
        self._connection.sequence += 1


class Establishment(Controller):
    """Until the receiver has answered once, tells it our limits: one stream, no data (RFC 29 §4.4, §4.5)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def draft(self, request: Request, now: float) -> Veto | None:
        if not self._connection.established:
            request.frames += (ConnectionMaxStreamId(STREAM_ID), ConnectionMaxData(0))
        return None

    def answered(self, request: Request, answer: Answer, now: float) -> Failure | None:
        self._connection.established |= answer.authentic
        return None


class Expiry(Controller):
    """Gives every packet its time; longer than the idle deadline, because each connector keeps some of it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def draft(self, request: Request, now: float) -> Veto | None:
        request.expiry_seconds = self._seconds
        return None


class Deadlines(Controller):
    """Ends a phase that lasts too long, in which nothing was fulfilled for too long, or that was cancelled."""

    def __init__(self, idle_seconds: float, overall_seconds: float, cancelled: Callable[[], bool]) -> None:
        self._idle_seconds = idle_seconds
        self._overall_seconds = overall_seconds
        self._cancelled = cancelled
        self._began: float | None = None
        self._fulfilled = -math.inf

    def draft(self, request: Request, now: float) -> Veto | None:
        if self._cancelled():
            return Stop(Failure.Cancelled)
        if self._began is not None and now - self._began > self._overall_seconds:
            return Stop(Failure.DeadlineExceeded)
        if self._began is not None and now - max(self._began, self._fulfilled) > self._idle_seconds:
            return Stop(Failure.IdleTimeout)
        return None

    def sent(self, request: Request, now: float) -> None:
        self._began = now if self._began is None else self._began

    def answered(self, request: Request, answer: Answer, now: float) -> Failure | None:
        if answer.fate is Fate.FULFILLED:
            self._fulfilled = now
        return None


class Rejects(Controller):
    """Ends the phase on rejects that sending again would not cure, and when the receiver closes.

    Temporary (T..) and too large (F08) are others' business; F99 is how a receiver declines a packet, R01 how a
    connector says the amount rounds to nothing. Receivers differ in what they answer to a probe (F99, F05) and to
    less than the minimum (F99, F04): with proof that it was the receiver, these say no more than that.
    """

    _HARMLESS = frozenset({"F08", "F99", "R01"})

    def answered(self, request: Request, answer: Answer, now: float) -> Failure | None:
        if any(_closes(frame) for frame in answer.frames):
            return Failure.ClosedByReceiver
        if not answer.code or answer.code[0] == "T" or answer.code in self._HARMLESS:
            return None
        if answer.code == "F05" and not request.fulfillable:
            return None
        if answer.code == "F04" and answer.authentic:
            return None
        return Failure.ConnectorError


def _closes(frame: object) -> bool:
    return isinstance(frame, ConnectionClose) or (isinstance(frame, StreamClose) and frame.stream_id == STREAM_ID)


class AssetDetails(Controller):
    """Learns the destination asset from the receiver, and that it stays the same (RFC 29 §5.3.14)."""

    def __init__(self, known: Asset | None) -> None:
        self.asset = known

    def answered(self, request: Request, answer: Answer, now: float) -> Failure | None:
        for frame in answer.frames:
            if isinstance(frame, ConnectionAssetDetails):
                said = Asset(frame.code, frame.scale)
                self.asset = self.asset or said
                if self.asset != said:
                    return Failure.DestinationAssetConflict
        return None


class ExchangeRate(Controller):
    """Learns the rate from every answer that proves what arrived."""

    def __init__(self, bounds: RateBounds) -> None:
        self.bounds = bounds

    def answered(self, request: Request, answer: Answer, now: float) -> Failure | None:
        if request.amount and answer.delivered is not None:
            self.bounds.learn(request.amount, answer.delivered)
        return None
