"""Transactions, with what was sent and what came of it."""

from base64 import b64encode
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.frames import FeeBump
from app.sandbox.network.engine.from_xdr import account_id, muxed_id
from app.sandbox.network.engine.signatures import Decorated
from app.sandbox.network.horizon.history import TransactionRecord
from app.sandbox.network.horizon.names import address, muxed_address, signer, time
from app.sandbox.network.horizon.show.links import link, neighbours, paged

_MEMOS = {
    X.MemoType.MEMO_NONE: "none",
    X.MemoType.MEMO_TEXT: "text",
    X.MemoType.MEMO_ID: "id",
    X.MemoType.MEMO_HASH: "hash",
    X.MemoType.MEMO_RETURN: "return",
}


def show_transaction(record: TransactionRecord, base: str, hash: str = "") -> dict[str, Any]:
    """Show a transaction; a fee bump asked for by its inner ``hash`` carries that hash and the inner signatures."""
    applied, header = record.applied, record.ledger.header
    frame, inner = applied.frame, applied.frame.inner
    hash = hash or record.hash
    self = f"{base}/transactions/{hash}"
    asked_for_inner = isinstance(frame, FeeBump) and hash != record.hash
    return {
        "_links": {
            "self": link(self),
            "account": link(f"{base}/accounts/{address(frame.source)}"),
            "ledger": link(f"{base}/ledgers/{header.sequence}"),
            "operations": paged(f"{self}/operations"),
            "effects": paged(f"{self}/effects"),
            **neighbours(base, "transactions", record.place),
            "transaction": link(self),
        },
        "id": hash,
        "paging_token": str(record.place),
        "successful": record.succeeded,
        "hash": hash,
        "ledger": header.sequence,
        "created_at": time(header.close_time),
        "source_account": address(frame.source),
        **muxed_fields(record.source, "account"),
        "source_account_sequence": str(frame.sequence),
        "fee_account": address(frame.fee_source),
        **muxed_fields(frame.body.fee_source if isinstance(frame, FeeBump) else record.source, "fee_account"),
        "fee_charged": str(applied.fee_charged),
        "max_fee": str(frame.fee),
        "operation_count": len(inner.operations),
        "envelope_xdr": b64encode(frame.envelope).decode(),
        "result_xdr": applied.result.to_xdr(),
        "fee_meta_xdr": _NO_CHANGES,
        **_memo(inner.body.memo),
        "signatures": _signatures(inner.signatures if asked_for_inner else frame.signatures),
        **_preconditions(record),
        **(_bump(frame) if isinstance(frame, FeeBump) else {}),
    }


_NO_CHANGES = X.LedgerEntryChanges([]).to_xdr()


def muxed_fields(account: X.MuxedAccount, prefix: str) -> dict[str, str]:
    id = muxed_id(account)
    if id is None:
        return {}
    return {f"{prefix}_muxed": muxed_address(account_id(account), id), f"{prefix}_muxed_id": str(id)}


def _signatures(signatures: tuple[Decorated, ...]) -> list[str]:
    return [b64encode(signature).decode() for _, signature in signatures]


def _memo(memo: X.Memo) -> dict[str, str]:
    kind = {"memo_type": _MEMOS[memo.type]}
    if memo.text is not None:
        text = memo.text.decode("utf-8", "replace").replace("\0", "")
        return kind | {"memo": text, "memo_bytes": b64encode(memo.text).decode()}
    if memo.id is not None:
        return kind | {"memo": str(memo.id.uint64)}
    hash = memo.hash or memo.ret_hash
    return kind | {"memo": b64encode(hash.hash).decode()} if hash else kind


def _preconditions(record: TransactionRecord) -> dict[str, Any]:
    cond, asked = record.applied.frame.inner.body.cond, record.applied.frame.inner.conditions
    shown: dict[str, Any] = {}
    times = cond.v2.time_bounds if cond.v2 else cond.time_bounds
    if times:
        shown["timebounds"] = {"min_time": str(asked.min_time)}
        if asked.max_time:
            shown["timebounds"]["max_time"] = str(asked.max_time)
    if cond.v2 and cond.v2.ledger_bounds:
        shown["ledgerbounds"] = {"min_ledger": asked.min_ledger}
        if asked.max_ledger:
            shown["ledgerbounds"]["max_ledger"] = asked.max_ledger
    if asked.min_sequence is not None:
        shown["min_account_sequence"] = str(asked.min_sequence)
    if asked.min_age:
        shown["min_account_sequence_age"] = str(asked.min_age)
    if asked.min_gap:
        shown["min_account_sequence_ledger_gap"] = asked.min_gap
    if asked.extra_signers:
        shown["extra_signers"] = [signer(key)[1] for key in asked.extra_signers]
    return {"preconditions": shown} if shown else {}


def _bump(frame: FeeBump) -> dict[str, Any]:
    return {
        "fee_bump_transaction": {"hash": frame.hash.hex(), "signatures": _signatures(frame.signatures)},
        "inner_transaction": {
            "hash": frame.inner.hash.hex(),
            "signatures": _signatures(frame.inner.signatures),
            "max_fee": str(frame.inner.fee),
        },
    }
