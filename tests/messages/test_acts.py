"""The signature of a callback, as the SEPs describe it."""

import base64
import time

import pytest
from stellar_sdk import Keypair
from stellar_sdk.exceptions import BadSignatureError

from app.messages import acts


def read(header: str) -> tuple[int, bytes]:
    moment, signature = header.split(", ")
    assert moment.startswith("t=") and signature.startswith("s=")
    return int(moment[2:]), base64.b64decode(signature[2:], validate=True)


def verify(signing_key: str, header: str, host: str, body: bytes, shift_seconds: int = 0) -> None:
    """Check a callback as its receiver does, who knows only the signing key and their own host."""
    seconds, signature = read(header)
    signed = f"{seconds + shift_seconds}.{host}.".encode() + body
    Keypair.from_public_key(signing_key).verify(signed, signature)


@pytest.fixture
def heard(receiver, say, drain):
    before = int(time.time())
    say(receiver.url + "/callback?x=1", '{"status": "ü"}')
    drain()
    [(_path, headers, body)] = receiver.heard
    assert before <= read(headers["Signature"])[0] <= time.time()
    return headers, receiver.url.removeprefix("http://"), body


def test_the_signature_verifies_with_the_signing_key(signing, heard):
    headers, host, body = heard
    verify(signing.public_key, headers["Signature"], host, body)
    assert headers["X-Stellar-Signature"] == headers["Signature"]
    assert headers["Content-Type"] == "application/json"


def test_a_tampered_body_host_or_time_does_not_verify(signing, heard):
    headers, host, body = heard
    for tampered in ((host, body + b" ", 0), ("evil.example", body, 0), (host, body, 1)):
        with pytest.raises(BadSignatureError):
            verify(signing.public_key, headers["Signature"], *tampered)


def test_another_key_does_not_verify(heard):
    headers, host, body = heard
    with pytest.raises(BadSignatureError):
        verify(Keypair.random().public_key, headers["Signature"], host, body)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Wallet.Example/path?query", "wallet.example"),
        ("https://wallet.example:443/", "wallet.example:443"),
        ("http://localhost:8000/", "localhost:8000"),
        ("http://[::1]:8000/", "[::1]:8000"),
    ],
)
def test_the_signed_host_has_the_port_the_url_names(url, host):
    assert acts.url_host(url) == host


def test_a_job_does_not_show_what_it_carries():
    job = acts.Job("1", 1, 1, False, 0, "", 1, "callback", "https://secret", b"secret", Keypair.random())
    assert "secret" not in repr(job) and "Keypair" not in repr(job)


def test_without_a_home_domain_nothing_is_sent():
    job = acts.Job("1", 1, 1, False, time.monotonic() + 9, "", 1, "callback", "https://wallet.example/", b"", None)
    assert not acts.act(job).arrived
