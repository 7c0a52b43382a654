"""Sending a transaction in: wait for what becomes of it, or only for what the queue says."""

import binascii
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.core import Core
from app.sandbox.network.engine.decoding import Undecodable
from app.sandbox.network.engine.frames import Frame
from app.sandbox.network.engine.queue import Admission, Status
from app.sandbox.network.engine.results import Code
from app.sandbox.network.horizon.codes import result_codes
from app.sandbox.network.horizon.history import TransactionRecord
from app.sandbox.network.horizon.names import address
from app.sandbox.network.horizon.node import Node
from app.sandbox.network.horizon.pages import HAL
from app.sandbox.network.horizon.problems import Problem
from app.sandbox.network.horizon.show.transactions import show_transaction
from app.sandbox.network.http import Cut, Request, Response, json_response

SUBMIT_SECONDS = 30

_ASYNC_STATUS = {Status.PENDING: 201, Status.DUPLICATE: 409, Status.TRY_AGAIN_LATER: 503, Status.ERROR: 400}


async def submit(node: Node, core: Core, request: Request) -> Response:
    """POST /transactions: answer when the transaction is in a ledger, or cannot get into one."""
    text, frame = _read(core, request)
    hash = frame.hash.hex()
    record = node.transaction(hash)
    if record is None:
        record = await _outcome(node, _offer(node, core, frame, text), frame, text)
    if not record.succeeded:
        raise _failed(text, record.applied.result)
    return json_response(show_transaction(record, request.base, hash), content_type=HAL)


async def submit_async(node: Node, core: Core, request: Request) -> Response:
    """POST /transactions_async: answer what the queue says."""
    text, frame = _read(core, request)
    admission = _offer(node, core, frame, text)
    content = {"tx_status": admission.status.value, "hash": frame.hash.hex()}
    if admission.result is not None:
        content["error_result_xdr"] = admission.result.to_xdr().to_xdr()
    return json_response(content, _ASYNC_STATUS[admission.status])


def _read(core: Core, request: Request) -> tuple[str, Frame]:
    kind = request.headers.get("content-type", "").split(";")[0].strip()
    if kind not in ("", "application/x-www-form-urlencoded"):
        raise Problem("unsupported_media_type")
    text = request.form.get("tx") or request.query.get("tx", "")
    try:
        return text, core.decode(text)
    except (Undecodable, binascii.Error):
        raise Problem("transaction_malformed", envelope_xdr=text) from None


def _offer(node: Node, core: Core, frame: Frame, text: str) -> Admission:
    """Offer a transaction to core, with what goes wrong on the way to it and back."""
    met = f"{address(frame.source)} {frame.hash.hex()}"
    before = core.faults.strike(node.number, met, "timeout_never", "reset_before", "try_again_later")
    if before and before.kind == "reset_before":
        raise Cut
    if before and before.kind == "timeout_never":
        raise _timeout(frame, text)
    admission = Admission(Status.TRY_AGAIN_LATER) if before else core.submit(frame)
    after = core.faults.strike(node.number, met, "timeout_landing", "reset_after", "evict")
    if after and after.kind == "evict":
        core.evict(frame)
    if after and after.kind == "reset_after":
        raise Cut
    if after and after.kind == "timeout_landing":
        raise _timeout(frame, text)
    return admission


async def _outcome(node: Node, admission: Admission, frame: Frame, text: str) -> TransactionRecord:
    """Wait for the ledger. The queue's DUPLICATE and TRY_AGAIN_LATER mean waiting too."""
    hash = frame.hash.hex()
    if admission.result is None:
        record = await node.included(hash, SUBMIT_SECONDS)
        if record is None:
            raise _timeout(frame, text)
        return record
    result = admission.result.to_xdr()
    if result.result.code == Code.txBAD_SEQ:
        await node.synced(frame, SUBMIT_SECONDS)
    record = node.transaction(hash)
    if record is None:
        raise _failed(text, result)
    return record


def _timeout(frame: Frame, text: str) -> Problem:
    return Problem("transaction_submission_timeout", hash=frame.hash.hex(), envelope_xdr=text)


def _failed(text: str, result: X.TransactionResult) -> Problem:
    extras: dict[str, Any] = {
        "envelope_xdr": text,
        "result_codes": result_codes(result),
        "result_xdr": result.to_xdr(),
    }
    return Problem("transaction_failed", **extras)
