"""A network in this process, whose ledgers close when told; and people on it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from stellar_sdk import (
    Account,
    Asset,
    FeeBumpTransactionEnvelope,
    Keypair,
    Memo,
    NoneMemo,
    Operation,
    Server,
    TransactionBuilder,
    TransactionEnvelope,
)

from app.sandbox.network.handle import Handle
from app.sandbox.network.local import network

Envelope = TransactionEnvelope | FeeBumpTransactionEnvelope
XLM = Asset.native()


@dataclass
class Shore:
    """What a program sees of a network: its address, and a bare HTTP client without any retries."""

    net: Handle
    http: requests.Session

    def get(self, path: str, node: int = 0, **how: Any) -> requests.Response:
        return self.http.get(self.net.urls[node] + path, timeout=35, **how)

    def records(self, path: str, node: int = 0) -> list[dict[str, Any]]:
        answer = self.get(path, node)
        answer.raise_for_status()
        return answer.json()["_embedded"]["records"]

    def post(self, path: str, envelope: Envelope, node: int = 0) -> requests.Response:
        return self.http.post(self.net.urls[node] + path, data={"tx": envelope.to_xdr()}, timeout=35)

    def person(self) -> Keypair:
        key = Keypair.random()
        self.net.fund(key.public_key)
        return key

    def sequence(self, key: Keypair) -> int:
        return int(self.get(f"/accounts/{key.public_key}").json()["sequence"])

    def build(
        self, source: Keypair, *operations: Operation, fee: int = 100, memo: Memo | None = None
    ) -> TransactionEnvelope:
        account = Account(source.public_key, self.sequence(source))
        builder = TransactionBuilder(account, self.net.passphrase, fee).add_time_bounds(0, 0)
        builder.memo = memo or NoneMemo()
        for operation in operations:
            builder.append_operation(operation)
        envelope = builder.build()
        envelope.sign(source)
        return envelope

    def bump(self, payer: Keypair, fee: int, inner: TransactionEnvelope) -> FeeBumpTransactionEnvelope:
        envelope = TransactionBuilder.build_fee_bump_transaction(payer, fee, inner, self.net.passphrase)
        envelope.sign(payer)
        return envelope

    def do(self, source: Keypair, *operations: Operation, **how: Any) -> dict[str, Any]:
        """Send operations, close a ledger and return the transaction; it must have succeeded."""
        hash = self.post("/transactions_async", self.build(source, *operations, **how)).json()["hash"]
        self.net.close()
        done = self.get(f"/transactions/{hash}").json()
        assert done["successful"], done
        return done


@pytest.fixture
def shore() -> Iterator[Shore]:
    with network(close_seconds=0, seed=7) as net, requests.Session() as http:
        yield Shore(net, http)


@pytest.fixture
def shores() -> Iterator[Callable[..., Shore]]:
    """Makes networks with settings of one's own."""
    opened = []

    def open_shore(**settings: Any) -> Shore:
        running = network(**{"close_seconds": 0} | settings)
        shore = Shore(running.__enter__(), requests.Session())
        opened.append((running, shore))
        return shore

    yield open_shore
    for running, shore in opened:
        shore.http.close()
        running.__exit__(None, None, None)


@pytest.fixture
def server(shore: Shore) -> Iterator[Server]:
    with Server(shore.net.url) as server:
        yield server


def problem(answer: requests.Response) -> tuple[str, dict[str, Any]]:
    """Read a problem: its name and its extras."""
    body = answer.json()
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert body["status"] == answer.status_code
    return body["type"].rpartition("/")[2], body.get("extras", {})
