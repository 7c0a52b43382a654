"""Who lives on the network of a bench: an issuer, a treasury, channels, and thousands to be paid.

They are written straight into the file a network begins with: founding them one by one would take longer than what is
to be measured. The same names have the same keys every time.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from stellar_sdk import Keypair, StrKey

from app.sandbox.network.core import Settings
from app.sandbox.network.engine import entries
from app.sandbox.network.engine.entries import Account, Entry, TrustLine
from app.sandbox.network.engine.ledger import Ledger, genesis
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.memory import save

CODE = "USDC"
LUMENS = 10_000 * 10**7
PURSE = 10**9 * 10**7
LIMIT = 2**63 - 1


def key(name: str) -> Keypair:
    """Return the key that always goes with ``name``."""
    return Keypair.from_raw_ed25519_seed(sha256(name.encode()).digest())


ISSUER, TREASURY = key("issuer"), key("treasury")
ASSET = f"stellar:{CODE}:{ISSUER.public_key}"


@dataclass(frozen=True)
class Population:
    """How many channels there are, how many accounts to be paid, and how many that have no trustline."""

    channels: int = 10
    payees: int = 1000
    strangers: int = 0

    def channel_keys(self) -> list[Keypair]:
        return [key(f"channel {number}") for number in range(self.channels)]

    def payee(self, number: int) -> str:
        """Return the address of a payee; who asks for more than there are begins again with the first."""
        return _address(_id("payee", number % self.payees))

    def stranger(self, number: int) -> str:
        """Return the address of somebody who cannot be paid."""
        return _address(_id("stranger", number % self.strangers))

    def settle(self, path: Path) -> None:
        """Write the file of a network on which they live."""
        rules = Rules(Settings.passphrase)
        root = sha256(rules.passphrase.encode()).digest()
        ground = genesis(Keypair.from_raw_ed25519_seed(root).raw_public_key(), int(time.time()))
        save(Ledger(rules, [*ground, *self._entries()]), path)

    def _entries(self) -> Iterator[Entry]:
        asset = entries.Asset(CODE.encode(), ISSUER.raw_public_key())
        for channel in (ISSUER, *self.channel_keys()):
            yield Account(channel.raw_public_key(), LUMENS, 0)
        for id, purse in [(TREASURY.raw_public_key(), PURSE), *((id, 0) for id in self._ids("payee", self.payees))]:
            yield Account(id, LUMENS, 0, subentries=1)
            yield TrustLine(id, asset, purse, LIMIT, entries.AUTHORIZED)
        for id in self._ids("stranger", self.strangers):
            yield Account(id, LUMENS, 0)

    def _ids(self, kind: str, count: int) -> Iterator[bytes]:
        return (_id(kind, number) for number in range(count))


def _id(kind: str, number: int) -> bytes:
    """An account's id of which nobody knows the key: it is only paid."""
    return sha256(f"{kind} {number}".encode()).digest()


def _address(id: bytes) -> str:
    return StrKey.encode_ed25519_public_key(id)
