"""Stellar RPC beside Horizon, as far as it has to do with the classic ledger: JSON-RPC 2.0 over POST."""

import json
from collections.abc import Callable
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entry_writing import write
from app.sandbox.network.engine.from_xdr import key_of
from app.sandbox.network.horizon.node import Node
from app.sandbox.network.http import Request, Response, json_response

KEYS_MAX = 200

PARSE_ERROR, INVALID_REQUEST, UNKNOWN_METHOD, INVALID_PARAMS = -32700, -32600, -32601, -32602


class Wrong(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def answer(node: Node, request: Request) -> Response:
    called: Any = {}
    try:
        called = json.loads(request.body)
        result = _call(node, called)
    except json.JSONDecodeError as error:
        return _reply(None, error={"code": PARSE_ERROR, "message": str(error)})
    except Wrong as wrong:
        return _reply(called.get("id"), error={"code": wrong.code, "message": str(wrong)})
    return _reply(called.get("id"), result=result)


def _reply(id: Any, **content: Any) -> Response:
    return json_response({"jsonrpc": "2.0", "id": id, **content})


def _call(node: Node, called: Any) -> Any:
    if not isinstance(called, dict):
        raise Wrong(INVALID_REQUEST, "a request is an object")
    method = _METHODS.get(called.get("method", ""))
    if method is None:
        raise Wrong(UNKNOWN_METHOD, f"method not found: {called.get('method')}")
    return method(node, called.get("params") or {})


def _health(node: Node, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": "healthy",
        "latestLedger": node.latest.header.sequence,
        "oldestLedger": node.elder,
        "ledgerRetentionWindow": node.keep.ledgers,
    }


def _network(node: Node, _: dict[str, Any]) -> dict[str, Any]:
    return {"passphrase": node.rules.passphrase, "protocolVersion": node.rules.protocol, "friendbotUrl": "/friendbot"}


def _latest(node: Node, _: dict[str, Any]) -> dict[str, Any]:
    latest = node.latest
    return {
        "id": latest.hash,
        "protocolVersion": node.rules.protocol,
        "sequence": latest.header.sequence,
        "closeTime": str(latest.header.close_time),
        "headerXdr": latest.written.to_xdr(),
        "metadataXdr": "",
    }


def _entries(node: Node, params: dict[str, Any]) -> dict[str, Any]:
    keys = params.get("keys")
    if not isinstance(keys, list) or len(keys) > KEYS_MAX:
        raise Wrong(INVALID_PARAMS, f"keys must be a list of at most {KEYS_MAX}")
    found = [entry for key in keys if (entry := _entry(node, key))]
    return {"entries": found, "latestLedger": node.latest.header.sequence}


def _entry(node: Node, text: str) -> dict[str, Any] | None:
    try:
        key = key_of(X.LedgerKey.from_xdr(text))
    except Exception as error:  # noqa: BLE001: the decoder raises whatever the text makes it stumble over
        raise Wrong(INVALID_PARAMS, f"cannot decode the key {text!r}: {error}") from error
    shown = node.view.get(key) if key else None
    if shown is None:
        return None
    written = write(shown.entry, shown.ledger)
    return {"key": text, "xdr": written.data.to_xdr(), "lastModifiedLedgerSeq": shown.ledger}


_METHODS: dict[str, Callable[[Node, dict[str, Any]], Any]] = {
    "getHealth": _health,
    "getNetwork": _network,
    "getLatestLedger": _latest,
    "getLedgerEntries": _entries,
}
