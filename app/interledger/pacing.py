"""Congestion control: how many packets may be in flight, and how fast they may follow each other.

The rate starts low and grows by a tenth with every answer from the receiver, as TCP's slow start does, until something
on the path is first overloaded (a T.. reject, or no answer). From then on it is halved by an overload and grows by a
constant: additive increase, multiplicative decrease. What was already in flight when the rate was halved does not
halve it again: one overload is one signal.
"""

import math

from app.interledger.connection import Answer, Fate, Request
from app.interledger.controllers import Controller, Veto, Wait
from app.interledger.failures import Failure

IN_FLIGHT_MAX = 20
BURST = 10  # packets that may leave at once, as the initial window of TCP (RFC 6928)
GROUP_SECONDS = 0.005  # between groups of packets: the holds of a group are one commit
RATE_START, RATE_MIN, RATE_MAX = 40.0, 1.0, 1000.0  # packets per second
SLOW_START_GROWTH = 1.1  # per answer, until the first overload
GROWTH = 2.0  # packets per second per answer, from then on
DECREASE = 0.5


class Pacing(Controller):
    """A bucket of BURST tokens, refilled at ``rate``; a packet takes one."""

    def __init__(self, in_flight_max: int = IN_FLIGHT_MAX) -> None:
        self.rate = RATE_START
        self._in_flight_max = in_flight_max
        self._in_flight = 0
        self._sent_at = -math.inf
        self._tokens, self._filled_at = float(BURST), 0.0
        self._slow_start = True
        self._halved_at = 0.0

    def draft(self, request: Request, now: float) -> Veto | None:
        if self._in_flight >= self._in_flight_max:
            return Wait()
        if self._sent_at < now < self._sent_at + GROUP_SECONDS:
            return Wait(self._sent_at + GROUP_SECONDS)
        self._refill(now)
        return Wait(now + (1 - self._tokens) / self.rate) if self._tokens < 1 else None

    def sent(self, request: Request, now: float) -> None:
        self._sent_at = now
        self._in_flight += 1
        self._tokens -= 1

    def answered(self, request: Request, answer: Answer, now: float) -> Failure | None:
        self._in_flight -= 1
        if answer.code.startswith("T") or answer.fate is Fate.UNKNOWN:
            if request.sent_at >= self._halved_at:
                self._halve(now)
        elif answer.authentic:
            grown = self.rate * SLOW_START_GROWTH if self._slow_start else self.rate + GROWTH
            self.rate = min(grown, RATE_MAX)
        return None

    def _refill(self, now: float) -> None:
        self._tokens = min(self._tokens + (now - self._filled_at) * self.rate, BURST)
        self._filled_at = now

    def _halve(self, now: float) -> None:
        self.rate = max(self.rate * DECREASE, RATE_MIN)
        self._slow_start = False
        self._tokens = min(self._tokens, 0.0)
        self._halved_at = now
