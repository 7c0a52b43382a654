"""Resolving: what somebody gave us to pay to becomes a Destination.

    a payment pointer or account URL     SPSP (RFC 9), or an Open Payments account of 2021, with its credentials
    an invoice or incoming payment URL   Open Payments of 2021; of the pay 0.4 alphas (``ilpStreamConnection``); of
                                         today (``methods`` of type "ilp", shown to whom the server has authorized)

All of these are strangers: they are asked through app.strangers, redirects never leave https, and what they say is
checked field by field.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

from app import strangers
from app.interledger import documents
from app.interledger.destinations import Destination
from app.interledger.documents import Document
from app.interledger.failures import Failure, PaymentFailed
from app.interledger.pointers import account_url

ACCOUNT_TYPES = "application/json, application/spsp4+json"
INVOICE_TYPES = "application/json, application/ilp-stream+json"
RETRY_SECONDS = (0.01, 0.5, 2.5)  # the pauses after no answer, a 429 or a 5xx
REDIRECTS_MAX = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Asking:
    """How to ask. ``headers``, such as an authorization, are for the first address, not for where that leads.
    ``allow_private`` is for peers on this machine."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
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
    with documents.reading():
        return documents.account(url, said)


def resolve_invoice(url: str, asking: Asking = ASKING) -> Destination:
    """Resolve the URL of an invoice or incoming payment. Raises PaymentFailed with QueryFailed."""
    said = _fetch(url, INVOICE_TYPES, asking)
    with documents.reading():
        credentials = documents.credentials(said)
        if isinstance(credentials, str):
            credentials = _fetch(credentials, INVOICE_TYPES, replace(asking, headers={}))
        return documents.invoice(url, said, credentials)


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
    with documents.reading():
        said = json.loads(answer.body)
        if not isinstance(said, dict):
            raise ValueError("the answer is not an object")
        return said


def _redirected(url: str, location: str) -> str:
    with documents.reading():
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
