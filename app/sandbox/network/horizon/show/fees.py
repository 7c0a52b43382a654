"""What transactions of the last five ledgers bid and paid per operation."""

from collections import Counter
from itertools import islice
from typing import Any

from app.sandbox.network.horizon.history import TransactionRecord
from app.sandbox.network.horizon.node import Node

LEDGERS = 5
_PERCENTILES = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99)


def show_fee_stats(node: Node) -> dict[str, Any]:
    recent = list(islice(node.ledgers.descending(), LEDGERS))
    transactions = [record for ledger in recent for record in ledger.transactions]
    used = sum(ledger.set_size for ledger in recent)
    hundredths = used * 100 // (node.rules.max_operations * len(recent))
    return {
        "last_ledger": str(node.latest.header.sequence),
        "last_ledger_base_fee": str(node.rules.base_fee),
        "ledger_capacity_usage": f"{hundredths // 100}.{hundredths % 100:02d}",
        "fee_charged": _distribution([_rate(one, one.applied.fee_charged) for one in transactions], node),
        "max_fee": _distribution([_rate(one, one.applied.frame.fee) for one in transactions], node),
    }


def _rate(record: TransactionRecord, fee: int) -> int:
    return fee // record.applied.frame.size


def _distribution(fees: list[int], node: Node) -> dict[str, str]:
    fees = sorted(fees) or [node.rules.base_fee]
    mode = Counter(fees).most_common(1)[0][0]
    shown = {"max": str(fees[-1]), "min": str(fees[0]), "mode": str(mode)}
    return shown | {f"p{p}": str(fees[max(0, -(-p * len(fees) // 100) - 1)]) for p in _PERCENTILES}
