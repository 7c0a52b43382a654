"""From bytes to frames: what a node takes for an envelope."""

from hashlib import sha256
from typing import Any

from stellar_sdk import xdr as X
from xdrlib3 import Unpacker

from app.sandbox.network.engine.frames import Conditions, FeeBump, Frame, Transaction
from app.sandbox.network.engine.from_xdr import signer_key
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


def _uint(value: Any) -> bytes:
    return int(value.value).to_bytes(4, "big")
