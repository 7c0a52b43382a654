"""What an operation means to an account of ours: facts to be written down.

Strangers write operations. Whatever they put into one must neither stop the stream nor get lost: what cannot be read
becomes one fact without direction that keeps the record as it came.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.watcher.movements import Record, movements, operation_index

log = logging.getLogger(__name__)

LEDGER_BITS = 32  # an operation's id (TOID) begins with its ledger


@dataclass(frozen=True)
class Fact:
    """One movement on our account: the columns of its Observation. Without a direction, it could not be read."""

    id: str
    operation_id: int
    account: str
    muxed_id: str
    direction: str
    kind: str
    asset: str
    amount: int
    counterparty: str
    memo_type: str
    memo: str
    transaction_hash: str
    inner_hash: str
    operation_index: int
    ledger: int
    closed_at: datetime
    raw: str = ""


def facts(record: Record, account: str, effects: Sequence[Record] = ()) -> list[Fact]:
    """Return what ``record`` moved on ``account``.

    Raises KeyError, ValueError or TypeError only if Horizon's own part of the record (id, type, time, hash) is amiss.
    """
    common: dict[str, Any] = {
        "operation_id": int(record["id"]),
        "account": account,
        "kind": str(record["type"]),
        "transaction_hash": str(record["transaction_hash"]),
        "operation_index": operation_index(record),
        "ledger": int(record["id"]) >> LEDGER_BITS,
        "closed_at": datetime.fromisoformat(record["created_at"]),
    }
    try:
        return _read(common, record, effects)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError) as error:
        log.exception("an operation could not be read", extra={"operation": record["id"], "kind": record["type"]})
        return [_unparsed(common, record, error)]


def _read(common: dict[str, Any], record: Record, effects: Sequence[Record]) -> list[Fact]:
    transaction = record["transaction"]
    inner = transaction.get("inner_transaction") or {"hash": record["transaction_hash"]}
    told = common | {
        "memo_type": transaction["memo_type"],
        "memo": storable(transaction.get("memo", "")),
        "inner_hash": inner["hash"],
    }
    return [
        Fact(
            id=f"{common['operation_id']}-{part}",
            muxed_id=moved.party.muxed_id,
            direction=moved.direction,
            asset=moved.money.asset,
            amount=moved.money.amount,
            counterparty=storable(moved.counterparty),
            **told,
        )
        for part, moved in enumerate(movements(record, effects))
        if moved.party.account == common["account"] and moved.money
    ]


def _unparsed(common: dict[str, Any], record: Record, error: Exception) -> Fact:
    unknown: dict[str, Any] = {"muxed_id": "", "direction": "", "asset": "", "amount": 0, "counterparty": ""}
    untold = {"memo_type": "none", "memo": "", "inner_hash": common["transaction_hash"]}
    raw = json.dumps({"error": f"{type(error).__name__}: {error}", "record": record})
    return Fact(id=f"{common['operation_id']}-0", raw=raw, **unknown, **untold, **common)


def storable(text: str) -> str:
    """Return ``text`` with what PostgreSQL cannot keep (NUL, lone surrogates) replaced: a memo may hold anything."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
