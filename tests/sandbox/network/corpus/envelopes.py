"""Steps as signed envelopes."""

from hashlib import sha256
from typing import Any

from stellar_sdk import xdr as X

from .names import Names, preimage
from .operations import Builder, sequence

Step = dict[str, Any]


def build(names: Names, step: Step, builder: Builder, passphrase: str) -> bytes:
    """Return the envelope of a step, within its fee bump if it has one."""
    body = transaction(step, builder, sequence(step.get("seq", "next"), builder.sequence(builder.source)))
    v1 = X.TransactionV1Envelope(body, _signatures(names, digest(body, passphrase), step["sign"]))
    bump = step.get("bump")
    if not bump:
        return X.TransactionEnvelope(X.EnvelopeType.ENVELOPE_TYPE_TX, v1=v1).to_xdr_bytes()
    outer = X.FeeBumpTransaction(
        fee_source=builder.muxed(bump["src"]),
        fee=X.Int64(bump["fee"] * (len(step["ops"]) + 1)),
        inner_tx=X.FeeBumpTransactionInnerTx(X.EnvelopeType.ENVELOPE_TYPE_TX, v1=v1),
        ext=X.FeeBumpTransactionExt(0),
    )
    signatures = _signatures(names, digest(outer, passphrase), bump["sign"])
    kind = X.EnvelopeType.ENVELOPE_TYPE_TX_FEE_BUMP
    return X.TransactionEnvelope(kind, fee_bump=X.FeeBumpTransactionEnvelope(outer, signatures)).to_xdr_bytes()


def transaction(step: Step, builder: Builder, number: int) -> X.Transaction:
    return X.Transaction(
        source_account=builder.muxed(step["src"]),
        fee=X.Uint32(min(2**32 - 1, step["fee"] * max(1, len(step["ops"])))),
        seq_num=X.SequenceNumber(X.Int64(number)),
        cond=_conditions(step, builder),
        memo=_memo(step.get("memo")),
        operations=[builder.operation(said) for said in step["ops"]],
        ext=X.TransactionExt(0),
    )


def digest(body: X.Transaction | X.FeeBumpTransaction, passphrase: str) -> bytes:
    """Return the hash that is signed."""
    bump = isinstance(body, X.FeeBumpTransaction)
    kind = X.EnvelopeType.ENVELOPE_TYPE_TX_FEE_BUMP if bump else X.EnvelopeType.ENVELOPE_TYPE_TX
    tagged = kind.value.to_bytes(4, "big") + body.to_xdr_bytes()
    return sha256(sha256(passphrase.encode()).digest() + tagged).digest()


def _conditions(step: Step, builder: Builder) -> X.Preconditions:
    bounds, ledgers, pre = step.get("time_bounds"), step.get("ledger_bounds"), step.get("pre", {})
    times = None
    if bounds is not None:
        least, most = (0 if value is None else builder.now + value for value in bounds)
        times = X.TimeBounds(X.TimePoint(X.Uint64(least)), X.TimePoint(X.Uint64(most)))
    if ledgers is None and not pre:
        kind = X.PreconditionType.PRECOND_TIME if times else X.PreconditionType.PRECOND_NONE
        return X.Preconditions(kind, time_bounds=times)
    present = builder.sequence(builder.source)
    least_number = X.SequenceNumber(X.Int64(present + int(pre["min_seq"]))) if "min_seq" in pre else None
    v2 = X.PreconditionsV2(
        time_bounds=times,
        ledger_bounds=X.LedgerBounds(*map(X.Uint32, ledgers)) if ledgers else None,
        min_seq_num=least_number,
        min_seq_age=X.Duration(X.Uint64(pre.get("min_seq_age", 0))),
        min_seq_ledger_gap=X.Uint32(pre.get("min_seq_gap", 0)),
        extra_signers=[builder.signer_key(builder.names.signer_key(name)) for name in pre.get("extra_signers", [])],
    )
    return X.Preconditions(X.PreconditionType.PRECOND_V2, v2=v2)


def _memo(memo: list[Any] | None) -> X.Memo:
    kinds = X.MemoType
    if not memo:
        return X.Memo(kinds.MEMO_NONE)
    kind, value = memo
    if kind == "text":
        return X.Memo(kinds.MEMO_TEXT, text=value.encode())
    if kind == "id":
        return X.Memo(kinds.MEMO_ID, id=X.Uint64(int(value)))
    hash = X.Hash(bytes.fromhex(value))
    return X.Memo(kinds.MEMO_HASH, hash=hash) if kind == "hash" else X.Memo(kinds.MEMO_RETURN, ret_hash=hash)


def _signatures(names: Names, hash: bytes, signers: list[str]) -> list[X.DecoratedSignature]:
    pairs = [_sign(names, hash, name) for name in signers]
    return [X.DecoratedSignature(X.SignatureHint(hint), X.Signature(signature)) for hint, signature in pairs]


def _sign(names: Names, hash: bytes, name: str) -> tuple[bytes, bytes]:
    """Return hint and signature of one who signs: a key, a preimage, a payload's signer, or "!": wrongly."""
    kind, _, rest = name.partition(":")
    if kind == "x":
        return sha256(preimage(rest)).digest()[-4:], preimage(rest)
    if kind == "pay":
        signer, _, text = rest.partition(":")
        payload, key = bytes.fromhex(text), names.keys[signer]
        mask = payload[-4:].ljust(4, b"\0")
        return bytes(a ^ b for a, b in zip(key.raw_public_key()[-4:], mask, strict=True)), key.sign(payload)
    key = names.keys[name.lstrip("!")]
    return key.raw_public_key()[-4:], key.sign(hash[::-1] if name.startswith("!") else hash)
