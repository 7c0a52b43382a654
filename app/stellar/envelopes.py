"""Transactions as bytes: built once, hashed once, signed by that hash.

The SDK serialises the whole transaction again for each signature and once more for the envelope. Here the body is
written once, its operations between what the SDK writes around them; hash and envelope are made from those same bytes
(CAP-15 for fee bumps; Stellar-transaction.x).
"""

import base64
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from stellar_sdk import DecoratedSignature, Keypair, Operation, Preconditions, TimeBounds, Transaction

from app.stellar import memos

TRANSACTION, FEE_BUMP = struct.pack(">i", 2), struct.pack(">i", 5)  # EnvelopeType
ED25519 = struct.pack(">i", 0)  # CryptoKeyType of a plain account
NO_OPERATIONS, NO_EXTENSION = struct.pack(">I", 0), struct.pack(">i", 0)
OPERATIONS_MAX = 100


@dataclass(frozen=True)
class Plan:
    """A transaction before it is bytes; its operations are the SDK's, or XDR. ``fee`` is the most it may cost, all
    operations together, in stroops; ``max_time`` in Unix seconds."""

    source: str
    sequence: int
    fee: int
    max_time: int
    operations: Sequence[Operation | bytes]
    memo_type: str = memos.NONE
    memo: str = ""


@dataclass(frozen=True)
class Body:
    """A transaction as bytes, and the hash that names it on one network and that its signers sign."""

    kind: bytes
    content: bytes
    hash: bytes


def build(plan: Plan, passphrase: str) -> Body:
    """Return ``plan`` as bytes for the network of ``passphrase``."""
    frame = Transaction(
        source=plan.source,
        sequence=plan.sequence,
        fee=plan.fee,
        operations=[],
        memo=memos.memo(plan.memo_type, plan.memo),
        preconditions=Preconditions(time_bounds=TimeBounds(0, plan.max_time)),
        v1=True,
    )
    head = frame.to_xdr_object().to_xdr_bytes().removesuffix(NO_OPERATIONS + NO_EXTENSION)
    parts = [part if isinstance(part, bytes) else part.to_xdr_object().to_xdr_bytes() for part in plan.operations]
    return _body(TRANSACTION, head + struct.pack(">I", len(parts)) + b"".join(parts) + NO_EXTENSION, passphrase)


def bump(envelope_xdr: str, fee_source: str, fee: int, passphrase: str) -> Body:
    """Return a fee bump around the signed transaction ``envelope_xdr``: ``fee_source`` pays at most ``fee`` stroops."""
    key = Keypair.from_public_key(fee_source).raw_public_key()
    inner = base64.b64decode(envelope_xdr)
    return _body(FEE_BUMP, ED25519 + key + struct.pack(">q", fee) + inner + NO_EXTENSION, passphrase)


def seal(body: Body, signatures: Sequence[DecoratedSignature]) -> str:
    """Return the envelope of ``body`` and ``signatures`` in base64, as Horizon takes it."""
    signed = b"".join(row.signature_hint + struct.pack(">I", len(row.signature)) + row.signature for row in signatures)
    return base64.b64encode(body.kind + body.content + struct.pack(">I", len(signatures)) + signed).decode()


def _body(kind: bytes, content: bytes, passphrase: str) -> Body:
    return Body(kind, content, hashlib.sha256(_network_id(passphrase) + kind + content).digest())


@lru_cache
def _network_id(passphrase: str) -> bytes:
    return hashlib.sha256(passphrase.encode()).digest()
