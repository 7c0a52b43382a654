"""Whom to pay: what resolving a payment pointer or an invoice yields, and all that quoting and sending need to know."""

from dataclasses import dataclass, field
from datetime import datetime

from app.interledger.crypto import SECRET_SIZE
from app.interledger.failures import Failure, PaymentFailed
from app.interledger.packet import is_address
from app.interledger.rates import Asset


@dataclass(frozen=True, slots=True)
class Invoice:
    """What is to be delivered: ``amount`` (None where the payer decides) and what ``received`` of it so far, in units
    of the destination asset."""

    url: str
    amount: int | None
    received: int
    expires_at: datetime | None = None
    completed: bool = False
    description: str = ""

    @property
    def remaining(self) -> int | None:
        return None if self.amount is None else max(self.amount - self.received, 0)


@dataclass(frozen=True, slots=True)
class Destination:
    """``shared_secret`` is kept out of every text form of this. Raises PaymentFailed with InvalidCredentials."""

    address: str
    shared_secret: bytes = field(repr=False)
    asset: Asset | None = None
    account_url: str = ""
    invoice: Invoice | None = None

    def __post_init__(self) -> None:
        if not is_address(self.address) or len(self.shared_secret) != SECRET_SIZE:
            raise PaymentFailed(Failure.InvalidCredentials)
