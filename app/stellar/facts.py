"""What a Horizon node tells us, as facts: amounts in units of 10⁻⁷, times in Unix seconds."""

from dataclasses import dataclass, field

from app.stellar.results import Codes


@dataclass(frozen=True)
class Node:
    """Where a node's history begins and ends. ``closed_at`` is the close time of ``ledger``, in Unix seconds."""

    ledger: int
    closed_at: int
    elder_ledger: int
    passphrase: str


@dataclass(frozen=True)
class Ledger:
    """The last ledger a node has ingested. Fees in stroops."""

    sequence: int
    closed_at: int
    base_fee: int
    base_reserve: int
    operations_max: int


@dataclass(frozen=True)
class Balance:
    """A trustline, or the native balance (``limit`` None); all amounts in units of 10⁻⁷."""

    asset: str
    amount: int
    limit: int | None = None
    buying_liabilities: int = 0
    selling_liabilities: int = 0
    is_authorized: bool = True


@dataclass(frozen=True)
class Signer:
    """``kind`` as Horizon names it: ed25519_public_key, sha256_hash, preauth_tx, ed25519_signed_payload."""

    key: str
    weight: int
    kind: str


@dataclass(frozen=True)
class AccountFacts:
    """An account as the node sees it."""

    address: str
    sequence: int
    low_threshold: int
    medium_threshold: int
    high_threshold: int
    signers: tuple[Signer, ...]
    balances: tuple[Balance, ...]
    reserved_entries: int  # base reserves held back: 2 + subentries + sponsoring − sponsored
    memo_required: bool = False  # SEP-29

    def balance(self, asset: str) -> Balance | None:
        """Return what the account holds of ``asset``, or None if it has no line for it."""
        return next((balance for balance in self.balances if balance.asset == asset), None)

    def spendable(self, asset: str, base_reserve: int) -> int:
        """Return how much of ``asset`` can leave the account: without reserves and what its offers hold."""
        balance = self.balance(asset)
        if balance is None:
            return 0
        reserve = self.reserved_entries * base_reserve if balance.limit is None else 0
        return max(balance.amount - balance.selling_liabilities - reserve, 0)


@dataclass(frozen=True)
class TransactionFacts:
    """A transaction that is in a ledger: final. ``hash`` is the one it was asked by."""

    hash: str
    successful: bool
    ledger: int
    closed_at: int
    fee_charged: int
    fee_account: str
    source: str
    sequence: int
    result_xdr: str
    envelope_xdr: str = ""


@dataclass(frozen=True)
class Receipt:
    """What a node said to an envelope: a hint, never a verdict.

    ``status`` is one of pending, duplicate (it has it already), try_again_later (not taken, and no fault found),
    refused (not taken; see ``codes``), unknown (no answer, or one that says nothing).
    """

    status: str
    codes: Codes = field(default_factory=Codes)
    fee_needed: int = 0  # stroops, where the node said what would do
    retry_after_seconds: int = 0
    why: str = ""
