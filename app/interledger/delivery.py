"""The aim of a payment: how much the next packet carries, the least it must bring, and when all is done.

What was sent, what arrived and what nobody knows is counted here, over all attempts of a payment.
"""

from dataclasses import dataclass

from app.interledger import receipts
from app.interledger.connection import Answer, Fate, Request
from app.interledger.controllers import Controller, Stop, Veto, Wait
from app.interledger.failures import Failure
from app.interledger.flight import delivered
from app.interledger.max_packet import MaxPacket
from app.interledger.oer import UINT64_MAX, Malformed
from app.interledger.quoting import PaymentType, Quote
from app.interledger.rates import RateBounds, ceil, floor, rounded_minimum
from app.interledger.stream import STREAM_ID, Frame, StreamMaxMoney, StreamMoney, StreamReceipt

REASON_MAX = 200  # characters


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a payment stands, over all attempts so far; what the next attempt starts from.

    ``sent`` is fulfilled, ``delivered`` has arrived at least; ``unknown`` may have been fulfilled too: it counts as
    spent until its holds are settled. ``in_flight`` is on its way. ``receipt`` proves the largest total the receiver
    has signed for. ``reason`` is the last reject, for a person.
    """

    sent: int = 0
    delivered: int = 0
    unknown: int = 0
    in_flight: int = 0
    receipt: bytes = b""
    failure: Failure | None = None
    reason: str = ""


@dataclass(slots=True)
class Doubt:
    """Packets of which nothing certain is known: ``amount`` in source units, ``most`` and ``least`` of destination."""

    amount: int = 0
    most: int = 0
    least: int = 0

    def add(self, amount: int, most: int, least: int) -> None:
        self.amount += amount
        self.most += most
        self.least += least


class Delivery(Controller):
    """Drafts the packets of a payment, never beyond the quote, whatever is still in doubt."""

    def __init__(self, quote: Quote, bounds: RateBounds, max_packet: MaxPacket, earlier: Outcome) -> None:
        self._quote = quote
        self._bounds = bounds
        self._max_packet = max_packet
        self._sent, self._delivered = earlier.sent, earlier.delivered
        self._receipt = earlier.receipt
        self._reason = ""
        self._receive_max: int | None = None
        self._in_flight = Doubt()
        self._most: dict[int, int] = {}  # of each packet in flight, as it was estimated when it left
        unknown = earlier.unknown + earlier.in_flight
        self._unknown = Doubt(unknown, bounds.most(unknown), rounded_minimum(unknown, quote.min_exchange_rate))

    @property
    def outcome(self) -> Outcome:
        return Outcome(
            sent=self._sent,
            delivered=self._delivered,
            unknown=self._unknown.amount,
            in_flight=self._in_flight.amount,
            receipt=self._receipt,
            reason=self._reason,
        )

    @property
    def paid(self) -> bool:
        if self._quote.payment_type is PaymentType.FIXED_SEND:
            return self._sent >= self._quote.max_source_amount
        return self._delivered >= self._quote.min_delivery_amount and not self._in_flight.amount

    def draft(self, request: Request, now: float) -> Veto | None:
        if self.paid:
            return Stop()
        available = self._quote.max_source_amount - self._sent - self._in_flight.amount - self._unknown.amount
        wanted = self._wanted()
        if min(available, wanted) <= 0:
            return self._nothing_to_send()
        return self._fill(request, min(available, wanted, UINT64_MAX))

    def sent(self, request: Request, now: float) -> None:
        most = self._bounds.most(request.amount)
        self._most[request.sequence] = most
        self._in_flight.add(request.amount, most, request.minimum)

    def answered(self, request: Request, answer: Answer, now: float) -> Failure | None:
        most = self._most.pop(request.sequence)
        self._in_flight.add(-request.amount, -most, -request.minimum)
        self._take(answer.frames)
        if answer.fate is Fate.UNKNOWN:
            self._unknown.add(request.amount, most, request.minimum)
        if answer.fate is not Fate.FULFILLED:
            self._reason = f"{answer.code} {answer.message}".strip()[:REASON_MAX]
            return self._too_much()
        self._sent += request.amount
        self._delivered += delivered(request, answer)
        if answer.delivered is None or answer.delivered < request.minimum:
            return Failure.ReceiverProtocolViolation
        return None if self.paid else self._too_much()

    def _wanted(self) -> int:
        """The source amount that, at the lowest rate we know, delivers what is still missing."""
        if self._quote.payment_type is PaymentType.FIXED_SEND:
            return self._quote.max_source_amount
        missing = self._quote.min_delivery_amount - self._delivered - self._in_flight.most - self._unknown.most
        if missing <= 0 or not self._bounds.low:
            return 0
        return ceil(missing, 1 / self._bounds.low)

    def _nothing_to_send(self) -> Veto:
        if self._in_flight.amount:
            return Wait()
        return Stop(Failure.OutcomeUnknown if self._unknown.amount else Failure.InsufficientExchangeRate)

    def _fill(self, request: Request, rest: int) -> Veto | None:
        """Make the request carry as much of ``rest`` as the path takes, and insist on the minimum rate."""
        largest = self._max_packet.probing or rest
        last = rest <= largest
        request.amount = rest if last else self._whole(largest)
        request.minimum = self._last_minimum(rest) if last else ceil(request.amount, self._quote.min_exchange_rate)
        if self._bounds.least(request.amount) < request.minimum:
            return Stop(Failure.InsufficientExchangeRate)
        request.fulfillable = True
        request.frames += (StreamMoney(STREAM_ID, 1),)
        return None

    def _whole(self, largest: int) -> int:
        """The most, up to ``largest``, of which rounding down to destination units leaves the minimum rate."""
        units, minimum = self._bounds.least(largest), self._quote.min_exchange_rate
        return min(largest, floor(units, 1 / minimum)) if units and minimum else largest

    def _last_minimum(self, amount: int) -> int:
        """The last packet of a fixed send must bring what then is missing of the quote, whatever rounding has cost."""
        minimum = rounded_minimum(amount, self._quote.min_exchange_rate)
        if self._quote.payment_type is PaymentType.FIXED_DELIVERY:
            return minimum
        promised = self._delivered + self._in_flight.least + self._unknown.least
        return max(minimum, self._quote.min_delivery_amount - promised)

    def _take(self, frames: tuple[Frame, ...]) -> None:
        """Keep the largest limit the receiver has named, and the receipt for the largest total."""
        for frame in frames:
            if isinstance(frame, StreamMaxMoney) and frame.stream_id == STREAM_ID:
                self._receive_max = max(self._receive_max or 0, frame.receive_max)
            if isinstance(frame, StreamReceipt) and _total(frame.receipt) > _total(self._receipt):
                self._receipt = frame.receipt

    def _too_much(self) -> Failure | None:
        if self._receive_max is not None and self._receive_max < self._quote.min_delivery_amount:
            return Failure.IncompatibleReceiveMax
        return None


def _total(receipt: bytes) -> int:
    try:
        return receipts.decode(receipt).total_received
    except Malformed:
        return -1
