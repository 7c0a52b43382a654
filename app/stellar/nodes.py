"""Several nodes of one network, of which one answers a question.

Each node lags the network by its own amount, so what two of them say must never be put together. Whoever has a
question asks the pool for a node and puts all of the question to that one; the next question may go to another.

A node is *well* if it has answered since it last failed, that is some time ago, and its history is not far behind the
newest there is. The first of the list that is well is taken; if none is, the first, which is the preferred one.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import config
from app.errors import Unavailable
from app.stellar import horizon
from app.stellar.facts import AccountFacts, Ledger, Node, Receipt, TransactionFacts
from app.stellar.network import Horizon

log = logging.getLogger(__name__)

REST_SECONDS = 30  # how long a node that failed is left alone
GLANCE_SECONDS = 3  # how often all are asked how far they are, at most
PATIENCE_SECONDS = 2  # how long such an answer is waited for where no node is known to be well
BEHIND_LEDGERS_MAX = 3
LONG_AGO = float("-inf")  # moments here are of time.monotonic: they decide whom to ask, never what is true


class Watched(Horizon):
    """A node whose failures are noted, and how far it was when one last looked."""

    seen: Node | None = None
    answered_at = LONG_AGO
    failed_at = LONG_AGO
    glancing = False

    @property
    def is_foreign(self) -> bool:
        return self.seen is not None and self.seen.passphrase != self.passphrase

    @property
    def answers(self) -> bool:
        """Whether it has answered since it last failed, and that is some time ago."""
        return self.answered_at > self.failed_at and time.monotonic() >= self.failed_at + REST_SECONDS

    def node(self) -> Node:
        with self.heeded():
            return super().node()

    def ledger(self) -> Ledger:
        with self.heeded():
            return super().ledger()

    def account(self, address: str) -> AccountFacts | None:
        with self.heeded():
            return super().account(address)

    def transaction(self, hash: str) -> TransactionFacts | None:
        with self.heeded():
            return super().transaction(hash)

    def submit(self, envelope_xdr: str) -> Receipt:
        receipt = super().submit(envelope_xdr)
        if receipt.status == "unknown":
            self.fail(receipt.why)
        return receipt

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Note it if something within goes unanswered."""
        try:
            yield
        except Unavailable as error:
            self.fail(error.message)
            raise

    def fail(self, why: str) -> None:
        """Leave this node alone for a while."""
        if self.answers:
            log.warning("a node is left alone for a while", extra={"node": self.url, "why": why})
        self.failed_at = time.monotonic()

    def glance(self) -> None:
        """See how far the node is, and whether it is of our network at all."""
        was_foreign = self.is_foreign
        try:
            self.seen = horizon.node(self.url)
            self.answered_at = time.monotonic()
        except Unavailable as error:
            self.fail(error.message)
        if self.seen and self.is_foreign and not was_foreign:
            log.error("a node of another network: never asked", extra={"node": self.url, "is": self.seen.passphrase})


class Pool:
    """The nodes of one network, the preferred one first. A single node is simply asked."""

    def __init__(self, nodes: Sequence[Watched]):
        self.nodes = nodes
        self._glanced_at = LONG_AGO
        self._seen = threading.Condition()

    @property
    def receivers_max(self) -> int:
        """How many accounts it makes sense to ask any of them about at once."""
        return self.nodes[0].receivers_max

    def one(self) -> Watched:
        """Return the node to put one question to, and all of it. Never call this while a session is open: it may wait.

        Raises Unavailable if none has ever answered, or none of our network.
        """
        if len(self.nodes) == 1:
            return self.nodes[0]
        with self._seen:
            self._glance()
            self._seen.wait_for(lambda: self._well() or not any(node.glancing for node in self.nodes), PATIENCE_SECONDS)
            return next(iter(self._well()), None) or self._preferred()

    def _well(self) -> list[Watched]:
        """Return the nodes that are well, the preferred first."""
        ours = [node for node in self.nodes if node.seen and not node.is_foreign]
        newest = max((node.seen.ledger for node in ours if node.seen), default=0)
        return [node for node in ours if node.answers and node.seen and node.seen.ledger >= newest - BEHIND_LEDGERS_MAX]

    def _preferred(self) -> Watched:
        for node in self.nodes:
            if node.seen and not node.is_foreign:
                return node
        raise Unavailable("no node of HORIZON_URL has answered yet, or not of the network NETWORK_PASSPHRASE names")

    def _glance(self) -> None:
        """Have all nodes glanced at, if that is some time ago, each in a thread: one that hangs holds up nobody."""
        if time.monotonic() < self._glanced_at + GLANCE_SECONDS:
            return
        self._glanced_at = time.monotonic()
        for node in self.nodes:
            if not node.glancing:
                node.glancing = True
                threading.Thread(target=self._glance_at, args=(node,), name="glance", daemon=True).start()

    def _glance_at(self, node: Watched) -> None:
        try:
            node.glance()
        finally:
            with self._seen:
                node.glancing = False
                self._seen.notify_all()


def pool(settings: Mapping[str, Any]) -> Pool:
    """Return the nodes of the settings. Each process watches them for itself; after a fork the child begins anew."""
    urls, passphrase = config.need(settings, "HORIZON_URL"), config.need(settings, "NETWORK_PASSPHRASE")
    return _pool(os.getpid(), urls, passphrase, settings["RPC_URL"], settings["PREFLIGHT_READS_MAX"])


@lru_cache(maxsize=8)
def _pool(_process: int, urls: str, passphrase: str, rpc_url: str, receivers_max: int) -> Pool:
    return Pool([Watched(url, passphrase, rpc_url, receivers_max) for url in config.words(urls)])
