"""STREAM receipts (RFC 39): what a receiver signs so that a third party may verify what was delivered."""

import hmac
from dataclasses import dataclass

from app.interledger.crypto import hmac_sha256
from app.interledger.oer import Malformed, Reader, uint8, uint64

VERSION = 1
NONCE_SIZE = 16  # bytes
_SIZE = 58
_SIGNED_SIZE = 26


@dataclass(frozen=True, slots=True)
class Receipt:
    """``total_received`` is in the receiver's units, over the whole stream. ``octets`` is what a verifier wants."""

    nonce: bytes
    stream_id: int
    total_received: int
    octets: bytes


def sign(nonce: bytes, secret: bytes, stream_id: int, total_received: int) -> bytes:
    """A receipt: version, nonce, stream, total, and the HMAC of these under the receipt secret."""
    signed = uint8(VERSION) + nonce + uint8(stream_id) + uint64(total_received)
    return signed + hmac_sha256(secret, signed)


def decode(octets: bytes) -> Receipt:
    """Read a receipt without verifying it: the sender has no secret to do so. Raises Malformed."""
    if len(octets) != _SIZE or octets[0] != VERSION:
        raise Malformed("this is not a receipt of version 1")
    fields = Reader(octets[1:])
    return Receipt(fields.octets(NONCE_SIZE), fields.uint8(), fields.uint64(), octets)


def verify(octets: bytes, secret: bytes) -> Receipt:
    """Read a receipt and check its signature. Raises Malformed."""
    receipt = decode(octets)
    if not hmac.compare_digest(octets[_SIGNED_SIZE:], hmac_sha256(secret, octets[:_SIGNED_SIZE])):
        raise Malformed("a receipt was not signed with this secret")
    return receipt
