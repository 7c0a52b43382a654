"""Names for keys, and references for what steps have made."""

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from stellar_sdk import Keypair

from app.sandbox.network.engine.entries import Asset, SignerKey
from app.sandbox.network.engine.signatures import ED25519, HASH_X, PRE_AUTHORIZED, SIGNED_PAYLOAD

NO_SUCH_OFFER = 2**61 + 7
NO_SUCH_BALANCE = sha256(b"nothing").digest()


@dataclass
class Names:
    """One episode's keys by name, and back; its offers and claimable balances by reference, and back."""

    episode: dict[str, Any]
    offers: dict[int, str] = field(default_factory=dict)
    balances: dict[bytes, str] = field(default_factory=dict)
    births: dict[str, int] = field(default_factory=dict)
    authorized: dict[bytes, int] = field(default_factory=dict)  # hash authorized ahead → its step

    @cached_property
    def keys(self) -> dict[str, Keypair]:
        known = [*self.episode["accounts"], *self.episode["keys"], "funder"]
        return {name: Keypair.from_raw_ed25519_seed(self._seed(name)) for name in known}

    def _seed(self, name: str) -> bytes:
        return sha256(f"{self.episode['id']} {name}".encode()).digest()

    @cached_property
    def _by_id(self) -> dict[bytes, str]:
        return {key.raw_public_key(): name for name, key in self.keys.items()}

    def id(self, name: str) -> bytes:
        return self.keys[name].raw_public_key()

    def name(self, id: bytes) -> str:
        return self._by_id[id]

    def offer_id(self, reference: str | int) -> int:
        if isinstance(reference, int):
            return reference
        return next((id for id, known in self.offers.items() if known == reference), NO_SUCH_OFFER)

    def balance_id(self, reference: str) -> bytes:
        return next((id for id, known in self.balances.items() if known == reference), NO_SUCH_BALANCE)

    def asset(self, asset: Asset) -> str:
        return f"{asset.code.decode()}:{self.name(asset.issuer)}" if asset.code else "native"

    def signer(self, key: SignerKey) -> str:
        """Name the key of a signer as the corpus does."""
        if key.kind == ED25519:
            return self.name(key.key)
        if key.kind == PRE_AUTHORIZED:
            return f"pre:{self.authorized[key.key]}"
        if key.kind == SIGNED_PAYLOAD:
            return f"pay:{self.name(key.key)}:{key.payload.hex()}"
        return next(f"x:h{n}" for n in range(100) if sha256(preimage(f"h{n}")).digest() == key.key)

    def signer_key(self, name: str) -> SignerKey:
        kind, _, rest = name.partition(":")
        if kind == "x":
            return SignerKey(HASH_X, sha256(preimage(rest)).digest())
        if kind == "pre":
            return SignerKey(PRE_AUTHORIZED, next(hash for hash, step in self.authorized.items() if step == int(rest)))
        if kind == "pay":
            signer, _, payload = rest.partition(":")
            return SignerKey(SIGNED_PAYLOAD, self.id(signer), bytes.fromhex(payload))
        return SignerKey(ED25519, self.id(name))


def preimage(name: str) -> bytes:
    return sha256(f"hash-x/{name}".encode()).digest()
