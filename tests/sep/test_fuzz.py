"""Whatever anybody sends to any door, it is never our side that is wrong, and a refusal is JSON that says why."""

import io
import json
import re
from urllib.parse import quote

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stellar_sdk import Keypair

from app.customers.fields import FIELDS
from app.organizations import service
from app.sep import persons, sep10, sep12, sep31
from tests.sep.conftest import bearer, routes

ALICE = Keypair.from_raw_ed25519_seed(b"alice" + bytes(27)).public_key
PERSON = {"first_name": "Ada", "last_name": "Lovelace", "bank_account_number": "1", "bank_number": "2"}
WISH = {"amount": 1, "asset_code": "USDC", "sender_id": "CUSTOMER", "receiver_id": "CUSTOMER"}
USUAL = {  # what is said besides what was thought up, so that some requests get far
    "sep12.put_customer": PERSON,
    "sep12.put_callback": {"url": "https://wallet.example/"},
    "sep31.post_transaction": WISH,
    "sep31.put_callback": {"url": "https://wallet.example/"},
    "sep31.patch_transaction": {"fields": {"transaction": {}}},
}
SCHEMAS = (persons.Asked, sep12.Callback, sep12.FilesAsked, sep10.Asked, sep10.Answered)
SCHEMAS += (sep31.NewSend, sep31.Callback, sep31.Update)
SAID = {field.data_key or name for schema in SCHEMAS for name, field in schema().fields.items()}
MORE = ["transaction", "mobile_number_verification", "photo_id_front_file_id", "first_name_file_id"]

# fmt: off
PLAUSIBLE = [
    "CUSTOMER", "TRANSACTION", "FILE",  # each becomes the name of something that is there
    "USDC", "1", "100.50", "1e5", "-0", "bank_account", "sep31-sender", "sep31-receiver", "id", "text", "hash",
    ALICE, f"{ALICE}:1", "https://wallet.example/", "localhost", "2000-01-01", "+14155550123", "0" * 64, "9" * 5000,
    "", " ", "\0", "é", "\u202e", "%00", "'; --",
]
KINDS = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain", ""]
# fmt: on

words = st.sampled_from(PLAUSIBLE) | st.text(st.characters(codec="utf-8"), max_size=30)
names = st.sampled_from(sorted(SAID)) | st.sampled_from([*MORE, *sorted(FIELDS)]) | words
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(names, values, max_size=6)
texts = st.dictionaries(names, words, max_size=4)
files = st.binary(max_size=20) | st.sampled_from([b"\x89PNG\r\n\x1a\n", b"%PDF-1.7"])


@pytest.fixture
def settings(settings):
    return {**settings, "LIMIT_AUTH": "1000000/minute", "LIMIT_API": "1000000/minute"}


@pytest.fixture
def known(client, session, domain, asset):
    """What is there to be named, and who may name it."""
    service.add_partner(session, domain.organization_id, ALICE, "Alice")
    session.commit()
    headers = bearer(ALICE)
    person = client.put("/sep12/customer", json=PERSON, headers=headers).json["id"]
    wish = {**WISH, "sender_id": person, "receiver_id": person}
    announced = client.post("/sep31/transactions", json=wish, headers=headers).json["id"]
    form = {"file": (io.BytesIO(b"%PDF-"), "paper")}
    file = client.post("/sep12/customer/files", data=form, headers=headers).json["file_id"]
    return {"CUSTOMER": person, "TRANSACTION": announced, "FILE": file, **headers}


@pytest.fixture
def ask(app, client, known):
    """Ask a door what was thought up, in one of the ways there are to say it."""
    doors = [route for route in routes(app) if route.endpoint.startswith("sep") and route.method != "HEAD"]
    headers = {"Authorization": known["Authorization"]}

    def named(said):
        return json.loads(re.sub("CUSTOMER|TRANSACTION|FILE", lambda name: known[name[0]], json.dumps(said)))

    def asking(door, name, query, body):
        route = doors[door % len(doors)]
        if "json" in body:
            body = {"json": named({**USUAL.get(route.endpoint, {}), **body["json"]})}
        path = route.path.replace("nobody", quote(named(name), safe=""))
        return client.open(path, method=route.method, query_string=named(query), headers=headers, **body)

    return asking


bodies = st.one_of(
    objects.map(lambda said: {"json": said}),
    texts.map(lambda said: {"data": said}),
    st.builds(lambda said, file: {"data": {**said, "file": (io.BytesIO(file), "paper")}}, texts, files),
    st.builds(lambda sent, kind: {"data": sent, "content_type": kind}, st.binary(max_size=60), st.sampled_from(KINDS)),
)


@hypothesis.settings(max_examples=600)
@given(door=st.integers(0, 999), name=st.just("TRANSACTION") | words, query=texts, body=bodies)
def test_no_request_breaks_a_door(ask, door, name, query, body):
    answer = ask(door, name, query, body)
    assert answer.status_code < 500
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    if answer.status_code >= 400:
        assert isinstance(answer.json["error"], str)
