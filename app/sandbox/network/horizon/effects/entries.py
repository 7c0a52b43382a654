"""What effects on entries of all kinds have in common."""

from collections.abc import Callable, Iterator
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.horizon.effects.record import Effect, changes_of
from app.sandbox.network.horizon.history import OperationRecord

_Type = X.OperationType


def lifecycle(
    record: OperationRecord, kind: type, name: str, details: Callable[[Any], dict[str, Any]]
) -> Iterator[Effect]:
    """What has come, changed or gone of one kind of entry."""
    for before, after in changes_of(record).values():
        if isinstance(before or after, kind):
            verb = "created" if before is None else "removed" if after is None else "updated"
            yield record.source, f"{name}_{verb}", details(after)


def flag_fields(names: tuple[str, ...], setting: int, clearing: int) -> dict[str, bool]:
    shown = {name: True for bit, name in enumerate(names) if setting >> bit & 1}
    return shown | {name: False for bit, name in enumerate(names) if clearing >> bit & 1}
