"""The documents of SPSP and Open Payments, read field by field. What is missing or wrong raises, in whatever way;
``reading`` makes one failure of it."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from app.interledger.destinations import Destination, Invoice
from app.interledger.failures import Failure, PaymentFailed
from app.interledger.oer import UINT64_MAX
from app.interledger.pointers import account_url
from app.interledger.rates import Asset

Document = Mapping[str, Any]


def account(url: str, said: Document) -> Destination:
    """What an account shows who wants to pay it: SPSP (RFC 9), or Open Payments of 2021, which names the asset too."""
    if "destination_account" in said:
        return Destination(said["destination_account"], _secret(said["shared_secret"]), account_url=url)
    return Destination(said["ilpAddress"], _secret(said["sharedSecret"]), _asset(said), url)


def invoice(url: str, said: Document, credentials: Document) -> Destination:
    """An incoming payment of Open Payments, or what was called an invoice in 2021."""
    wanted, asset = (_incoming_payment if "receivedAmount" in said else _invoice_of_2021)(url, said)
    owner = said.get("walletAddress") or said.get("paymentPointer") or said["account"]
    owner_url = account_url(_text(owner), allow_private=True)  # a name: we do not ask there
    return Destination(credentials["ilpAddress"], _secret(credentials["sharedSecret"]), asset, owner_url, wanted)


def credentials(said: Document) -> Document | str:
    """Where an invoice has the address and the shared secret: in one of its methods, in its connection, or in itself.
    A connection may be the URL of where they are."""
    found: Document | str = said.get("ilpStreamConnection", said)
    if "methods" in said:
        found = next(method for method in said["methods"] if method["type"] == "ilp")
    return found


def _invoice_of_2021(url: str, said: Document) -> tuple[Invoice, Asset]:
    amount = _uint64(said["amount"])
    if not amount:
        raise ValueError("an invoice of nothing")
    expires_at, description = _time(said["expiresAt"]), _text(said.get("description", ""))
    return Invoice(url, amount, _uint64(said["received"]), expires_at, description=description), _asset(said)


def _incoming_payment(url: str, said: Document) -> tuple[Invoice, Asset]:
    received, asset = _amount(said["receivedAmount"])
    wanted = None
    if said.get("incomingAmount") is not None:
        wanted, wanted_asset = _amount(said["incomingAmount"])
        if wanted_asset != asset:
            raise ValueError("two assets in one incoming payment")
    if not isinstance(said["completed"], bool):
        raise ValueError("completed is neither true nor false")
    expires_at = _time(said["expiresAt"]) if said.get("expiresAt") else None
    return Invoice(url, wanted, received, expires_at, said["completed"], _description(said)), asset


def _description(said: Document) -> str:
    metadata = said.get("metadata") or {}
    return _text(said.get("description") or metadata.get("description") or "")


def _amount(said: Document) -> tuple[int, Asset]:
    return _uint64(said["value"]), _asset(said)


def _asset(said: Document) -> Asset:
    scale = said["assetScale"]
    if type(scale) is not int or not 0 <= scale <= 255:
        raise ValueError("an asset scale is not from 0 to 255")
    return Asset(_text(said["assetCode"]), scale)


def _uint64(said: object) -> int:
    """An amount, as a number or as a string of digits."""
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) <= 20:
        said = int(said)
    if type(said) is not int or not 0 <= said <= UINT64_MAX:
        raise ValueError("an amount is not a UInt64")
    return said


def _text(said: object) -> str:
    if not isinstance(said, str):
        raise ValueError("a text is missing")
    return said


def _time(said: object) -> datetime:
    time = datetime.fromisoformat(_text(said))
    if time.tzinfo is None:
        raise ValueError("a time has no zone")
    return time


def _secret(said: object) -> bytes:
    """Base64 in either alphabet, with padding or without."""
    standard = _text(said).translate(str.maketrans("-_", "+/")).rstrip("=")
    return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)


@contextmanager
def reading() -> Iterator[None]:
    """What cannot be read, in whatever way, is a query that failed."""
    try:
        yield
    except PaymentFailed as wrong:
        if wrong.failure is Failure.QueryFailed:
            raise
        raise PaymentFailed(Failure.QueryFailed, reason=wrong.failure.name) from wrong
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration, RecursionError) as wrong:
        raise PaymentFailed(Failure.QueryFailed, reason=f"{type(wrong).__name__}: {wrong}"[:200]) from wrong
