"""Packets in the air, and the loop that keeps them there.

One thread, the caller's, drafts, reserves, settles and decides; the exchanges with the connector wait in threads of
their own. Whatever arrives while a group of holds is being committed is settled, and followed up, with the next group.
"""

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import NamedTuple, Self

from app.interledger.connection import Answer, Connection, Fate, Request, Sealed
from app.interledger.controllers import Controller, Stop, Veto, Wait
from app.interledger.failures import Failure
from app.interledger.holds import Hold, Holds, InsufficientFunds, NoHolds, Settlement
from app.interledger.pacing import IN_FLIGHT_MAX
from app.interledger.uplink import Unanswered, Uplink

GRACE_SECONDS = 1.0  # after a packet has expired our connector still has this long to say so
LOOK_SECONDS = 0.1  # how long the loop sleeps at most: cancelling takes effect within


@dataclass(frozen=True)
class Limits:
    """``idle_seconds`` without a fulfilled packet, or ``overall_seconds`` in all, end a payment; ``probe_seconds`` a
    quote. A packet expires ``expiry_seconds`` after it left."""

    in_flight_max: int = IN_FLIGHT_MAX
    expiry_seconds: float = 20
    idle_seconds: float = 10
    overall_seconds: float = 600
    probe_seconds: float = 10


LIMITS = Limits()


class Landed(NamedTuple):
    request: Request
    answer: Answer


@dataclass
class _Airborne:
    request: Request
    sealed: Sealed
    hold: Hold | None
    lost_at: float = math.inf


@dataclass
class Flight:
    """``bool(flight)``: packets that may cost money are still in the air."""

    connection: Connection
    uplink: Uplink
    holds: Holds
    in_flight_max: int
    _airborne: dict[int, _Airborne] = field(default_factory=dict)
    _answers: SimpleQueue[tuple[int, Answer]] = field(default_factory=SimpleQueue)

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self.in_flight_max, "interledger")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __bool__(self) -> bool:
        return any(packet.request.fulfillable for packet in self._airborne.values())

    def depart(self, requests: Sequence[Request]) -> Failure | None:
        """Reserve what the requests may cost, in one group, and let them go. If the ledger refuses, none leaves."""
        departing = [self._sealed(request) for request in requests]
        self._airborne |= {packet.request.sequence: packet for packet in departing}
        holds = [packet.hold for packet in departing if packet.hold]
        try:
            if holds:
                self.holds.reserve(holds)
        except InsufficientFunds as refusal:
            for packet in departing:
                packet.hold = None
                self._answers.put((packet.request.sequence, Answer(Fate.REJECTED, message=str(refusal))))
            return Failure.InsufficientBalance
        for packet in departing:
            packet.lost_at = time.monotonic() + packet.request.expiry_seconds + GRACE_SECONDS
            self._pool.submit(self._exchange, packet)
        return None

    def land(self, until: float) -> list[Landed]:
        """Wait for an answer, at most until then; settle and return all there are."""
        answers = self._arrived(until)
        landed = [(self._airborne.pop(at), answer) for at, answer in answers if at in self._airborne]
        settlements = [
            Settlement(packet.hold, answer.fate is Fate.FULFILLED, delivered(packet.request, answer))
            for packet, answer in landed
            if packet.hold and answer.fate is not Fate.UNKNOWN
        ]
        if settlements:
            self.holds.settle(settlements)
        return [Landed(packet.request, answer) for packet, answer in landed]

    def _sealed(self, request: Request) -> _Airborne:
        expires_at = datetime.now(UTC) + timedelta(seconds=request.expiry_seconds)
        sealed = self.connection.seal(request, expires_at)
        costs = request.fulfillable and request.amount
        hold = Hold(sealed.condition, request.sequence, request.amount, request.minimum, expires_at) if costs else None
        return _Airborne(request, sealed, hold)

    def _exchange(self, packet: _Airborne) -> None:
        try:
            octets = self.uplink.exchange(packet.sealed.octets, packet.request.expiry_seconds + GRACE_SECONDS)
            answer = self.connection.read(packet.request, packet.sealed, octets)
        except Unanswered as doubt:
            answer = Answer(Fate.UNKNOWN, "T00", str(doubt))
        except Exception as bug:  # noqa: BLE001  an uplink of any make must not leave us waiting, nor guessing
            answer = Answer(Fate.UNKNOWN, "T00", f"the uplink failed: {type(bug).__name__}")
        self._answers.put((packet.request.sequence, answer))

    def _arrived(self, until: float) -> list[tuple[int, Answer]]:
        """What has been answered; then, what never will be."""
        answers = []
        try:
            answers.append(self._answers.get(timeout=min(max(until - time.monotonic(), 0), LOOK_SECONDS)))
            while True:
                answers.append(self._answers.get_nowait())
        except Empty:
            now = time.monotonic()
            lost = [at for at, packet in self._airborne.items() if packet.lost_at < now]
            return answers + [(at, Answer(Fate.UNKNOWN, "T00", "no answer before it expired")) for at in lost]


def delivered(request: Request, answer: Answer) -> int:
    """What a packet brought, in destination units: fulfilled, it is the minimum even if the receiver claims less."""
    return max(request.minimum, answer.delivered or 0) if answer.fate is Fate.FULFILLED else 0


@dataclass
class Journey:
    """One phase over a connection: its controllers, the last of which says what to send and when to stop."""

    connection: Connection
    uplink: Uplink
    controllers: Sequence[Controller]
    holds: Holds = field(default_factory=NoHolds)
    in_flight_max: int = IN_FLIGHT_MAX
    watch: Callable[[], None] = lambda: None  # called after every group of answers

    def run(self) -> Failure | None:
        """Send until a controller stops it, then wait for what is in the air. Returns why it failed, if it did."""
        ended: Stop | None = None
        with Flight(self.connection, self.uplink, self.holds, self.in_flight_max) as flight:
            while True:
                requests, veto = ([], ended) if ended else self._drafted(time.monotonic())
                refused = flight.depart(requests)
                if refused:
                    ended = Stop(refused)
                elif isinstance(veto, Stop):
                    ended = veto
                if ended and not flight:
                    return ended.failure
                failure = self._land(flight, veto.until if isinstance(veto, Wait) else math.inf)
                ended = ended or (Stop(failure) if failure else None)

    def _drafted(self, now: float) -> tuple[list[Request], Veto]:
        """As many requests as may leave now, and why no more."""
        requests: list[Request] = []
        while True:
            request = Request(self.connection.destination.address, self.connection.sequence, sent_at=now)
            for controller in self.controllers:
                if veto := controller.draft(request, now):
                    return requests, veto
            for controller in self.controllers:
                controller.sent(request, now)
            requests.append(request)

    def _land(self, flight: Flight, until: float) -> Failure | None:
        """Tell every controller of every answer, even after one has named a failure: all must be accounted for."""
        failures: list[Failure] = []
        landed = flight.land(until)
        now = time.monotonic()
        for request, answer in landed:
            told = [controller.answered(request, answer, now) for controller in self.controllers]
            failures += [failure for failure in told if failure]
        if landed:
            self.watch()
        return failures[0] if failures else None
