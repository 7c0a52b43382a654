"""Payment pointers, accounts and invoices of every age; and strangers that do not behave."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import strangers
from app.interledger.failures import Failure, PaymentFailed
from app.interledger.pointers import account_url
from app.interledger.rates import Asset
from app.interledger.resolve import Asking, resolve_account, resolve_invoice
from app.sandbox.peer import Peer

HERE = Asking(allow_private=True)
SECRET = bytes(range(224, 256))
CREDENTIALS = {"ilpAddress": "test.alice", "sharedSecret": base64.urlsafe_b64encode(SECRET).rstrip(b"=").decode()}
SPSP = {"destination_account": "test.alice", "shared_secret": base64.b64encode(SECRET).decode()}
EUR = {"assetCode": "EUR", "assetScale": 2}
INVOICE = {
    "id": "https://pay.example/invoices/1",
    "account": "https://pay.example/alice",
    "amount": "500",
    "received": 20,
    "expiresAt": "2099-01-01T00:00:00Z",
    "description": "coffee",
    **EUR,
    **CREDENTIALS,
}
INCOMING = {
    "id": "https://pay.example/incoming-payments/1",
    "walletAddress": "https://pay.example/alice",
    "completed": False,
    "incomingAmount": {"value": "500", **EUR},
    "receivedAmount": {"value": "20", **EUR},
    "metadata": {"description": "tea"},
    "methods": [{"type": "card"}, {"type": "ilp", **CREDENTIALS}],
}


class _Stranger(BaseHTTPRequestHandler):
    """Answers what the server was told to, in turn; the last answer again and again."""

    def do_GET(self) -> None:
        answers, asked = self.server.answers, self.server.asked  # type: ignore[attr-defined]
        asked.append((self.path, dict(self.headers)))
        status, body = answers[min(len(asked), len(answers)) - 1]
        self.send_response(status)
        if status in (301, 302):
            self.send_header("Location", body)
            body = b""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def stranger(*answers: tuple[int, Any]) -> Iterator[tuple[str, list[Any]]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Stranger)
    server.answers, server.asked = answers, []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("pointer", "url"),
    [
        ("$example.com", "https://example.com/.well-known/pay"),
        ("$example.com/", "https://example.com/.well-known/pay"),
        ("$Example.com/Bob/", "https://example.com/Bob"),
        ("https://example.com", "https://example.com/.well-known/pay"),
        ("https://example.com/bob/?x=1", "https://example.com/bob?x=1"),
    ],
)
def test_a_pointer_becomes_a_url(pointer: str, url: str) -> None:
    assert account_url(pointer) == url


@pytest.mark.parametrize(
    "pointer",
    ["", "$", "example.com", "$example.com:443", "$bob@example.com", "$example.com/?a", "$example.com/#a", "$[::1"]
    + ["http://example.com", "https://example.com:8443/bob", "https://bob@example.com", "ftp://example.com"],
)
def test_what_is_no_pointer_is_refused(pointer: str) -> None:
    with pytest.raises(PaymentFailed) as raised:
        account_url(pointer)
    assert raised.value.failure is Failure.InvalidPaymentPointer


def test_spsp_gives_credentials_and_no_asset(peer: Peer) -> None:
    found = resolve_account(f"{peer.url}/accounts/alice", HERE)
    assert found.asset is None
    assert found.address.startswith("test.receiver.")


def test_an_account_of_2021_gives_its_asset_too() -> None:
    with stranger((200, {**CREDENTIALS, **EUR})) as (url, _):
        found = resolve_account(url, HERE)
    assert (found.address, found.shared_secret, found.asset) == ("test.alice", SECRET, Asset("EUR", 2))
    assert found.account_url == f"{url}/.well-known/pay"


def test_an_invoice_of_2021() -> None:
    with stranger((200, INVOICE)) as (url, _):
        found = resolve_invoice(f"{url}/invoices/1", HERE)
    assert (found.shared_secret, found.asset, found.account_url) == (SECRET, Asset("EUR", 2), INVOICE["account"])
    invoice = found.invoice
    assert invoice
    assert (invoice.amount, invoice.received, invoice.remaining, invoice.description) == (500, 20, 480, "coffee")
    assert invoice.expires_at == datetime(2099, 1, 1, tzinfo=UTC)


def test_an_incoming_payment_of_today() -> None:
    with stranger((200, INCOMING)) as (url, asked):
        found = resolve_invoice(url, Asking({"Authorization": "GNAP token"}, allow_private=True))
    assert (found.shared_secret, found.asset) == (SECRET, Asset("EUR", 2))
    assert found.invoice
    assert (found.invoice.remaining, found.invoice.expires_at, found.invoice.description) == (480, None, "tea")
    assert asked[0][1]["Authorization"] == "GNAP token"


def test_an_incoming_payment_of_the_alphas_names_its_connection() -> None:
    alpha = {key: value for key, value in INCOMING.items() if key not in ("methods", "walletAddress")}
    alpha |= {"paymentPointer": "https://pay.example/alice", "ilpStreamConnection": {"id": "x", **CREDENTIALS}}
    with stranger((200, alpha)) as (url, _):
        assert resolve_invoice(url, HERE).address == "test.alice"


def test_a_connection_may_be_one_address_further() -> None:
    with stranger((200, CREDENTIALS)) as (connection, asked):
        alpha = {**INCOMING, "ilpStreamConnection": connection}
        del alpha["methods"]
        with stranger((200, alpha)) as (url, _):
            asking = Asking({"Authorization": "GNAP token"}, allow_private=True)
            assert resolve_invoice(url, asking).shared_secret == SECRET
    assert "Authorization" not in asked[0][1]


def test_an_incoming_payment_may_leave_the_amount_to_the_payer() -> None:
    with stranger((200, {**INCOMING, "incomingAmount": None})) as (url, _):
        invoice = resolve_invoice(url, HERE).invoice
    assert invoice
    assert (invoice.amount, invoice.remaining) == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        {"methods": []},  # what the public may see
        {"methods": "ilp"},
        {"methods": [{"type": "ilp", "ilpAddress": "test.alice", "sharedSecret": "c2hvcnQ="}]},
        {"methods": [{"type": "ilp", **CREDENTIALS, "ilpAddress": "nowhere.alice"}]},
        {"incomingAmount": {"value": "500", "assetCode": "USD", "assetScale": 2}},
        {"incomingAmount": {"value": "-1", **EUR}},
        {"incomingAmount": {"value": str(2**64), **EUR}},
        {"incomingAmount": {"value": 1.5, **EUR}},
        {"receivedAmount": {"value": True, **EUR}},
        {"receivedAmount": {"value": "20", "assetCode": "EUR", "assetScale": 256}},
        {"expiresAt": "tomorrow"},
        {"expiresAt": "2099-01-01T00:00:00"},
        {"completed": "no"},
        {"walletAddress": "somewhere"},
        {"metadata": ["tea"]},
    ],
)
def test_a_field_that_is_wrong_is_a_query_that_failed(change: dict[str, Any]) -> None:
    _fails((200, {**INCOMING, **change}))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"[" * 90_000, b"{" + b" " * 200_000, b"1" * 5_000])
def test_what_is_no_document_is_a_query_that_failed(body: bytes) -> None:
    _fails((200, body))


def test_whoever_is_not_found_is_a_query_that_failed() -> None:
    assert _fails((404, {})).facts == {"status": 404}


def _fails(*answers: tuple[int, Any]) -> PaymentFailed:
    with stranger(*answers) as (url, _), pytest.raises(PaymentFailed) as raised:
        resolve_invoice(url, Asking(timeout_seconds=0.5, allow_private=True))
    assert raised.value.failure is Failure.QueryFailed
    return raised.value


def test_a_busy_server_is_asked_again() -> None:
    with stranger((503, {}), (200, INVOICE)) as (url, asked):
        assert resolve_invoice(url, HERE).address == "test.alice"
    assert len(asked) == 2


def test_a_redirect_is_followed_without_what_was_for_the_first_address() -> None:
    with stranger((200, SPSP)) as (there, asked), stranger((302, f"{there}/moved")) as (here, _):
        found = resolve_account(f"{here}/bob", Asking({"Authorization": "GNAP token"}, allow_private=True))
    assert found.address == "test.alice"
    assert asked[0][0] == "/moved"
    assert "Authorization" not in asked[0][1]


def test_redirects_end_somewhere() -> None:
    with stranger((302, "/again")) as (url, asked), pytest.raises(PaymentFailed):
        resolve_account(url, HERE)
    assert len(asked) == 4


@pytest.mark.parametrize("location", ["http://example.com/bob", "ftp://example.com/", "//["])
def test_no_redirect_leads_away_from_https(monkeypatch: pytest.MonkeyPatch, location: str) -> None:
    """Here the client itself is replaced: a server with a certificate for a public name is not to be had."""
    asked: list[str] = []

    def fetch(url: str, **options: Any) -> strangers.Answer:
        asked.append(url)
        return strangers.Answer(302, {"location": location}, b"")

    monkeypatch.setattr(strangers, "fetch", fetch)
    with pytest.raises(PaymentFailed) as raised:
        resolve_account("$example.com")
    assert raised.value.failure is Failure.QueryFailed
    assert asked == ["https://example.com/.well-known/pay"]


@pytest.mark.parametrize("url", ["https://127.0.0.1/invoice", "https://10.0.0.1/invoice", "http://example.com/invoice"])
def test_addresses_that_only_we_can_reach_are_not_asked(url: str) -> None:
    with pytest.raises(PaymentFailed) as raised:
        resolve_invoice(url)
    assert raised.value.failure is Failure.QueryFailed


@given(st.one_of(st.text(max_size=60), st.text("$:/?#@[]%.ab1", max_size=30).map("https://a".__add__)))
def test_any_text_is_a_url_or_refused_and_nothing_else(text: str) -> None:
    try:
        assert account_url(text).startswith("https://")
    except PaymentFailed as refusal:
        assert refusal.failure is Failure.InvalidPaymentPointer
