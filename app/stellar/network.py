"""A network as one of its nodes shows it: what the functions of ``horizon`` do, bound to one URL and one passphrase."""

import time
from typing import Protocol

from app.errors import Unavailable
from app.stellar import horizon
from app.stellar.facts import AccountFacts, Ledger, Node, Receipt, TransactionFacts

NODE_SECONDS = 0.2  # how long one answer to "how far does your history go" serves everybody here


class Network(Protocol):
    """One node of one network. Every read may raise Unavailable; ``submit`` never raises."""

    passphrase: str

    def node(self) -> Node:
        """Return where the node's history begins and ends."""

    def ledger(self) -> Ledger:
        """Return the last ledger the node has ingested."""

    def account(self, address: str) -> AccountFacts | None:
        """Return the account, or None."""

    def transaction(self, hash: str) -> TransactionFacts | None:
        """Return the transaction with this hash if it is in a ledger."""

    def submit(self, envelope_xdr: str) -> Receipt:
        """Hand an envelope in."""


class Horizon:
    """A ``Network`` over HTTP."""

    def __init__(self, url: str, passphrase: str):
        self.url = url
        self.passphrase = passphrase
        self._node: tuple[float, Node] | None = None

    def node(self) -> Node:
        """Return where the node's history begins and ends, at this moment or just before: older is on the safe side."""
        known = self._node
        if known is None or time.monotonic() - known[0] > NODE_SECONDS:
            known = (time.monotonic(), self._checked(horizon.node(self.url)))
            self._node = known
        return known[1]

    def ledger(self) -> Ledger:
        return horizon.latest_ledger(self.url)

    def account(self, address: str) -> AccountFacts | None:
        return horizon.account(self.url, address)

    def transaction(self, hash: str) -> TransactionFacts | None:
        return horizon.transaction(self.url, hash)

    def submit(self, envelope_xdr: str) -> Receipt:
        return horizon.submit(self.url, envelope_xdr)

    def _checked(self, node: Node) -> Node:
        if node.passphrase != self.passphrase:
            raise Unavailable(f"{self.url} serves another network: {node.passphrase}", code="wrong_network")
        return node
