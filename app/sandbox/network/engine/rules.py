"""What a network is set to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """What a network is set to. Fees and reserves are stroops; ``max_operations`` is the capacity of one ledger."""

    passphrase: str
    base_fee: int = 100
    base_reserve: int = 5_000_000
    max_operations: int = 1000
    protocol: int = 19
    close_seconds: int = 5  # how long a ledger is expected to take: how far ahead of now a transaction must not expire
