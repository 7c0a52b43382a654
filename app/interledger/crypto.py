"""What a shared secret is good for: sealing STREAM packets, and making conditions only the receiver can fulfill."""

import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.interledger.oer import Malformed

SECRET_SIZE = 32  # bytes
_IV_SIZE = 12
_TAG_SIZE = 16


class Keys:
    """The keys of one connection, derived from its shared secret of 32 bytes (RFC 29 §5.1, §6). Else Malformed."""

    def __init__(self, shared_secret: bytes) -> None:
        if len(shared_secret) != SECRET_SIZE:
            raise Malformed(f"a shared secret has {SECRET_SIZE} bytes")
        self._cipher = AESGCM(hmac_sha256(shared_secret, b"ilp_stream_encryption"))
        self._fulfillment_key = hmac_sha256(shared_secret, b"ilp_stream_fulfillment")

    def seal(self, octets: bytes) -> bytes:
        """Encrypt into the envelope of RFC 29 §5.1.1: random IV, tag, ciphertext."""
        iv = os.urandom(_IV_SIZE)
        sealed = self._cipher.encrypt(iv, octets, None)
        return iv + sealed[-_TAG_SIZE:] + sealed[:-_TAG_SIZE]

    def open(self, envelope: bytes) -> bytes:
        """Decrypt an envelope. Raises Malformed if it was not sealed with this key."""
        iv, tag = envelope[:_IV_SIZE], envelope[_IV_SIZE : _IV_SIZE + _TAG_SIZE]
        if len(tag) < _TAG_SIZE:
            raise Malformed("an envelope is too short")
        try:
            return self._cipher.decrypt(iv, envelope[_IV_SIZE + _TAG_SIZE :] + tag, None)
        except InvalidTag as wrong:
            raise Malformed("an envelope was not sealed with this key") from wrong

    def fulfillment(self, envelope: bytes) -> bytes:
        """The preimage that fulfills a Prepare carrying ``envelope`` (RFC 29 §6.3)."""
        return hmac_sha256(self._fulfillment_key, envelope)


def condition(fulfillment: bytes) -> bytes:
    """What a Prepare shows of its fulfillment (RFC 27)."""
    return sha256(fulfillment).digest()


def unfulfillable() -> bytes:
    """A condition that nobody can fulfill: for probes (RFC 29 §6.1)."""
    return os.urandom(32)


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
