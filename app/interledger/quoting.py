"""Quoting: what a payment will cost and bring, before any money moves.

The path is probed for its rate and its maximum packet amount; prices and slippage give the minimum rate, which every
packet of the payment will insist on. What cannot work at these is refused here, not halfway.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction

from app.interledger.connection import Connection
from app.interledger.destinations import Invoice
from app.interledger.failures import Failure, PaymentFailed
from app.interledger.flight import LIMITS, Limits
from app.interledger.oer import UINT64_MAX
from app.interledger.probes import Path, find_asset, probe_path
from app.interledger.rates import Asset, ceil, floor, minimum_rate, rounded_minimum
from app.interledger.uplink import Uplink

SLIPPAGE = Decimal("0.01")


class PaymentType(Enum):
    FIXED_SEND = "FixedSend"
    FIXED_DELIVERY = "FixedDelivery"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the payer wants. The amount of an invoice goes before ``amount_to_deliver``, that before ``amount_to_send``.
    ``prices`` are of one whole unit of each asset code, in one common currency."""

    source_asset: Asset | None = None
    amount_to_send: int | None = None
    amount_to_deliver: int | None = None
    slippage: Decimal = SLIPPAGE
    prices: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quote:
    """At most ``max_source_amount`` leaves and, if the payment completes, at least ``min_delivery_amount`` arrives.

    Source amounts, and packets, in source units; rates in destination units for a source unit: the estimates bound
    the rate that was probed (low inclusive, high exclusive), the minimum is what every packet insists on.
    """

    payment_type: PaymentType
    max_source_amount: int
    min_delivery_amount: int
    max_packet_amount: int
    min_exchange_rate: Fraction
    low_estimated_exchange_rate: Fraction
    high_estimated_exchange_rate: Fraction


def quote(uplink: Uplink, connection: Connection, terms: Terms, limits: Limits = LIMITS) -> Quote:
    """Find out what ``terms`` cost and bring. Raises PaymentFailed, with any failure but those of sending."""
    payment_type, amount = _target(connection.destination.invoice, terms)
    find_asset(uplink, connection, limits)
    asset = connection.destination.asset
    if asset is None:
        raise PaymentFailed(Failure.UnknownDestinationAsset)
    minimum = minimum_rate(terms.source_asset, asset, terms.prices, terms.slippage)
    path = probe_path(uplink, connection, limits)
    if path.bounds.low < minimum or not path.bounds.low:
        raise PaymentFailed(Failure.InsufficientExchangeRate, probed=path.bounds.low, minimum=minimum)
    if payment_type is PaymentType.FIXED_SEND:
        return _fixed_send(amount, minimum, path)
    return _fixed_delivery(amount, minimum, path)


def _target(invoice: Invoice | None, terms: Terms) -> tuple[PaymentType, int]:
    """What is fixed, and its amount."""
    if invoice:
        _check_payable(invoice)
    if invoice and invoice.remaining is not None:
        return PaymentType.FIXED_DELIVERY, invoice.remaining
    if terms.amount_to_deliver is not None:
        return PaymentType.FIXED_DELIVERY, _amount(terms.amount_to_deliver, Failure.InvalidDestinationAmount)
    if terms.amount_to_send is not None:
        return PaymentType.FIXED_SEND, _amount(terms.amount_to_send, Failure.InvalidSourceAmount)
    raise PaymentFailed(Failure.UnknownPaymentTarget)


def _check_payable(invoice: Invoice) -> None:
    if invoice.completed or invoice.remaining == 0:
        raise PaymentFailed(Failure.IncomingPaymentCompleted)
    if invoice.expires_at and invoice.expires_at <= datetime.now(UTC):
        raise PaymentFailed(Failure.IncomingPaymentExpired)


def _amount(amount: object, failure: Failure) -> int:
    if type(amount) is not int or not 0 < amount <= UINT64_MAX:
        raise PaymentFailed(failure)
    return amount


def _fixed_send(amount: int, minimum: Fraction, path: Path) -> Quote:
    """What less than one unit arrives of is refused, naming the least that delivers one."""
    if not floor(amount, path.bounds.low):
        raise PaymentFailed(Failure.AmountTooSmall, minimum=ceil(1, 1 / path.bounds.low))
    return _quote(PaymentType.FIXED_SEND, (amount, max(rounded_minimum(amount, minimum), 1)), minimum, path)


def _fixed_delivery(amount: int, minimum: Fraction, path: Path) -> Quote:
    """At the minimum rate, and with the one source unit that rounding may cost, ``amount`` still arrives."""
    if not minimum:
        raise PaymentFailed(Failure.UnenforceableDelivery)
    return _quote(PaymentType.FIXED_DELIVERY, (floor(amount, 1 / minimum) + 1, amount), minimum, path)


def _quote(payment_type: PaymentType, amounts: tuple[int, int], minimum: Fraction, path: Path) -> Quote:
    most, least = amounts
    return Quote(payment_type, most, least, path.max_packet_amount, minimum, path.bounds.low, path.bounds.high)
