"""One effect, and what effects are read from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.world import Changes
from app.sandbox.network.horizon.history import OperationRecord

# Who felt it, what it is called, and what it shows.
Effect = tuple[X.MuxedAccount | bytes, str, dict[str, Any]]
Effects = dict[X.OperationType, Callable[[OperationRecord, Any], Iterator[Effect]]]


@dataclass(frozen=True, slots=True)
class EffectRecord:
    """``account`` felt it, perhaps under a muxed id; ``details`` are as shown."""

    place: tuple[int, int]
    operation: OperationRecord
    account: bytes
    muxed: int | None
    type: str
    details: dict[str, Any]

    @property
    def succeeded(self) -> bool:
        return True


def changes_of(record: OperationRecord) -> Changes:
    return record.transaction.applied.operations[record.index]
