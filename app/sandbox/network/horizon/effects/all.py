"""The effects of any operation."""

from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.from_xdr import account_id, muxed_id
from app.sandbox.network.horizon.effects import claimables, settings, transfers, trust
from app.sandbox.network.horizon.effects.record import EffectRecord, Effects
from app.sandbox.network.horizon.effects.sponsorships import sponsorship_effects
from app.sandbox.network.horizon.history import OperationRecord

_EFFECTS: Effects = {**transfers.EFFECTS, **settings.EFFECTS, **trust.EFFECTS, **claimables.EFFECTS}


def effects(record: OperationRecord) -> list[EffectRecord]:
    if not record.succeeded:
        return []
    said = _EFFECTS.get(record.type)
    found = [*(said(record, record.operation.body) if said else ()), *sponsorship_effects(record)]
    return [_numbered(record, order, *effect) for order, effect in enumerate(found, 1)]


def _numbered(
    record: OperationRecord, order: int, who: X.MuxedAccount | bytes, type: str, details: dict[str, Any]
) -> EffectRecord:
    id, muxed = (who, None) if isinstance(who, bytes) else (account_id(who), muxed_id(who))
    return EffectRecord((record.place, order), record, id, muxed, type, details)
