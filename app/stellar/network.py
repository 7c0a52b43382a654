"""A network as one of its nodes shows it: what the functions of ``horizon`` do, bound to one URL and one passphrase."""

import time
from typing import Protocol

from app.errors import Unavailable
from app.stellar import horizon
from app.stellar.facts import AccountFacts, Ledger, Node, Receipt, TransactionFacts
from app.stellar.receivers import Receivers, Wanted, over_horizon, over_rpc

RPC_ACCOUNTS_MAX = 2000  # some 30 calls
NODE_SECONDS = 0.2  # how long one answer to "how far does your history go" serves everybody here


class Network(Protocol):
    """One node of one network. Every read may raise Unavailable; ``submit`` never raises."""

    passphrase: str
    receivers_max: int  # accounts it makes sense to ask about at once

    def node(self) -> Node:
        """Return where the node's history begins and ends."""

    def ledger(self) -> Ledger:
        """Return the last ledger the node has ingested."""

    def account(self, address: str) -> AccountFacts | None:
        """Return the account, or None."""

    def receivers(self, wanted: Wanted) -> Receivers:
        """Return what each account could receive."""

    def transaction(self, hash: str) -> TransactionFacts | None:
        """Return the transaction with this hash if it is in a ledger."""

    def submit(self, envelope_xdr: str) -> Receipt:
        """Hand an envelope in."""


class Horizon:
    """A ``Network`` over HTTP; with ``rpc_url``, Stellar RPC answers what is asked about many accounts at once."""

    def __init__(self, url: str, passphrase: str, rpc_url: str = "", receivers_max: int = 50):
        self.url = url
        self.passphrase = passphrase
        self.rpc_url = rpc_url
        self.receivers_max = RPC_ACCOUNTS_MAX if rpc_url else receivers_max
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

    def receivers(self, wanted: Wanted) -> Receivers:
        return over_rpc(self.rpc_url, wanted) if self.rpc_url else over_horizon(self.url, wanted)

    def transaction(self, hash: str) -> TransactionFacts | None:
        return horizon.transaction(self.url, hash)

    def submit(self, envelope_xdr: str) -> Receipt:
        return horizon.submit(self.url, envelope_xdr)

    def _checked(self, node: Node) -> Node:
        if node.passphrase != self.passphrase:
            raise Unavailable(f"{self.url} serves another network: {node.passphrase}", code="wrong_network")
        return node
