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

from stellar_sdk import (
    DecoratedSignature,
    Keypair,
    Operation,
    Preconditions,
    SignerKey,
    TimeBounds,
    Transaction,
    TransactionEnvelope,
)

from app.errors import Invalid
from app.stellar import memos

TRANSACTION, FEE_BUMP = struct.pack(">i", 2), struct.pack(">i", 5)  # EnvelopeType
ED25519 = struct.pack(">i", 0)  # CryptoKeyType of a plain account
NO_OPERATIONS, NO_EXTENSION, NO_SIGNATURES = struct.pack(">I", 0), struct.pack(">i", 0), struct.pack(">I", 0)
OPERATIONS_MAX = 100


@dataclass(frozen=True)
class Plan:
    """A transaction before it is bytes; its operations are the SDK's, or XDR. ``fee`` is the most it may cost, all
    operations together, in stroops; ``max_time`` in Unix seconds. ``countersigner``: an address whose signature it
    needs besides those its accounts ask for (CAP-21)."""

    source: str
    sequence: int
    fee: int
    max_time: int
    operations: Sequence[Operation | bytes]
    memo_type: str = memos.NONE
    memo: str = ""
    countersigner: str = ""


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
        preconditions=_preconditions(plan),
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


def unsigned(envelope_xdr: str, passphrase: str) -> Body:
    """Return the transaction of an envelope that nobody has signed, as ``seal`` made it without signatures."""
    octets = base64.b64decode(envelope_xdr)
    return _body(TRANSACTION, octets.removeprefix(TRANSACTION).removesuffix(NO_SIGNATURES), passphrase)


def signatures(envelope_xdr: str, passphrase: str) -> tuple[bytes, list[bytes]]:
    """Return the hash of the transaction in an envelope from elsewhere, and the signatures on it; raise Invalid."""
    try:
        envelope = TransactionEnvelope.from_xdr(envelope_xdr, passphrase)
    except Exception as error:  # noqa: BLE001  the XDR of others fails to be read in many ways
        raise Invalid("that is not the envelope of a transaction in XDR (base64)", code="invalid_envelope") from error
    return envelope.hash(), [row.signature for row in envelope.signatures]


def seal(body: Body, signatures: Sequence[DecoratedSignature]) -> str:
    """Return the envelope of ``body`` and ``signatures`` in base64, as Horizon takes it."""
    signed = b"".join(row.signature_hint + struct.pack(">I", len(row.signature)) + row.signature for row in signatures)
    return base64.b64encode(body.kind + body.content + struct.pack(">I", len(signatures)) + signed).decode()


def _preconditions(plan: Plan) -> Preconditions:
    others = [SignerKey.ed25519_public_key(plan.countersigner)] if plan.countersigner else None
    return Preconditions(time_bounds=TimeBounds(0, plan.max_time), extra_signers=others)


def _body(kind: bytes, content: bytes, passphrase: str) -> Body:
    return Body(kind, content, hashlib.sha256(_network_id(passphrase) + kind + content).digest())


@lru_cache
def _network_id(passphrase: str) -> bytes:
    return hashlib.sha256(passphrase.encode()).digest()
