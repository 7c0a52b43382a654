"""What must not lie open in the database: sealed with AES-256-GCM.

The *context* (what the secret is, and whose) is sealed in as associated data: a sealed text copied to another row or
column does not open there. Every sealed text names its key, so keys are changed by putting a new one in front of
the old. A fingerprint finds a row by a value that is stored only sealed.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

import config

KEY_BYTES = 32
KEY_ID_BYTES = 4
NONCE_BYTES = 12


class Unopenable(Exception):
    """The key is not ours, the context is another, or the sealed bytes were changed."""


class Vault:
    """Seals with the first of ``keys`` and opens with any; each is 32 bytes, base64url, as ``new_key`` makes them.

    Fingerprints are made with the *last* key: they stay the same while new keys are put in front.
    """

    def __init__(self, keys: Sequence[str]):
        if not keys:
            raise ValueError("a vault needs a key")
        raw = [_raw(key) for key in keys]
        self._newest = _id(raw[0])
        self._ciphers = {_id(key): AESGCM(_derived(key, b"seal")) for key in raw}
        self._fingerprint_key = _derived(raw[-1], b"fingerprint")

    def seal(self, secret: str | bytes, context: str) -> bytes:
        """Return ``secret`` sealed: key id, nonce, ciphertext. Text is sealed as UTF-8."""
        plain = secret.encode() if isinstance(secret, str) else secret
        nonce = os.urandom(NONCE_BYTES)
        return self._newest + nonce + self._ciphers[self._newest].encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Return the secret, or raise Unopenable."""
        key_id, nonce = sealed[:KEY_ID_BYTES], sealed[KEY_ID_BYTES : KEY_ID_BYTES + NONCE_BYTES]
        try:
            return self._ciphers[key_id].decrypt(nonce, sealed[KEY_ID_BYTES + NONCE_BYTES :], context.encode())
        except (KeyError, InvalidTag, ValueError):
            raise Unopenable(f"cannot open what was sealed for {context}") from None

    def fingerprint(self, text: str) -> str:
        """Return the same 64 hexadecimal digits for the same text, of no use to whoever lacks the key."""
        return hmac.new(self._fingerprint_key, text.encode(), hashlib.sha256).hexdigest()


def of(settings: Mapping[str, Any], name: str) -> Vault:
    """Return the vault whose keys are the setting ``name``: VAULT_KEYS or TREASURY_KEYS."""
    try:
        return Vault(config.need(settings, name))
    except ValueError as error:
        raise config.Unconfigured(f"{name}: {error}") from None


def seals() -> Vault:
    """Return the vault of personal data and signing keys, by the settings of the running application."""
    return of(current_app.config, "VAULT_KEYS")


def new_key() -> str:
    """Return a new key, as the settings hold them."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def _raw(key: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(key)
    except ValueError:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ValueError("a key is 32 bytes in base64url")  # without the key itself: errors end up in logs
    return raw


def _derived(key: bytes, purpose: bytes) -> bytes:
    """One key, one purpose: sealing and fingerprints never share key material."""
    return hmac.new(key, b"railhead " + purpose, hashlib.sha256).digest()


def _id(key: bytes) -> bytes:
    return _derived(key, b"id")[:KEY_ID_BYTES]
