"""Closed ledgers."""

from typing import Any

from app.sandbox.network.engine.ledger import TOTAL_STROOPS
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.horizon.history import LedgerRecord
from app.sandbox.network.horizon.names import amount, time
from app.sandbox.network.horizon.show.links import link, paged


def show_ledger(rules: Rules, record: LedgerRecord, base: str) -> dict[str, Any]:
    header = record.header
    self = f"{base}/ledgers/{header.sequence}"
    succeeded = [transaction for transaction in record.transactions if transaction.succeeded]
    return {
        "_links": {
            "self": link(self),
            **{name: paged(f"{self}/{name}") for name in ("transactions", "operations", "payments", "effects")},
        },
        "id": record.hash,
        "paging_token": str(record.place),
        "hash": record.hash,
        "prev_hash": record.previous,
        "sequence": header.sequence,
        "successful_transaction_count": len(succeeded),
        "failed_transaction_count": len(record.transactions) - len(succeeded),
        "operation_count": sum(len(transaction.operations) for transaction in succeeded),
        "tx_set_operation_count": record.set_size,
        "closed_at": time(header.close_time),
        "total_coins": amount(TOTAL_STROOPS),
        "fee_pool": amount(header.fee_pool),
        "base_fee_in_stroops": rules.base_fee,
        "base_reserve_in_stroops": rules.base_reserve,
        "max_tx_set_size": rules.max_operations,
        "protocol_version": rules.protocol,
        "header_xdr": record.written.to_xdr(),
    }
