"""The header of a closed ledger as XDR."""

from hashlib import sha256

from stellar_sdk import xdr as X

from app.sandbox.network.engine.ledger import TOTAL_STROOPS, Closed
from app.sandbox.network.engine.rules import Rules

_NOTHING = X.Hash(bytes(32))


def header_xdr(rules: Rules, closed: Closed, previous: bytes) -> X.LedgerHeader:
    """Write the header of a closed ledger. There are no buckets and no archives: their hashes are zero."""
    header = closed.header
    together = sha256(b"".join(applied.frame.hash for applied in closed.transactions)).digest()
    value = X.StellarValue(
        tx_set_hash=X.Hash(together),
        close_time=X.TimePoint(X.Uint64(header.close_time)),
        upgrades=[],
        ext=X.StellarValueExt(X.StellarValueType.STELLAR_VALUE_BASIC),
    )
    return X.LedgerHeader(
        ledger_version=X.Uint32(rules.protocol),
        previous_ledger_hash=X.Hash(previous),
        scp_value=value,
        tx_set_result_hash=_NOTHING,
        bucket_list_hash=_NOTHING,
        ledger_seq=X.Uint32(header.sequence),
        total_coins=X.Int64(TOTAL_STROOPS),
        fee_pool=X.Int64(header.fee_pool),
        inflation_seq=X.Uint32(0),
        id_pool=X.Uint64(header.last_id),
        base_fee=X.Uint32(rules.base_fee),
        base_reserve=X.Uint32(rules.base_reserve),
        max_tx_set_size=X.Uint32(rules.max_operations),
        skip_list=[_NOTHING] * 4,
        ext=X.LedgerHeaderExt(0),
    )
