"""How large a packet may be on this path."""

from app.interledger.connection import Answer, Request
from app.interledger.controllers import Controller
from app.interledger.failures import Failure
from app.interledger.packet import decode_too_large


class MaxPacket(Controller):
    """Learns from F08 how large a packet may be (RFC 27, F08).

    With both amounts in its data an F08 says so exactly, in whatever unit; without, only that one less may do.
    ``verified`` is the largest amount that came through.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.precise = limit is not None
        self.verified = 0

    @property
    def probing(self) -> int | None:
        """What to try next: the limit where it is exact, else halfway between what came through and the limit."""
        if self.limit is None or self.precise:
            return self.limit
        return self.verified + (self.limit - self.verified + 1) // 2

    def answered(self, request: Request, answer: Answer, now: float) -> Failure | None:
        if answer.code == "F08":
            return self._lower(request.amount, answer.told)
        if answer.authentic:
            self._verify(request.amount)
        return None

    def _lower(self, amount: int, told: bytes) -> Failure | None:
        received, maximum = decode_too_large(told) or (0, -1)
        if received and received <= maximum:
            return None  # nonsense: it would not have been too large
        limit = maximum * amount // received if received else amount - 1
        if limit <= 0:
            return Failure.ConnectorError
        if self.limit is None or limit < self.limit:
            self.limit, self.precise = limit, bool(received)
            self._verify(self.verified)
        return None

    def _verify(self, amount: int) -> None:
        self.verified = max(self.verified, amount)
        if self.limit is not None:
            self.verified = min(self.verified, self.limit)
            self.precise |= self.verified == self.limit
