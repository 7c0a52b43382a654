"""Interledger: pays over STREAM. A pure protocol library: it knows no tables and keeps nothing. See README.md."""

from app.interledger.connection import Connection
from app.interledger.delivery import Outcome
from app.interledger.destinations import Destination, Invoice
from app.interledger.failures import Failure, PaymentFailed
from app.interledger.flight import Limits
from app.interledger.holds import Hold, Holds, InsufficientFunds, Settlement
from app.interledger.quoting import PaymentType, Quote, Terms, quote
from app.interledger.rates import Asset
from app.interledger.resolve import Asking, resolve_account, resolve_invoice
from app.interledger.sender import Options, close, pay
from app.interledger.uplink import HttpUplink, Unanswered, Uplink

__all__ = [
    "Asking",
    "Asset",
    "Connection",
    "Destination",
    "Failure",
    "Hold",
    "Holds",
    "HttpUplink",
    "InsufficientFunds",
    "Invoice",
    "Limits",
    "Options",
    "Outcome",
    "PaymentFailed",
    "PaymentType",
    "Quote",
    "Settlement",
    "Terms",
    "Unanswered",
    "Uplink",
    "close",
    "pay",
    "quote",
    "resolve_account",
    "resolve_invoice",
]
