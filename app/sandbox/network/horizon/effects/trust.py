"""Effects on trust lines."""

from collections.abc import Iterator
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import TrustLine
from app.sandbox.network.engine.from_xdr import account_id, asset
from app.sandbox.network.engine.operations.trust import coded_asset
from app.sandbox.network.horizon.effects.entries import flag_fields, lifecycle
from app.sandbox.network.horizon.effects.record import Effect, Effects
from app.sandbox.network.horizon.history import OperationRecord
from app.sandbox.network.horizon.names import address, amount, asset_fields

_Type = X.OperationType


_LINE_FLAGS = ("authorized_flag", "authorized_to_maintain_liabilites", "clawback_enabled_flag")  # sic
_ALLOWED = {
    0: ("trustline_deauthorized", 0, 3),
    1: ("trustline_authorized", 1, 0),
    2: ("trustline_authorized_to_maintain_liabilities", 2, 0),
}


def _change_trust(record: OperationRecord, body: Any) -> Iterator[Effect]:
    said = body.change_trust_op
    details = {"limit": amount(said.limit.int64), **asset_fields(asset(said.line))}
    yield from lifecycle(record, TrustLine, "trustline", lambda _: details)


def _allow_trust(record: OperationRecord, body: Any) -> Iterator[Effect]:
    said = body.allow_trust_op
    trusted = coded_asset(said.asset, account_id(record.source))
    line = {"trustor": address(account_id(said.trustor)), **asset_fields(trusted)}
    name, setting, clearing = _ALLOWED[said.authorize.uint32]
    yield record.source, name, line
    yield record.source, "trustline_flags_updated", line | flag_fields(_LINE_FLAGS, setting, clearing)


def _line_flags(record: OperationRecord, body: Any) -> Iterator[Effect]:
    said = body.set_trust_line_flags_op
    line = {"trustor": address(account_id(said.trustor)), **asset_fields(asset(said.asset))}
    flags = flag_fields(_LINE_FLAGS, said.set_flags.uint32, said.clear_flags.uint32)
    yield record.source, "trustline_flags_updated", line | flags


EFFECTS: Effects = {
    _Type.CHANGE_TRUST: _change_trust,
    _Type.ALLOW_TRUST: _allow_trust,
    _Type.SET_TRUST_LINE_FLAGS: _line_flags,
}
