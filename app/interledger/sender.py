"""Sending: packets leave until a quote is fulfilled, or cannot be.

Once money may have moved nothing is raised: every end, good or bad, is an ``Outcome`` that accounts for it all, and
from which a later attempt goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from app.interledger.connection import Answer, Connection, Request
from app.interledger.controllers import (
    AssetDetails,
    Controller,
    Deadlines,
    Establishment,
    ExchangeRate,
    Expiry,
    Rejects,
    Sequence,
    Stop,
    Veto,
    Wait,
)
from app.interledger.delivery import Delivery, Outcome
from app.interledger.failures import Failure, PaymentFailed
from app.interledger.flight import LIMITS, Journey, Limits
from app.interledger.holds import Holds, NoHolds
from app.interledger.max_packet import MaxPacket
from app.interledger.pacing import Pacing
from app.interledger.quoting import Quote
from app.interledger.rates import RateBounds
from app.interledger.stream import ConnectionClose, ErrorCode
from app.interledger.uplink import Uplink

CLOSE_SECONDS = 3
LIES = (Failure.ReceiverProtocolViolation, Failure.DestinationAssetConflict)  # what is paid stays doubtful after these


@dataclass(frozen=True, slots=True)
class Options:
    """``earlier`` is the outcome of the attempts before, 0 of everything at first. ``cancelled`` is asked, and
    ``progress`` told, often, from the thread that pays."""

    holds: Holds = field(default_factory=NoHolds)
    earlier: Outcome = Outcome()
    limits: Limits = LIMITS
    cancelled: Callable[[], bool] = lambda: False
    progress: Callable[[Outcome], None] = lambda outcome: None


OPTIONS = Options()


def pay(uplink: Uplink, connection: Connection, quote: Quote, options: Options = OPTIONS) -> Outcome:
    """Send until the quote is fulfilled or a failure ends it; then wait until every packet is answered or has expired.

    Raises PaymentFailed with InvalidQuote before anything is sent, and whatever ``options.holds`` may raise beside
    InsufficientFunds; then the holds, of which the open ones count as spent, say what was sent.
    """
    if quote.max_source_amount <= 0 or quote.min_delivery_amount < 0 or quote.max_packet_amount <= 0:
        raise PaymentFailed(Failure.InvalidQuote)
    rate = ExchangeRate(RateBounds(quote.low_estimated_exchange_rate, quote.high_estimated_exchange_rate))
    max_packet, limits = MaxPacket(quote.max_packet_amount), options.limits
    delivery = Delivery(quote, rate.bounds, max_packet, options.earlier)
    controllers: list[Controller] = [
        Sequence(connection),
        Establishment(connection),
        Expiry(limits.expiry_seconds),
        Deadlines(limits.idle_seconds, limits.overall_seconds, options.cancelled),
        Rejects(),
        max_packet,
        AssetDetails(connection.destination.asset),
        Pacing(limits.in_flight_max),
        rate,
        delivery,
    ]
    journey = Journey(connection, uplink, controllers, options.holds, limits.in_flight_max)
    journey.watch = lambda: options.progress(delivery.outcome)
    failure = journey.run()
    excused = delivery.paid and failure not in LIES
    return replace(delivery.outcome, failure=None if excused else failure)


def close(uplink: Uplink, connection: Connection) -> None:
    """Tell the receiver that the connection is over (RFC 29 §4.6). Best effort: it may not hear it."""
    controllers: list[Controller] = [
        Sequence(connection),
        Establishment(connection),
        Expiry(LIMITS.expiry_seconds),
        Deadlines(CLOSE_SECONDS, CLOSE_SECONDS, lambda: False),
        _Closing(),
    ]
    Journey(connection, uplink, controllers).run()


class _Closing(Controller):
    """Sends one closing packet, and waits for its answer."""

    def __init__(self) -> None:
        self._sent = self._answered = False

    def draft(self, request: Request, now: float) -> Veto | None:
        if self._sent:
            return Stop() if self._answered else Wait()
        request.frames += (ConnectionClose(ErrorCode.NO_ERROR, ""),)
        return None

    def sent(self, request: Request, now: float) -> None:
        self._sent = True

    def answered(self, request: Request, answer: Answer, now: float) -> Failure | None:
        self._answered = True
        return None
