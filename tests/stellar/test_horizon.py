"""One node, read and written to: a real one of the sandbox network, and odd ones."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from stellar_sdk import BumpSequence, ChangeTrust, Keypair, ManageData, Operation

from app.errors import Unavailable
from app.money import NATIVE
from app.sandbox.network.local import Handle, network
from app.stellar import envelopes, horizon, operations, signing
from app.stellar.facts import Receipt
from app.stellar.network import Horizon

ALICE, ISSUER = Keypair.random(), Keypair.random()
USDC = f"stellar:USDC:{ISSUER.public_key}"


@pytest.fixture(scope="module")
def node() -> Iterator[Handle]:
    with network(close_seconds=0) as handle:
        handle.fund(ALICE.public_key, ISSUER.public_key)
        yield handle


def send(node: Handle, *parts: Operation, sequence: int = 0, fee: int = 1000) -> tuple[str, Receipt]:
    account = horizon.account(node.url, ALICE.public_key)
    assert account is not None
    plan = envelopes.Plan(ALICE.public_key, sequence or account.sequence + 1, fee, 0, parts)
    body = envelopes.build(plan, node.passphrase)
    return body.hash.hex(), horizon.submit(node.url, envelopes.seal(body, signing.sign(body.hash, [ALICE])))


def test_an_account_is_read_with_all_that_decides_what_it_may_do(node: Handle) -> None:
    send(node, ChangeTrust(operations.asset(USDC), "50"), ManageData("config.memo_required", "1"))
    node.close()
    account = horizon.account(node.url, ALICE.public_key)
    assert account is not None
    assert account.memo_required
    assert [(row.key, row.weight, row.kind) for row in account.signers] == [(ALICE.public_key, 1, "ed25519_public_key")]
    line = account.balance(USDC)
    assert line is not None
    assert (line.amount, line.limit, line.is_authorized) == (0, 500_000_000, True)
    native = account.balance(NATIVE)
    assert native is not None
    reserve = horizon.latest_ledger(node.url).base_reserve
    assert account.reserved_entries == 4
    assert account.spendable(NATIVE, reserve) == native.amount - 4 * reserve
    assert account.spendable(f"stellar:EURC:{ISSUER.public_key}", reserve) == 0


def test_a_transaction_is_found_by_its_hash_once_it_is_in_a_ledger(node: Handle) -> None:
    hash, receipt = send(node, BumpSequence(0))
    assert receipt.status == "pending"
    assert horizon.transaction(node.url, hash) is None
    node.close()
    found = horizon.transaction(node.url, hash)
    assert found is not None
    assert (found.successful, found.source, found.fee_charged) == (True, ALICE.public_key, 100)
    assert found.ledger == horizon.node(node.url).ledger


def test_what_is_not_there_is_none(node: Handle) -> None:
    assert horizon.account(node.url, Keypair.random().public_key) is None
    assert horizon.transaction(node.url, "0" * 64) is None


def test_a_refusal_has_its_codes(node: Handle) -> None:
    _, receipt = send(node, BumpSequence(0), sequence=1)
    assert (receipt.status, receipt.codes.transaction) == ("refused", "tx_bad_seq")
    _, receipt = send(node, BumpSequence(0), fee=1)
    assert (receipt.status, receipt.codes.transaction, receipt.fee_needed) == ("refused", "tx_insufficient_fee", 100)
    assert horizon.submit(node.url, "AAAA").codes.transaction == "tx_malformed"


def test_a_second_envelope_of_one_account_has_to_wait(node: Handle) -> None:
    account = horizon.account(node.url, ALICE.public_key)
    assert account is not None
    _, first = send(node, BumpSequence(0))
    _, second = send(node, BumpSequence(0), sequence=account.sequence + 2)
    assert (first.status, second.status) == ("pending", "try_again_later")
    node.close()


@pytest.mark.parametrize("kind", ["busy", "limited", "stale", "unavailable"])
def test_a_node_that_cannot_answer_is_unavailable_and_a_receipt_unknown(node: Handle, kind: str) -> None:
    node.fault(kind, times=0)
    for ask in (horizon.node, horizon.latest_ledger):
        with pytest.raises(Unavailable):
            ask(node.url)
    with pytest.raises(Unavailable):
        horizon.transaction(node.url, "0" * 64)
    receipt = horizon.submit(node.url, "AAAA")
    node.heal()
    assert receipt.status == "unknown"
    assert receipt.retry_after_seconds == (0 if kind == "unavailable" else 1)


def test_the_wrong_network_is_refused(node: Handle) -> None:
    with pytest.raises(Unavailable, match="another network"):
        Horizon(node.url, "the public one").node()


def test_an_answer_about_history_serves_for_a_moment(node: Handle) -> None:
    bound = Horizon(node.url, node.passphrase)
    first = bound.node()
    node.close()
    assert bound.node() is first


@contextmanager
def odd(answer: Callable[[str], tuple[int, Any]]) -> Iterator[str]:
    """Serve whatever ``answer`` says to a path."""

    class Odd(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.path)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"history_latest_ledger": null}', b'"text"'])
def test_nonsense_is_unavailable_not_a_fact(body: bytes) -> None:
    with odd(lambda _: (200, body)) as url:
        with pytest.raises(Unavailable):
            horizon.node(url)
        with pytest.raises(Unavailable):
            horizon.account(url, ALICE.public_key)
        assert horizon.submit(url, "AAAA").status == "unknown"


def test_where_envelopes_cannot_be_handed_in_without_waiting_we_wait() -> None:
    asked = []

    def answer(path: str) -> tuple[int, Any]:
        asked.append(path)
        return (404, {}) if path.endswith("_async") else (504, {"title": "Transaction Submission Timeout"})

    with odd(answer) as url:
        assert horizon.submit(url, "AAAA").status == "unknown"
    assert asked == ["/transactions_async", "/transactions"]
