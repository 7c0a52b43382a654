"""Probes: packets that nobody can fulfill, sent for what the answers tell.

``find_asset`` asks the receiver for its asset; ``probe_path`` finds the largest packet the path takes, and its rate.
"""

import math
from dataclasses import dataclass, replace

from app.interledger.connection import Answer, Connection, Request
from app.interledger.controllers import (
    AssetDetails,
    Controller,
    Establishment,
    ExchangeRate,
    Expiry,
    Rejects,
    Sequence,
    Stop,
    Veto,
    Wait,
)
from app.interledger.failures import Failure, PaymentFailed
from app.interledger.flight import Journey, Limits
from app.interledger.max_packet import MaxPacket
from app.interledger.oer import UINT64_MAX
from app.interledger.pacing import Pacing
from app.interledger.packet import ADDRESS_MAX
from app.interledger.rates import RateBounds
from app.interledger.stream import ConnectionNewAddress
from app.interledger.uplink import Uplink

# all magnitudes down to a thousand: less says too little about the rate
FIRST_AMOUNTS: tuple[int, ...] = (0, *(10**power for power in range(12, 2, -1)))
SEARCH_WIDTH = 4  # how many amounts one round of the search for the maximum tries at once


@dataclass(frozen=True, slots=True)
class Path:
    """What probing found: the largest packet in source units, and the bounds of the rate."""

    max_packet_amount: int
    bounds: RateBounds


def find_asset(uplink: Uplink, connection: Connection, limits: Limits) -> None:
    """Make the destination asset known. Raises PaymentFailed: EstablishmentFailed, UnknownDestinationAsset, …"""
    if connection.destination.asset:
        return
    details = AssetDetails(None)
    controllers = [Sequence(connection), Establishment(connection), Expiry(limits.expiry_seconds), details]
    asking = _AssetProbe(connection, details, limits.probe_seconds)
    failure = Journey(connection, uplink, [*controllers, asking]).run()
    if failure:
        raise PaymentFailed(failure)
    connection.destination = replace(connection.destination, asset=details.asset)


def probe_path(uplink: Uplink, connection: Connection, limits: Limits) -> Path:
    """Find the path's maximum packet amount and rate. Raises PaymentFailed: RateProbeFailed, ConnectorError, …"""
    max_packet, rate = MaxPacket(), ExchangeRate(RateBounds())
    controllers: list[Controller] = [
        Sequence(connection),
        Establishment(connection),
        Expiry(limits.expiry_seconds),
        Rejects(),
        max_packet,
        AssetDetails(connection.destination.asset),
        Pacing(limits.in_flight_max),
        rate,
        _RateProbe(max_packet, limits.probe_seconds),
    ]
    failure = Journey(connection, uplink, controllers, in_flight_max=limits.in_flight_max).run()
    if failure:
        raise PaymentFailed(failure)
    return Path(UINT64_MAX if max_packet.limit is None else max_packet.limit, rate.bounds)


class _AssetProbe(Controller):
    """Asks twice, because receivers differ in what makes them tell their asset.

    An empty new address makes ilp-protocol-stream tell without sending anything back. Interledger.rs takes only one
    that is not empty; that question goes to an address with a segment more, which the former does not accept.
    """

    def __init__(self, connection: Connection, details: AssetDetails, seconds: float) -> None:
        self._connection = connection
        self._details = details
        self._seconds = seconds
        self._deadline = math.inf
        self._asked = self._answered = 0

    def draft(self, request: Request, now: float) -> Veto | None:
        if self._details.asset:
            return Stop()
        if self._answered == 2 or now > self._deadline:
            established = self._connection.established
            return Stop(Failure.UnknownDestinationAsset if established else Failure.EstablishmentFailed)
        if self._asked == 2:
            return Wait(self._deadline)
        request.frames += (ConnectionNewAddress("private.SEND_ONLY_CLIENT" if self._asked else ""),)
        if self._asked:
            stem, _, token = request.address.rpartition(".")
            request.address = f"{stem}._.{token}"[:ADDRESS_MAX]
        return None

    def sent(self, request: Request, now: float) -> None:
        self._asked += 1
        self._deadline = min(self._deadline, now + self._seconds)

    def answered(self, request: Request, answer: Answer, now: float) -> Failure | None:
        self._answered += 1
        return None


class _RateProbe(Controller):
    """Probes in rounds until the maximum packet amount is exact and has come through, or a huge one has.

    The first round spans all magnitudes; where F08 does not tell the maximum, the next ones search for it.
    """

    def __init__(self, max_packet: MaxPacket, seconds: float) -> None:
        self._max_packet = max_packet
        self._seconds = seconds
        self._planned = list(FIRST_AMOUNTS)
        self._in_flight = 0
        self._deadline = math.inf

    def draft(self, request: Request, now: float) -> Veto | None:
        if self._complete:
            return Stop()
        if now > self._deadline:
            return Stop(Failure.RateProbeFailed)
        if not self._planned:
            return Wait(self._deadline)
        request.amount = self._planned[0]
        return None

    def sent(self, request: Request, now: float) -> None:
        self._deadline = min(self._deadline, now + self._seconds)
        self._planned.pop(0)
        self._in_flight += 1

    def answered(self, request: Request, answer: Answer, now: float) -> Failure | None:
        self._in_flight -= 1
        if not self._in_flight and not self._planned:
            self._planned = self._next_round()
        return None

    @property
    def _complete(self) -> bool:
        found = self._max_packet
        if found.limit is None:
            return found.verified >= max(FIRST_AMOUNTS)
        return found.precise and found.verified == found.limit

    def _next_round(self) -> list[int]:
        """Amounts above what has come through: the exact maximum, or steps towards the limit, or the first again."""
        found = self._max_packet
        if found.limit is None:
            return [amount for amount in FIRST_AMOUNTS if amount > found.verified]
        if found.precise:
            return [found.limit]
        span = found.limit - found.verified
        steps = (found.verified - (-span * step // SEARCH_WIDTH) for step in range(1, SEARCH_WIDTH + 1))
        return sorted(set(steps), reverse=True)
