"""What a node says of itself."""

from typing import Any

from app.sandbox.network.horizon.names import time
from app.sandbox.network.horizon.node import Node
from app.sandbox.network.horizon.show.links import link, paged

HORIZON_VERSION = "2.33.0-sandbox"
CORE_VERSION = "sandbox 19.14.0"


def show_root(node: Node, base: str) -> dict[str, Any]:
    latest, rules = node.latest.header, node.rules
    return {
        "_links": _links(base),
        "horizon_version": HORIZON_VERSION,
        "core_version": CORE_VERSION,
        "ingest_latest_ledger": latest.sequence,
        "history_latest_ledger": latest.sequence,
        "history_latest_ledger_closed_at": time(latest.close_time),
        "history_elder_ledger": node.elder,
        "core_latest_ledger": node.core.sequence if node.core else latest.sequence,
        "network_passphrase": rules.passphrase,
        "current_protocol_version": rules.protocol,
        "supported_protocol_version": rules.protocol,
        "core_supported_protocol_version": rules.protocol,
    }


_ORDER_BOOK = ",".join(f"{side}_asset_{part}" for side in ("selling", "buying") for part in ("type", "code", "issuer"))


def _links(base: str) -> dict[str, Any]:
    return {
        "account": link(f"{base}/accounts/{{account_id}}"),
        "accounts": link(f"{base}/accounts{{?signer,sponsor,asset,cursor,limit,order}}"),
        "account_transactions": paged(f"{base}/accounts/{{account_id}}/transactions"),
        "claimable_balances": link(f"{base}/claimable_balances{{?asset,sponsor,claimant,cursor,limit,order}}"),
        "assets": link(f"{base}/assets{{?asset_code,asset_issuer,cursor,limit,order}}"),
        "effects": paged(f"{base}/effects"),
        "fee_stats": link(f"{base}/fee_stats"),
        "friendbot": link(f"{base}/friendbot{{?addr}}"),
        "ledger": link(f"{base}/ledgers/{{sequence}}"),
        "ledgers": paged(f"{base}/ledgers"),
        "offer": link(f"{base}/offers/{{offer_id}}"),
        "offers": link(f"{base}/offers{{?selling,buying,seller,sponsor,cursor,limit,order}}"),
        "operation": link(f"{base}/operations/{{id}}"),
        "operations": link(f"{base}/operations{{?cursor,limit,order,include_failed}}"),
        "order_book": link(f"{base}/order_book{{?{_ORDER_BOOK},limit}}"),
        "payments": link(f"{base}/payments{{?cursor,limit,order,include_failed}}"),
        "self": link(f"{base}/"),
        "strict_receive_paths": link(f"{base}/paths/strict-receive{{?source_assets,source_account,{_RECEIVE}}}"),
        "strict_send_paths": link(f"{base}/paths/strict-send{{?destination_account,destination_assets,{_SEND}}}"),
        "trades": link(f"{base}/trades{{?cursor,limit,order}}"),
        "transaction": link(f"{base}/transactions/{{hash}}"),
        "transactions": paged(f"{base}/transactions"),
    }


_RECEIVE = (
    "destination_account,destination_asset_type,destination_asset_code,destination_asset_issuer,destination_amount"
)
_SEND = "source_account,source_asset_type,source_asset_code,source_asset_issuer,source_amount"
