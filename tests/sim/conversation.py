"""How an act talks to the network while time passes.

An act is a plain function that asks a ``Network`` one question after the other. Here time passes between question and
answer, and much happens meanwhile; so the act is told again from its beginning with the answers it has had so far,
until it asks for no more. That is sound because acts are facts in, facts out: asked twice, they ask the same.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from app.stellar import facts
from app.stellar.facts import Receipt
from app.stellar.receivers import Receivers, Wanted
from tests.sim.network import PASSPHRASE, Node

if TYPE_CHECKING:
    from tests.sim.workers import Worker


class Asked(BaseException):
    """An act has come to a question that has not been answered yet."""


class Conversation:
    """A ``Network`` that answers what it has been told, and stops where it has not. ``nodes``: the one that is asked,
    and others; none of them, where a balancer chooses."""

    passphrase = PASSPHRASE
    running: ClassVar["Conversation"]

    def __init__(self, worker: "Worker"):
        nodes, random = worker.world.network.nodes, worker.world.random
        self.nodes: Sequence[Node] = () if worker.world.scenario.balanced else random.sample(nodes, len(nodes))
        self.worker_clock = worker.world.network_time() + worker.skew_seconds  # what no act may heed,
        self.network_clock = worker.world.ledger.closed_at  # nor this
        self.receivers_max = worker.world.scenario.receivers_max
        self.told: list[tuple[Any, Any]] = []
        self.restart()

    def restart(self) -> "Conversation":
        self.place = 0
        self.turned = 0
        Conversation.running = self
        return self

    def turn_to_another(self) -> None:
        """Ask another node from now on: what no act may do."""
        self.turned += 1

    def node(self) -> facts.Node:
        return self._ask("node")

    def ledger(self) -> facts.Ledger:
        return self._ask("ledger")

    def account(self, address: str) -> facts.AccountFacts | None:
        return self._ask("account", address)

    def transaction(self, hash: str) -> facts.TransactionFacts | None:
        return self._ask("transaction", hash)

    def submit(self, envelope_xdr: str) -> Receipt:
        return self._ask("submit", envelope_xdr)

    def receivers(self, wanted: Wanted) -> Receivers:
        return self._ask("receivers", wanted)

    def _ask(self, *question: Any) -> Any:
        node = self.nodes[self.turned % len(self.nodes)] if self.nodes else None
        if self.place == len(self.told):
            raise Asked(node, *question)
        asked, answer = self.told[self.place]
        if asked != (node, *question):
            raise LookupError(f"an act asked for {asked}, and the second time for {question}")
        self.place += 1
        if isinstance(answer, Exception):
            raise answer
        return answer
