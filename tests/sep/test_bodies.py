"""What comes in too large, compressed, of another kind, too deep, too big to count: refused, in a sentence."""

import gzip
import io
import json

import pytest
from stellar_sdk import Keypair

from app.organizations import service
from tests.sep.conftest import bearer, routes

ALICE = Keypair.random().public_key
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
FILES = ("sep12.post_file",)  # reads multipart/form-data only


@pytest.fixture
def settings(settings):
    return {**settings, "LIMIT_AUTH": "1000000/minute", "LIMIT_API": "1000000/minute"}


@pytest.fixture
def send(app, client, session, domain, asset):
    """Send a body, with its headers, to every route that reads one; return path → answer."""
    service.add_partner(session, domain.organization_id, ALICE, "Alice")
    session.commit()
    token = bearer(ALICE)

    def sending(body, kind=JSON, only=("POST", "PUT", "PATCH"), but=FILES, **headers):
        asked = [route for route in routes(app) if route.method in only and route.endpoint not in but]
        how = {"data": body, "content_type": kind, "headers": {**token, **headers}}
        return {route.path: client.open(route.path, method=route.method, **how) for route in asked}

    return sending


def refusals(answers):
    """Return the codes the routes answered with, having seen that each says why, to any origin."""
    for path, answer in answers.items():
        assert list(answer.json)[-1:] == ["error"], (path, answer.text)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    return {answer.status_code for answer in answers.values()}


def test_a_body_that_is_too_large_is_413(app, send):
    app.config["MAX_CONTENT_LENGTH"] = 1000
    large = {"transaction": "A" * 1000}
    assert refusals(send(json.dumps(large))) == {413}
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + bytes(1000) + b"\r\n--b--\r\n"
    assert refusals(send(form, "multipart/form-data; boundary=b", but=())) == {413}


def test_a_body_that_does_not_say_how_large_it_is_is_read_to_the_limit_only(app, client, domain):
    app.config["MAX_CONTENT_LENGTH"] = 1000
    body = io.BytesIO(json.dumps({"transaction": "A" * 10**6}).encode())
    chunked = {"input_stream": body, "environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}}
    assert client.post("/sep10/auth", content_type=JSON, **chunked).status_code in (400, 413)
    assert body.tell() < 10**5


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/octet-stream", ""])
def test_a_body_of_another_kind_is_415(send, kind):
    assert refusals(send(b'{"transaction": "A"}', kind)) == {415}


def test_a_compressed_body_is_415_and_never_unpacked(send):
    bomb, form = gzip.compress(bytes(10**7)), gzip.compress(b"first_name=Ada")
    for body, kind in ((bomb, JSON), (form, FORM)):
        assert refusals(send(body, kind, **{"Content-Encoding": "gzip"})) == {415}


def test_a_part_of_a_form_without_a_name_is_400(send):
    part = b"--b\r\nContent-Disposition: form-data\r\n\r\nAda\r\n--b--\r\n"
    file = b'--b\r\nContent-Disposition: form-data; filename="a"\r\n\r\nAda\r\n--b--\r\n'
    for form in (part, file):
        assert refusals(send(form, "multipart/form-data; boundary=b")) == {400}


# fmt: off
NONSENSE = {
    "nothing":             b"",
    "half a thing":        b'{"transaction": ',
    "not UTF-8":           b'{"transaction": "\xff"}',
    "a list":              b"[]",
    "a text":              b'"transaction"',
    "a number":            b"1",
    "null":                b"null",
    "no number":           b'{"amount": NaN}',
    "an endless number":   b'{"amount": Infinity}',
    "5000 digits":         b'{"amount": ' + b"9" * 5000 + b', "asset_code": "USDC"}',
    "5000 digits of memo": b'{"memo": "' + b"9" * 5000 + b'", "url": "https://wallet.example/"}',
    "a huge exponent":     b'{"amount": 1e99999999999, "asset_code": "USDC"}',
    "a tiny exponent":     b'{"amount": 1e-99999999999, "asset_code": "USDC"}',
    "too deep":            b"[" * 200_000,
    "too deep inside":     b'{"amount":' * 200_000,
}
# fmt: on


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_400(send, name):
    assert refusals(send(NONSENSE[name])) <= {400, 404}


def test_at_no_depth_does_a_body_break_a_door(send):
    """What is just shallow enough to be read must not be too deep for whatever comes next."""
    names = ("amount", "asset_code", "fields", "lang", "refund_memo", "transaction", "first_name", "url")
    for depth in range(900, 1000):
        deep = "[" * depth + "]" * depth
        body = "{" + ", ".join(f'"{name}": {deep}' for name in names) + "}"
        assert refusals(send(body, only=("POST",))) == {400}, depth
