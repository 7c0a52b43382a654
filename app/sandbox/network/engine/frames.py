"""Envelopes as the ledger sees them: decoded once, with their hashes."""

from dataclasses import dataclass, field
from functools import cached_property

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import SignerKey
from app.sandbox.network.engine.from_xdr import account_id
from app.sandbox.network.engine.signatures import Decorated


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a transaction may apply. None or 0 where nothing is asked."""

    min_time: int = 0
    max_time: int = 0
    min_ledger: int = 0
    max_ledger: int = 0
    min_sequence: int | None = None
    min_age: int = 0
    min_gap: int = 0
    extra_signers: tuple[SignerKey, ...] = ()


@dataclass(frozen=True)
class Transaction:
    """A signed transaction: ``body`` is its XDR, ``envelope`` the bytes as they go into the ledger."""

    envelope: bytes
    hash: bytes
    body: X.Transaction
    signatures: tuple[Decorated, ...]
    conditions: Conditions = field(default_factory=Conditions)

    @cached_property
    def source(self) -> bytes:
        return account_id(self.body.source_account)

    @property
    def fee_source(self) -> bytes:
        return self.source

    @cached_property
    def sequence(self) -> int:
        return self.body.seq_num.sequence_number.int64

    @property
    def fee(self) -> int:
        return self.body.fee.uint32

    @property
    def operations(self) -> list[X.Operation]:
        return self.body.operations

    @property
    def size(self) -> int:
        """Operations that count for the fee and for the capacity of a ledger."""
        return max(1, len(self.operations))

    @property
    def inner(self) -> "Transaction":
        return self


@dataclass(frozen=True)
class FeeBump:
    """Somebody else pays a higher fee for ``inner``."""

    envelope: bytes
    hash: bytes
    body: X.FeeBumpTransaction
    signatures: tuple[Decorated, ...]
    inner: Transaction

    @property
    def source(self) -> bytes:
        return self.inner.source

    @cached_property
    def fee_source(self) -> bytes:
        return account_id(self.body.fee_source)

    @property
    def sequence(self) -> int:
        return self.inner.sequence

    @property
    def fee(self) -> int:
        return self.body.fee.int64

    @property
    def size(self) -> int:
        return len(self.inner.operations) + 1


Frame = Transaction | FeeBump


def operation_source(operation: X.Operation, transaction: Transaction) -> bytes:
    return account_id(operation.source_account) if operation.source_account else transaction.source
