"""Every way a payment can fail, in one table.

The names are those of the reference implementation (@interledger/pay), so that what is stored and shown means the
same everywhere; the last group is ours. *Recoverable* says whether trying again later, with nothing changed, may help.
"""

from enum import Enum
from typing import Any


class Failure(Enum):
    """``Failure.IdleTimeout.recoverable``, ``.when``; ``.name`` is what to store."""

    # fmt: off
    # what was asked for is wrong
    InvalidPaymentPointer     = False, "the payment pointer or account URL is not a valid one"
    InvalidCredentials        = False, "the shared secret or ILP address is missing or not valid"
    InvalidDestination        = False, "the URL names an account or document that cannot be paid directly"
    InvalidSlippage           = False, "slippage is not between 0 and 1"
    UnknownSourceAsset        = False, "the source asset is needed to compute a minimum rate and was not given"
    UnknownPaymentTarget      = False, "no amount to send, no amount to deliver, and the invoice has none either"
    InvalidSourceAmount       = False, "the amount to send is not a positive UInt64"
    InvalidDestinationAmount  = False, "the amount to deliver is not a positive UInt64"
    UnenforceableDelivery     = False, "with a minimum rate of 0 a fixed delivery would have no limit on what it costs"
    InvalidQuote              = False, "the quote's amounts are not positive"

    # what the receiver or the path does not allow
    QueryFailed               = True,  "the account, invoice or incoming payment could not be fetched or read"
    IncomingPaymentCompleted  = False, "the invoice is already paid"
    IncomingPaymentExpired    = False, "the invoice has expired"
    ConnectorError            = True,  "a final Reject, or a path whose maximum packet amount is 0"
    EstablishmentFailed       = True,  "nothing authentic came back from the receiver"
    UnknownDestinationAsset   = False, "the receiver never said what asset it receives"
    DestinationAssetConflict  = False, "the receiver named two different assets"
    ExternalRateUnavailable   = False, "there is no price for the source or the destination asset"
    RateProbeFailed           = True,  "the rate or the maximum packet amount was not found in time"
    InsufficientExchangeRate  = True,  "the path gives less than the minimum rate"
    IdleTimeout               = True,  "no packet was fulfilled for too long"
    ClosedByReceiver          = True,  "the receiver closed the stream or the connection"
    IncompatibleReceiveMax    = False, "the receiver will not accept as much as must be delivered"
    ReceiverProtocolViolation = False, "a packet was fulfilled without proof that its minimum arrived"
    MaxSafeEncryptionLimit    = False, "2^31 packets have been sealed with one key"

    # ours
    AmountTooSmall            = False, "the amount delivers less than one unit; facts name the minimum"
    InsufficientBalance       = False, "the ledger would not reserve what the next packets need"
    Cancelled                 = False, "the caller cancelled while sending"
    DeadlineExceeded          = True,  "the payment took longer than it may"
    OutcomeUnknown            = True,  "all is sent, but some packets got no answer: settle their holds and resume"
    # fmt: on

    def __init__(self, recoverable: bool, when: str) -> None:
        self.recoverable = recoverable
        self.when = when


class PaymentFailed(Exception):
    """Raised before any money has moved. ``facts`` are safe to show, such as ``minimum`` of AmountTooSmall."""

    def __init__(self, failure: Failure, **facts: Any) -> None:
        super().__init__(
            f"{failure.name}: {failure.when}" + "".join(f"; {name}={fact}" for name, fact in facts.items())
        )
        self.failure = failure
        self.facts = facts
