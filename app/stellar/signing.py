"""Who signs. Keys live behind one small interface: give it a hash, get signatures.

A local keypair is a signer; so would be a key in a hardware module or another party's service. Seeds are opened from
the vault once a process and kept as keypairs, never as text.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

from stellar_sdk import DecoratedSignature, Keypair

from app.vault import Vault


class Signer(Protocol):
    """Somebody who signs the hash of a transaction."""

    def sign_decorated(self, data: bytes) -> DecoratedSignature:
        """Return the signature of ``data`` with the hint of the key that made it."""


def sign(hash: bytes, signers: Iterable[Signer]) -> list[DecoratedSignature]:
    """Return each signer's signature of ``hash``, each once: the network refuses a signature it does not need."""
    found = {(row.signature_hint, row.signature): row for row in (signer.sign_decorated(hash) for signer in signers)}
    return list(found.values())


@lru_cache(maxsize=4096)
def keypair(vault: Vault, address: str, sealed_seed: bytes) -> Keypair:
    """Open a seed sealed for ``address`` (the vault's context)."""
    return Keypair.from_secret(vault.open(sealed_seed, f"seed:{address}").decode())


def seal(vault: Vault, key: Keypair) -> bytes:
    """Seal the seed of ``key`` so that ``keypair`` opens it."""
    return vault.seal(key.secret, f"seed:{key.public_key}")
