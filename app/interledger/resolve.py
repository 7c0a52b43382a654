"""Resolving: what somebody gave us to pay to becomes a Destination.

    a payment pointer or account URL     SPSP (RFC 9), or an Open Payments account of 2021, with its credentials
    an invoice or incoming payment URL   Open Payments of 2021; of the pay 0.4 alphas (``ilpStreamConnection``); of
                                         today (``methods`` of type "ilp", shown to whom the server has authorized)

All of these are strangers: they are asked through app.strangers, redirects never leave https, and what they say is
checked field by field.
"""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from app import strangers
from app.interledger.destinations import Destination, Invoice
from app.interledger.failures import Failure, PaymentFailed
from app.interledger.oer import UINT64_MAX
from app.interledger.pointers import account_url
from app.interledger.rates import Asset

ACCOUNT_TYPES = "application/json, application/spsp4+json"
INVOICE_TYPES = "application/json, application/ilp-stream+json"
RETRY_SECONDS = (0.01, 0.5, 2.5)  # the pauses after no answer, a 429 or a 5xx
REDIRECTS_MAX = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asking:
    """How to ask. ``headers``, such as an authorization, are for the first address, not for where it redirects.
    ``allow_private`` is for peers on this machine."""

    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 3
    allow_private: bool = False


ASKING = Asking()


def resolve_account(pointer: str, asking: Asking = ASKING) -> Destination:
    """Resolve a payment pointer or an account's URL. Raises PaymentFailed: InvalidPaymentPointer, QueryFailed, or
    InvalidDestination for an Open Payments wallet address, which is paid through an incoming payment."""
    url = account_url(pointer, asking.allow_private)
    said = _fetch(url, ACCOUNT_TYPES, asking)
    if "authServer" in said:
        raise PaymentFailed(Failure.InvalidDestination)
    with _reading():
        spsp = "destination_account" in said
        address, secret = ("destination_account", "shared_secret") if spsp else ("ilpAddress", "sharedSecret")
        asset = None if spsp else _asset(said)
        return Destination(said[address], _secret(said[secret]), asset, url)


def resolve_invoice(url: str, asking: Asking = ASKING) -> Destination:
    """Resolve the URL of an invoice or incoming payment. Raises PaymentFailed with QueryFailed."""
    said = _fetch(url, INVOICE_TYPES, asking)
    with _reading():
        invoice, asset = _incoming_payment(url, said) if "receivedAmount" in said else _invoice_of_2021(url, said)
        account = said.get("walletAddress") or said.get("paymentPointer") or said["account"]
        account = account_url(_text(account), asking.allow_private)
        credentials = _credentials(said, asking)
        return Destination(
            credentials["ilpAddress"], _secret(credentials["sharedSecret"]), asset, account_url=account, invoice=invoice
        )


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


def _credentials(said: Document, asking: Asking) -> Document:
    """Where the address and the shared secret are: in the document, in one of its methods, or one address further."""
    if "methods" in said:
        return next(method for method in said["methods"] if method["type"] == "ilp")
    connection = said.get("ilpStreamConnection", said)
    return _fetch(connection, INVOICE_TYPES, asking) if isinstance(connection, str) else connection


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
def _reading() -> Iterator[None]:
    """What cannot be read, in whatever way, is a query that failed."""
    try:
        yield
    except PaymentFailed as wrong:
        if wrong.failure is Failure.QueryFailed:
            raise
        raise PaymentFailed(Failure.QueryFailed, reason=wrong.failure.name) from wrong
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration, RecursionError) as wrong:
        raise PaymentFailed(Failure.QueryFailed, reason=f"{type(wrong).__name__}: {wrong}"[:200]) from wrong


def _fetch(url: str, types: str, asking: Asking) -> Document:
    """GET a JSON object. Raises PaymentFailed with QueryFailed."""
    answer = _asked_again(url, {**asking.headers, "Accept": types}, asking)
    for _ in range(REDIRECTS_MAX):
        if answer.status not in REDIRECTS:
            break
        url = _redirected(url, answer.headers.get("location", ""))
        answer = _asked_again(url, {"Accept": types}, asking)
    if answer.status != 200:
        raise PaymentFailed(Failure.QueryFailed, status=answer.status)
    with _reading():
        said = json.loads(answer.body)
        if not isinstance(said, dict):
            raise ValueError("the answer is not an object")
        return said


def _redirected(url: str, location: str) -> str:
    with _reading():
        target = urljoin(url, location)
    if url.startswith("https:") and not target.startswith("https:"):
        raise PaymentFailed(Failure.QueryFailed, reason="redirected away from https")
    return target


def _asked_again(url: str, headers: Mapping[str, str], asking: Asking) -> strangers.Answer:
    """Ask, and ask again while nobody answers or the server is busy, but not begin again after one timeout."""
    gives_up_at = time.monotonic() + asking.timeout_seconds
    answer = _ask(url, headers, asking)
    for pause in RETRY_SECONDS:
        if (answer.status != 429 and answer.status < 500) or time.monotonic() + pause > gives_up_at:
            break
        time.sleep(pause)
        answer = _ask(url, headers, asking)
    return answer


def _ask(url: str, headers: Mapping[str, str], asking: Asking) -> strangers.Answer:
    """The one place where this library speaks to strangers. No answer counts as a 503."""
    try:
        return strangers.fetch(
            url, headers=headers, timeout_seconds=asking.timeout_seconds, allow_private=asking.allow_private
        )
    except strangers.Unreachable:
        return strangers.Answer(503, {}, b"")
    except strangers.Unsafe as refusal:
        raise PaymentFailed(Failure.QueryFailed, reason=refusal.message) from refusal
