"""A STREAM receiver that remembers nothing (RFC 29): who is paid is written, sealed, into the address it gives out.

It is here for tests and for peers on this machine; a receiver for real money needs books behind ``credit``.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.interledger import crypto, oer, receipts, stream
from app.interledger.crypto import Keys, hmac_sha256
from app.interledger.destinations import Destination
from app.interledger.oer import Malformed, Reader
from app.interledger.packet import FULFILL, PREPARE, REJECT, Fulfill, Prepare, Reject, Reply
from app.interledger.rates import Asset
from app.interledger.stream import (
    STREAM_ID,
    ConnectionAssetDetails,
    ConnectionClose,
    ConnectionNewAddress,
    ErrorCode,
    Frame,
    StreamPacket,
    StreamReceipt,
)

_FLAG_RECEIPT = 1


@dataclass(frozen=True, slots=True)
class Account:
    """Who is paid: ``tag`` is the owner's own name for it. With a nonce and a secret, receipts are signed (RFC 39)."""

    tag: str
    asset: Asset
    receipt_nonce: bytes = b""
    receipt_secret: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Incoming:
    """An authentic request: ``amount`` has arrived with it, of which the sender wants at least ``said.amount``."""

    account: Account
    keys: Keys
    prepare: Prepare
    said: StreamPacket


@dataclass
class Receiver:
    """``credit(tag, amount)`` returns the total received so far with this amount, or None to decline it for good."""

    address: str
    secret: bytes = field(repr=False)
    credit: Callable[[str, int], int | None]

    def __post_init__(self) -> None:
        self._tokens = Keys(hmac_sha256(self.secret, b"tokens"))

    def credentials(self, account: Account) -> Destination:
        """An address and a shared secret to pay ``account``, good for one connection."""
        token = self._tokens.seal(_encode(account))
        text = base64.urlsafe_b64encode(token).rstrip(b"=").decode("ascii")
        return Destination(f"{self.address}.{text}", hmac_sha256(self.secret, token), account.asset)

    def receive(self, prepare: Prepare) -> Reply:
        """Answer a Prepare: fulfill it, or say why not."""
        token = self._token(prepare.destination)
        if token is None:
            return Reject("F02", self.address, "no such receiver")
        try:
            account, keys = _decode(self._tokens.open(token)), Keys(hmac_sha256(self.secret, token))
            said = stream.decode(keys.open(prepare.data))
        except Malformed:
            return Reject("F06", self.address, "not sealed for this receiver")
        if said.packet_type != PREPARE:
            return Reject("F00", self.address, "a reply inside a Prepare")
        return self._answer(Incoming(account, keys, prepare, said))

    def _answer(self, incoming: Incoming) -> Reply:
        frames = self.greet(incoming)
        if any(isinstance(frame, ConnectionClose) for frame in incoming.said.frames):
            return self.reject(incoming, "F99", (ConnectionClose(ErrorCode.NO_ERROR, ""),))
        if incoming.prepare.expires_at <= datetime.now(UTC):
            return self.reject(incoming, "R00", frames)
        fulfillment = incoming.keys.fulfillment(incoming.prepare.data)
        fulfillable = crypto.condition(fulfillment) == incoming.prepare.condition
        if not fulfillable or incoming.prepare.amount < incoming.said.amount:
            return self.reject(incoming, "F99", frames)
        return self.take(incoming, fulfillment, frames)

    def greet(self, incoming: Incoming) -> tuple[Frame, ...]:
        """Whoever says where it can be reached is told our asset (RFC 29 §5.3.14)."""
        asset = incoming.account.asset
        asked = any(isinstance(frame, ConnectionNewAddress) for frame in incoming.said.frames)
        return (ConnectionAssetDetails(asset.code, asset.scale),) if asked else ()

    def take(self, incoming: Incoming, fulfillment: bytes, frames: tuple[Frame, ...]) -> Reply:
        """Credit the amount and fulfill, with a receipt for the total if one is wanted."""
        account, amount = incoming.account, incoming.prepare.amount
        total = self.credit(account.tag, amount) if amount else 0
        if total is None:
            return self.reject(incoming, "F99", (ConnectionClose(ErrorCode.APPLICATION_ERROR, "declined"),))
        if amount and account.receipt_nonce:
            receipt = receipts.sign(account.receipt_nonce, account.receipt_secret, STREAM_ID, total)
            frames += (StreamReceipt(STREAM_ID, receipt),)
        return Fulfill(fulfillment, sealed(incoming, FULFILL, amount, frames))

    def reject(self, incoming: Incoming, code: str, frames: tuple[Frame, ...] = ()) -> Reject:
        """Decline, proving all the same what has arrived."""
        return Reject(code, self.address, data=sealed(incoming, REJECT, incoming.prepare.amount, frames))

    def _token(self, destination: str) -> bytes | None:
        stem, _, text = destination.rpartition(".")
        if stem != self.address:
            return None
        padded = text + "=" * (-len(text) % 4)
        return base64.urlsafe_b64decode(padded) if text.isascii() and len(text) % 4 != 1 else None


def sealed(incoming: Incoming, packet_type: int, amount: int, frames: tuple[Frame, ...]) -> bytes:
    return incoming.keys.seal(stream.encode(StreamPacket(packet_type, incoming.said.sequence, amount, frames)))


def _encode(account: Account) -> bytes:
    flags = oer.uint8(_FLAG_RECEIPT if account.receipt_nonce else 0)
    names = oer.var_octets(account.tag.encode()) + oer.var_octets(account.asset.code.encode())
    return flags + names + oer.uint8(account.asset.scale) + account.receipt_nonce + account.receipt_secret


def _decode(octets: bytes) -> Account:
    fields = Reader(octets)
    flags, tag, code, scale = fields.uint8(), fields.var_octets(), fields.var_octets(), fields.uint8()
    asset = Asset(code.decode(), scale)
    if not flags & _FLAG_RECEIPT:
        return Account(tag.decode(), asset)
    return Account(tag.decode(), asset, fields.octets(receipts.NONCE_SIZE), fields.octets(crypto.SECRET_SIZE))
