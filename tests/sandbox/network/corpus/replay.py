"""Playing an episode, step by step, on a ledger of its own."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.sandbox.network.engine.decoding import decode
from app.sandbox.network.engine.entries import Account, Header
from app.sandbox.network.engine.ledger import Ledger
from app.sandbox.network.engine.operations.claimables import operation_id
from app.sandbox.network.engine.queue import Status
from app.sandbox.network.engine.rules import Rules

from .envelopes import build, digest, transaction
from .names import Names
from .operations import Builder, sequence
from .telling import tell_changes, tell_refusal, tell_result

EPISODES = Path(__file__).parent.parent / "data" / "core-episodes.json.gz"
LEDGER_SECONDS = 5
_FUNDS = 25_000_000_000
_NOW = 1_700_000_000


def episodes() -> list[dict[str, Any]]:
    return json.loads(gzip.decompress(EPISODES.read_bytes()))["episodes"]


@dataclass
class Difference:
    episode: str
    step: int
    what: str
    expected: Any
    found: Any


@dataclass
class Play:
    """An episode on its own ledger; ``state`` is what the corpus says the world holds, ``agreed`` counts steps."""

    episode: dict[str, Any]
    agreed: int = 0
    differences: list[Difference] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = Names(self.episode)
        self.rules = Rules(f"episode {self.episode['id']}", max_operations=1000)
        funder = Account(self.names.id("funder"), _FUNDS, 100 << 32)
        self.ledger = Ledger(self.rules, [Header(100, _NOW), funder])

    def run(self) -> "Play":
        for number, step in enumerate(self.episode["steps"]):
            found = list(self._differences(number, step))
            self.differences += found
            self.agreed += not found
        return self

    def _differences(self, number: int, step: dict[str, Any]) -> Iterator[Difference]:
        told, state = self._play(number, step)
        expected = step["expect"]
        wanted = {"status": expected["status"], **expected["result"]}
        if expected["status"] == "ERROR":
            wanted.pop("det", None)  # of what was never applied
        for what in sorted(told.keys() | wanted.keys()):
            if told.get(what) != wanted.get(what):
                yield Difference(self.episode["id"], number, what, wanted.get(what), told.get(what))
        for key in sorted(state.keys() | expected.get("state", {}).keys()):
            if state.get(key) != expected.get("state", {}).get(key):
                yield Difference(self.episode["id"], number, key, expected.get("state", {}).get(key), state.get(key))

    def _play(self, number: int, step: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        frame = decode(self._envelope(number, step), self.rules.passphrase)
        admission = self.ledger.submit(frame, self.ledger.header.close_time)
        if admission.status is not Status.PENDING:
            refusal = tell_refusal(admission.result.to_xdr()) if admission.result else {}
            return {"status": admission.status.value, **refusal}, {}
        closed = self.ledger.close(self.ledger.header.close_time + LEDGER_SECONDS)
        (applied,) = closed.transactions
        if applied.succeeded:
            born = (said["dest"] for said in step["ops"] if said["op"] == "create_account")
            self.names.births |= dict.fromkeys(born, closed.header.sequence << 32)
        told = tell_result(self.names, number, applied.result)
        return {"status": "PENDING", **told}, tell_changes(self.names, closed.changes)

    def _envelope(self, number: int, step: dict[str, Any]) -> bytes:
        builder = self._builder(step)
        for said in step["ops"]:
            signer = said.get("signer") or ""
            key = signer if isinstance(signer, str) else signer[0]
            if key.startswith("pre:"):
                self._authorize(int(key[4:]))
        self._foresee_balances(number, step, builder)
        return build(self.names, step, builder, self.rules.passphrase)

    def _builder(self, step: dict[str, Any]) -> Builder:
        return Builder(self.names, step["src"].partition("#")[0], self._sequence, self.ledger.header.close_time)

    def _sequence(self, name: str) -> int:
        account = self.ledger.world.account(self.names.id(name))
        return account.sequence if account else 1 << 33

    def _authorize(self, number: int) -> None:
        """Know the hash of a step that is authorized one step ahead of its turn."""
        if number in self.names.authorized.values():
            return
        step = self.episode["steps"][number]
        builder = self._builder(step)
        body = transaction(step, builder, builder.sequence(builder.source) + 2)
        self.names.authorized[digest(body, self.rules.passphrase)] = number

    def _foresee_balances(self, number: int, step: dict[str, Any], builder: Builder) -> None:
        """A balance may be claimed by the very step that makes it: its id follows from source, number and place."""
        present = sequence(step.get("seq", "next"), builder.sequence(builder.source))
        for index, said in enumerate(step["ops"]):
            if said["op"] == "create_claimable_balance":
                id = operation_id(self.names.id(builder.source), present, index)
                self.names.balances[id] = f"{number}.{index}"
