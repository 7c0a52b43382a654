"""Keys, assets, amounts and times as text."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from stellar_sdk import StrKey

from app.sandbox.network.engine.entries import NATIVE, Asset, Price, SignerKey

_STROOPS = 10**7


@lru_cache(maxsize=1 << 17)
def address(id: bytes) -> str:
    return StrKey.encode_ed25519_public_key(id)


def muxed_address(id: bytes, muxed: int) -> str:
    return StrKey.encode_med25519_public_key(id + muxed.to_bytes(8, "big"))


def amount(stroops: int) -> str:
    whole, part = divmod(abs(stroops), _STROOPS)
    return f"{'-' if stroops < 0 else ''}{whole}.{part:07d}"


@lru_cache(maxsize=1 << 12)
def time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def price(value: Price) -> str:
    """Seven decimals, rounded half up from the exact fraction."""
    return amount((2 * value.n * _STROOPS + value.d) // (2 * value.d))


def asset_type(asset: Asset) -> str:
    if asset == NATIVE:
        return "native"
    return "credit_alphanum4" if len(asset.code) <= 4 else "credit_alphanum12"


@lru_cache(maxsize=1 << 12)
def _asset_items(asset: Asset, prefix: str) -> tuple[tuple[str, str], ...]:
    kind = (f"{prefix}asset_type", asset_type(asset))
    if asset == NATIVE:
        return (kind,)
    code = asset.code.decode("ascii", "replace")
    return kind, (f"{prefix}asset_code", code), (f"{prefix}asset_issuer", address(asset.issuer))


def asset_fields(asset: Asset, prefix: str = "") -> dict[str, Any]:
    return dict(_asset_items(asset, prefix))


def asset_name(asset: Asset) -> str:
    """CODE:ISSUER, or native."""
    return "native" if asset == NATIVE else f"{asset.code.decode('ascii', 'replace')}:{address(asset.issuer)}"


def parse_asset(text: str) -> Asset:
    """Read what ``asset_name`` writes. Raises ValueError."""
    if text == "native":
        return NATIVE
    code, _, issuer = text.partition(":")
    if not re.fullmatch("[A-Za-z0-9]{1,12}", code):
        raise ValueError(f"{code!r} is not an asset code")
    return Asset(code.encode(), StrKey.decode_ed25519_public_key(issuer))


_SIGNERS = (
    ("ed25519_public_key", address),
    ("preauth_tx", StrKey.encode_pre_auth_tx),
    ("sha256_hash", StrKey.encode_sha256_hash),
)


def signer(key: SignerKey) -> tuple[str, str]:
    """Return (type, text) of the key of a signer."""
    if key.payload or key.kind == len(_SIGNERS):
        packed = key.key + len(key.payload).to_bytes(4, "big") + key.payload + bytes(-len(key.payload) % 4)
        return "ed25519_signed_payload", StrKey.encode_ed25519_signed_payload(packed)
    kind, encode = _SIGNERS[key.kind]
    return kind, encode(key.key)


def balance_id(id: bytes) -> str:
    return "00000000" + id.hex()
