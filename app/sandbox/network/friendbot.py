"""friendbot: a new account with 10,000 lumens for whoever asks."""

import asyncio

from stellar_sdk import Account, Keypair, StrKey, TransactionBuilder

from app.sandbox.network.engine.decoding import decode
from app.sandbox.network.engine.frames import Frame
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.engine.world import World

STARTING_BALANCE = "10000"
BATCH = 100


class Friendbot:
    """Who has asked since the last ledger; all of them (up to 100) are created by one transaction in the next."""

    def __init__(self, rules: Rules, key: Keypair) -> None:
        self._rules = rules
        self._key = key
        self._wanted: dict[bytes, asyncio.Future[Frame]] = {}

    def ask(self, id: bytes) -> "asyncio.Future[Frame]":
        """Return what will be the transaction that creates the account ``id``."""
        if id not in self._wanted:
            self._wanted[id] = asyncio.get_running_loop().create_future()
        return self._wanted[id]

    def transaction(self, world: World) -> Frame | None:
        """Return the transaction for those who asked, and let them know of it."""
        batch = list(self._wanted)[:BATCH]
        wanted = {id: self._wanted.pop(id) for id in batch}
        new = [id for id in wanted if world.account(id) is None]
        if not new:
            for waiting in wanted.values():
                waiting.cancel()
            return None
        frame = self._build(world, new)
        for id, waiting in wanted.items():
            if id not in new:
                waiting.cancel()
            elif not waiting.done():
                waiting.set_result(frame)
        return frame

    def _build(self, world: World, ids: list[bytes]) -> Frame:
        source = Account(self._key.public_key, world.need(self._key.raw_public_key()).sequence)
        builder = TransactionBuilder(source, self._rules.passphrase, base_fee=self._rules.base_fee * 1000)
        for id in ids:
            builder.append_create_account_op(StrKey.encode_ed25519_public_key(id), STARTING_BALANCE)
        envelope = builder.add_time_bounds(0, 0).build()
        envelope.sign(self._key)
        return decode(envelope.to_xdr_object().to_xdr_bytes(), self._rules.passphrase)
