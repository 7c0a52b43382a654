"""Who signs. Keys live behind one small interface: give it a hash, get signatures.

A local keypair is a signer; so would be a key in a hardware module or another party's service. Seeds are opened from
the vault once a process and kept as keypairs, never as text. Keys that others hold are known by their addresses only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from stellar_sdk import DecoratedSignature, Keypair
from stellar_sdk.exceptions import BadSignatureError

from app.errors import NotFound
from app.stellar.network import Network
from app.vault import Vault

LOW, MEDIUM, HIGH = range(3)  # an account's thresholds


class Signer(Protocol):
    """Somebody who signs the hash of a transaction."""

    @property
    def public_key(self) -> str:
        """The address of the key."""

    def sign_decorated(self, data: bytes) -> DecoratedSignature:
        """Return the signature of ``data`` with the hint of the key that made it."""


@dataclass(frozen=True)
class Keys:
    """All keys we know of that sign for an account: those that are here, and the addresses of those elsewhere."""

    here: tuple[Signer, ...] = field(default=(), repr=False)
    elsewhere: tuple[str, ...] = ()

    @property
    def ours(self) -> tuple[str, ...]:
        """The addresses of the keys that are here."""
        return tuple(signer.public_key for signer in self.here)


@dataclass(frozen=True)
class Quorum:
    """What the signatures for an account must weigh together, and what each key's weighs."""

    needed: int
    weights: Mapping[str, int]

    def weight(self, addresses: Iterable[str]) -> int:
        """Return what the signatures of ``addresses`` weigh together."""
        return sum(self.weights.get(address, 0) for address in addresses)

    def fewest(self, available: Sequence[str]) -> tuple[str, ...] | None:
        """Return the fewest of ``available`` that suffice, the heaviest first, or None if all of them do not.

        The network refuses a transaction with a signature it does not need (tx_bad_auth_extra).
        """
        chosen: list[str] = []
        for address in sorted(available, key=lambda address: -self.weights.get(address, 0)):
            if self.weight(chosen) < self.needed:
                chosen.append(address)
        return tuple(chosen) if self.weight(chosen) >= self.needed else None


def quorum(network: Network, account: str, keys: Keys, level: int) -> Quorum:
    """Return what it takes to sign for ``account`` at a threshold, as the network shows it.

    Where there is one key there is nothing to choose, and nothing is asked. Raises NotFound if there is no account.
    """
    known = (*keys.ours, *keys.elsewhere)
    if len(known) < 2:
        return Quorum(len(known), dict.fromkeys(known, 1))
    facts = network.account(account)
    if facts is None:
        raise NotFound(f"{account} does not exist on Stellar", code="no_account")
    threshold = (facts.low_threshold, facts.medium_threshold, facts.high_threshold)[level]
    weights = {signer.key: signer.weight for signer in facts.signers}
    return Quorum(max(threshold, 1), {address: weights.get(address, 0) for address in known})


def sign(hash: bytes, signers: Iterable[Signer]) -> list[DecoratedSignature]:
    """Return each signer's signature of ``hash``, each once: the network refuses a signature it does not need."""
    found = {(row.signature_hint, row.signature): row for row in (signer.sign_decorated(hash) for signer in signers)}
    return list(found.values())


def decorated(address: str, signature: bytes) -> DecoratedSignature:
    """Return somebody's signature with the hint of the key that made it."""
    return DecoratedSignature(Keypair.from_public_key(address).signature_hint(), signature)


def signed_by(addresses: Iterable[str], hash: bytes, signature: bytes) -> str:
    """Return which of ``addresses`` made ``signature`` of ``hash``; empty if none did."""
    return next((address for address in addresses if _verifies(address, hash, signature)), "")


def _verifies(address: str, hash: bytes, signature: bytes) -> bool:
    try:
        Keypair.from_public_key(address).verify(hash, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


@lru_cache(maxsize=4096)
def keypair(vault: Vault, address: str, sealed_seed: bytes) -> Keypair:
    """Open a seed sealed for ``address`` (the vault's context)."""
    return Keypair.from_secret(vault.open(sealed_seed, f"seed:{address}").decode())


def seal(vault: Vault, key: Keypair) -> bytes:
    """Seal the seed of ``key`` so that ``keypair`` opens it."""
    return vault.seal(key.secret, f"seed:{key.public_key}")
