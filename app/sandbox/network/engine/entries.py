"""What a ledger holds: accounts, trust lines, offers, data, claimable balances. All are values: none ever changes.

Amounts are stroops (10⁻⁷), keys are the 32 raw bytes of an ed25519 public key, times are Unix seconds.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

Key = tuple[Any, ...]

INT64_MAX = 2**63 - 1


class Asset(NamedTuple):
    """``code`` without its padding; the width follows from its length. Native has neither code nor issuer."""

    code: bytes
    issuer: bytes


NATIVE = Asset(b"", b"")


class SignerKey(NamedTuple):
    """``kind``: 0 ed25519, 1 pre-authorized transaction, 2 hash(x), 3 signed payload. Sorts as core sorts signers."""

    kind: int
    key: bytes
    payload: bytes = b""


class Signer(NamedTuple):
    key: SignerKey
    weight: int
    sponsor: bytes | None = None


class Thresholds(NamedTuple):
    master: int = 1
    low: int = 0
    medium: int = 0
    high: int = 0


# Flags of accounts and of trust lines, as in the protocol.
AUTH_REQUIRED, AUTH_REVOCABLE, AUTH_IMMUTABLE, AUTH_CLAWBACK_ENABLED = 1, 2, 4, 8
AUTHORIZED, MAINTAIN_LIABILITIES, CLAWBACK_ENABLED = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Header:
    """The ledger as a whole: its number, when it closed, the last offer id given out, the fees taken so far."""

    sequence: int
    close_time: int
    last_id: int = 0
    fee_pool: int = 0

    @property
    def key(self) -> Key:
        return HEADER


HEADER: Key = ("header",)


@dataclass(frozen=True, slots=True)
class Account:
    """``buying`` and ``selling`` are the liabilities of its offers in the native asset."""

    id: bytes
    balance: int
    sequence: int
    subentries: int = 0
    flags: int = 0
    home_domain: bytes = b""
    thresholds: Thresholds = Thresholds()
    signers: tuple[Signer, ...] = ()
    buying: int = 0
    selling: int = 0
    sponsored: int = 0
    sponsoring: int = 0
    sequence_ledger: int = 0
    sequence_time: int = 0
    inflation_destination: bytes | None = None
    sponsor: bytes | None = None

    @property
    def key(self) -> Key:
        return ("account", self.id)


@dataclass(frozen=True, slots=True)
class TrustLine:
    owner: bytes
    asset: Asset
    balance: int
    limit: int
    flags: int = 0
    buying: int = 0
    selling: int = 0
    sponsor: bytes | None = None

    @property
    def key(self) -> Key:
        return ("line", self.owner, self.asset)


class Price(NamedTuple):
    """Units of what is bought for one unit of what is sold: ``n / d``, exact."""

    n: int
    d: int

    @property
    def rank(self) -> int:
        """An integer that orders prices exactly: two fractions of 31-bit numbers differ by at least 2⁻⁶²."""
        return (self.n << 64) // self.d


@dataclass(frozen=True, slots=True)
class Offer:
    id: int
    seller: bytes
    selling: Asset
    buying: Asset
    amount: int
    price: Price
    passive: bool = False
    sponsor: bytes | None = None

    @property
    def key(self) -> Key:
        return ("offer", self.seller, self.id)


@dataclass(frozen=True, slots=True)
class Data:
    owner: bytes
    name: bytes
    value: bytes
    sponsor: bytes | None = None

    @property
    def key(self) -> Key:
        return ("data", self.owner, self.name)


class Claimant(NamedTuple):
    """``predicate`` is nested tuples: ("always",) ("before", time) ("not", p) ("and", p, q) ("or", p, q)."""

    destination: bytes
    predicate: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ClaimableBalance:
    id: bytes
    asset: Asset
    amount: int
    claimants: tuple[Claimant, ...]
    clawback_enabled: bool = False
    sponsor: bytes | None = None

    @property
    def key(self) -> Key:
        return ("balance", self.id)


@dataclass(frozen=True, slots=True)
class Sponsorship:
    """Between begin and end of sponsoring, within one transaction: who pays the reserves of ``sponsored``."""

    sponsored: bytes
    sponsoring: bytes

    @property
    def key(self) -> Key:
        return ("sponsorship", self.sponsored)


Entry = Header | Account | TrustLine | Offer | Data | ClaimableBalance | Sponsorship
