"""Envelopes as the ledger sees them: decoded once, with their hashes."""

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from stellar_sdk import xdr as X
from xdrlib3 import Unpacker

from app.sandbox.network.engine.entries import NATIVE, Asset, SignerKey
from app.sandbox.network.engine.signatures import Decorated

_SIZES = {  # arrays the decoder does not limit by itself
    "operations": 100,
    "signatures": 20,
    "extra_signers": 2,
    "path": 5,
    "claimants": 10,
}


class Undecodable(ValueError):
    """Not an envelope: text, base64 or XDR is wrong."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a transaction may apply. None or 0 where nothing is asked."""

    min_time: int = 0
    max_time: int = 0
    min_ledger: int = 0
    max_ledger: int = 0
    min_sequence: int | None = None
    min_age: int = 0
    min_gap: int = 0
    extra_signers: tuple[SignerKey, ...] = ()


@dataclass(frozen=True)
class Transaction:
    """A signed transaction: ``body`` is its XDR, ``envelope`` the bytes as they go into the ledger."""

    envelope: bytes
    hash: bytes
    body: X.Transaction
    signatures: tuple[Decorated, ...]
    conditions: Conditions = field(default_factory=Conditions)

    @cached_property
    def source(self) -> bytes:
        return account_id(self.body.source_account)

    @property
    def fee_source(self) -> bytes:
        return self.source

    @cached_property
    def sequence(self) -> int:
        return self.body.seq_num.sequence_number.int64

    @property
    def fee(self) -> int:
        return self.body.fee.uint32

    @property
    def operations(self) -> list[X.Operation]:
        return self.body.operations

    @property
    def size(self) -> int:
        """Operations that count for the fee and for the capacity of a ledger."""
        return max(1, len(self.operations))

    @property
    def inner(self) -> "Transaction":
        return self


@dataclass(frozen=True)
class FeeBump:
    """Somebody else pays a higher fee for ``inner``."""

    envelope: bytes
    hash: bytes
    body: X.FeeBumpTransaction
    signatures: tuple[Decorated, ...]
    inner: Transaction

    @property
    def source(self) -> bytes:
        return self.inner.source

    @cached_property
    def fee_source(self) -> bytes:
        return account_id(self.body.fee_source)

    @property
    def sequence(self) -> int:
        return self.inner.sequence

    @property
    def fee(self) -> int:
        return self.body.fee.int64

    @property
    def size(self) -> int:
        return len(self.inner.operations) + 1


Frame = Transaction | FeeBump


def decode(envelope: bytes, passphrase: str) -> Frame:
    """Return what ``envelope`` holds. A V0 envelope becomes its V1 equal, which has the same hash.

    Raises Undecodable.
    """
    unpacker = Unpacker(envelope)
    try:
        frame = _unpack(unpacker, envelope, sha256(passphrase.encode()).digest())
    except Exception as error:  # noqa: BLE001: the decoder raises whatever the bytes make it stumble over
        raise Undecodable(str(error)) from error
    if unpacker.get_position() != len(envelope):
        raise Undecodable("bytes left over")
    return frame


def _unpack(unpacker: Unpacker, envelope: bytes, network: bytes) -> Frame:
    kind = X.EnvelopeType.unpack(unpacker)
    if kind == X.EnvelopeType.ENVELOPE_TYPE_TX_V0:
        return _unpack_v0(envelope, network, unpacker)
    if kind == X.EnvelopeType.ENVELOPE_TYPE_TX:
        return _unpack_v1(unpacker, envelope, network)
    if kind != X.EnvelopeType.ENVELOPE_TYPE_TX_FEE_BUMP:
        raise Undecodable(f"{kind.name} is not an envelope")
    start = unpacker.get_position()
    body = X.FeeBumpTransaction.unpack(unpacker)
    hash = sha256(network + _uint(kind) + envelope[start : unpacker.get_position()]).digest()
    inner = decode_inner(body, network)
    return FeeBump(envelope, hash, body, _signatures(unpacker), inner)


def decode_inner(body: X.FeeBumpTransaction, network: bytes) -> Transaction:
    packed = body.inner_tx.v1.to_xdr_bytes() if body.inner_tx.v1 else b""
    envelope = _uint(X.EnvelopeType.ENVELOPE_TYPE_TX) + packed
    unpacker = Unpacker(envelope)
    X.EnvelopeType.unpack(unpacker)
    return _unpack_v1(unpacker, envelope, network)


def _unpack_v0(envelope: bytes, network: bytes, unpacker: Unpacker) -> Transaction:
    # The V1 form of a V0 transaction is the same bytes with the kind of the source's key in front.
    v1 = _uint(X.EnvelopeType.ENVELOPE_TYPE_TX) + _uint(X.CryptoKeyType.KEY_TYPE_ED25519) + envelope[4:]
    again = Unpacker(v1)
    X.EnvelopeType.unpack(again)
    frame = _unpack_v1(again, v1, network)
    unpacker.set_position(again.get_position() - 4)
    return frame


def _unpack_v1(unpacker: Unpacker, envelope: bytes, network: bytes) -> Transaction:
    start = unpacker.get_position()
    body = X.Transaction.unpack(unpacker)
    tagged = _uint(X.EnvelopeType.ENVELOPE_TYPE_TX) + envelope[start : unpacker.get_position()]
    _refuse_oversized(body)
    signatures = _signatures(unpacker)
    return Transaction(envelope, sha256(network + tagged).digest(), body, signatures, conditions(body.cond))


def _refuse_oversized(body: X.Transaction) -> None:
    sized: list[tuple[str, list[Any]]] = [("operations", body.operations)]
    for operation in body.operations:
        held = operation.body.__dict__
        for name in ("path_payment_strict_receive_op", "path_payment_strict_send_op"):
            if held[name]:
                sized.append(("path", held[name].path))
        if held["create_claimable_balance_op"]:
            sized.append(("claimants", held["create_claimable_balance_op"].claimants))
    if body.cond.v2:
        sized.append(("extra_signers", body.cond.v2.extra_signers))
    for name, items in sized:
        if len(items) > _SIZES[name]:
            raise Undecodable(f"more than {_SIZES[name]} {name}")


def _signatures(unpacker: Unpacker) -> tuple[Decorated, ...]:
    count = unpacker.unpack_uint()
    if count > _SIZES["signatures"]:
        raise Undecodable(f"more than {_SIZES['signatures']} signatures")
    unpacked = [X.DecoratedSignature.unpack(unpacker) for _ in range(count)]
    return tuple((one.hint.signature_hint, one.signature.signature) for one in unpacked)


def conditions(cond: X.Preconditions) -> Conditions:
    v2 = cond.v2
    times = v2.time_bounds if v2 else cond.time_bounds
    spans: dict[str, Any] = {}
    if times:
        spans |= {"min_time": times.min_time.time_point.uint64, "max_time": times.max_time.time_point.uint64}
    if v2 is None:
        return Conditions(**spans)
    if v2.ledger_bounds:
        spans |= {"min_ledger": v2.ledger_bounds.min_ledger.uint32, "max_ledger": v2.ledger_bounds.max_ledger.uint32}
    if v2.min_seq_num:
        spans["min_sequence"] = v2.min_seq_num.sequence_number.int64
    return Conditions(
        **spans,
        min_age=v2.min_seq_age.duration.uint64,
        min_gap=v2.min_seq_ledger_gap.uint32,
        extra_signers=tuple(signer_key(key) for key in v2.extra_signers),
    )


# XDR to the ledger's own values.


def account_id(account: X.MuxedAccount | X.AccountID) -> bytes:
    """Return the raw key; a muxed account acts as the account it is of."""
    if isinstance(account, X.AccountID):
        return account.account_id.ed25519.uint256  # type: ignore[union-attr]
    key = account.med25519.ed25519 if account.med25519 else account.ed25519
    return key.uint256  # type: ignore[union-attr]


def muxed_id(account: X.MuxedAccount) -> int | None:
    return account.med25519.id.uint64 if account.med25519 else None


def asset(value: X.Asset | X.ChangeTrustAsset | X.TrustLineAsset) -> Asset:
    if value.alpha_num4:
        return Asset(value.alpha_num4.asset_code.asset_code4.rstrip(b"\0"), account_id(value.alpha_num4.issuer))
    if value.alpha_num12:
        return Asset(value.alpha_num12.asset_code.asset_code12.rstrip(b"\0"), account_id(value.alpha_num12.issuer))
    return NATIVE


def signer_key(key: X.SignerKey) -> SignerKey:
    if key.ed25519_signed_payload:
        payload = key.ed25519_signed_payload
        return SignerKey(key.type.value, payload.ed25519.uint256, payload.payload)
    held = key.ed25519 or key.pre_auth_tx or key.hash_x
    return SignerKey(key.type.value, held.uint256)  # type: ignore[union-attr]


def operation_source(operation: X.Operation, transaction: Transaction) -> bytes:
    return account_id(operation.source_account) if operation.source_account else transaction.source


def _uint(value: Any) -> bytes:
    return int(value.value).to_bytes(4, "big")
