"""What an anchor may decide beside its rails, for SEP-31: the four questions of ``SendIntegration``.

The names and arguments are those Polaris users know; the manners are a rail's: facts come in, an answer goes out, and
no row is touched. An anchor with ordinary needs writes none of this: the house answers from its own tables. To change
one answer, extend the house's class and override one method. A ``ValueError`` refuses the request with its text, as
HTTP 400.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from app.money import Money


class Missing(StrEnum):
    """The error codes with which SEP-31 asks a sending anchor for more."""

    CUSTOMER_INFO = "customer_info_needed"
    TRANSACTION_INFO = "transaction_info_needed"


@dataclass(frozen=True)
class Needs:
    """Why a request cannot be taken yet.

    ``type``: for CUSTOMER_INFO, the SEP-12 customer type to register. ``fields``: for TRANSACTION_INFO, name →
    {"description", "choices", "optional"}, as in SEP-31's ``/info``.
    """

    error: Missing
    type: str = ""
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class SendTransaction:
    """A SEP-31 transaction as an integration sees it."""

    id: str
    status: str  # SEP-31's word
    asset: str  # stellar:CODE:ISSUER
    amount_in: Money
    sender_id: str = ""
    receiver_id: str = ""
    sending_anchor: str = ""  # the account that authenticated by SEP-10
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    required_info_message: str = ""


class SendIntegration(Protocol):
    """The receiving anchor's side of SEP-31. Called while a request waits: answer quickly, from your own data."""

    def info(self, asset: str, lang: str | None = None) -> Mapping[str, Any]:
        """Return what ``GET /info`` says of ``asset`` (stellar:CODE:ISSUER) under ``receive``, in language ``lang``.

        The house adds limits, fees and quotes; expected are ``sep12`` ({"sender": {"types": …}, "receiver": …}) and,
        for older clients, ``fields``.
        """

    def process_send_request(self, params: Mapping[str, Any], transaction_id: str) -> Needs | None:
        """Judge ``POST /transactions``, already sound as SEP-31 goes; None takes it.

        ``params`` is the request's JSON; ``transaction_id`` is what the transaction will be called if it is taken.
        Nothing exists yet: what is decided here must not depend on being decided once.
        """

    def process_update_request(self, params: Mapping[str, Any], transaction: SendTransaction) -> Needs | None:
        """Judge ``PATCH /transactions/:id``, which brings what was asked for of ``transaction``; None takes it."""

    def valid_sending_anchor(self, public_key: str) -> bool:
        """Say whether the anchor that authenticated as ``public_key`` (G…) may send here. Every call asks this."""
