"""Who may call what, and who sees whose: every route against every bad token, every name against every stranger."""

import json
from base64 import urlsafe_b64encode
from datetime import datetime
from functools import partial

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import text
from stellar_sdk import Keypair, MuxedAccount

from app.anchor.models import Transaction
from app.customers import verification
from app.db import Base, db, transaction
from app.organizations import service
from app.sep import persons, sep10, sep12, sep31, tokens
from app.sep.tokens import AUTHENTICATED, Kind
from tests.sep.conftest import FACES, UNIT, bearer, routes

ALICE, BOB = (Keypair.from_raw_ed25519_seed(name.ljust(32).encode()).public_key for name in ("alice", "bob"))
SOUTH = "south.example"
OWNER = f"{ALICE}:1"
SENDER = {"type": "sep31-sender", "first_name": "Ada", "last_name": "Lovelace", "mobile_number": "+14155550123"}
RECEIVER = {"type": "sep31-receiver", "first_name": "Grace", "last_name": "Hopper"}
BANK = {"bank_account_number": "12345678", "bank_number": "0042"}


@pytest.fixture
def south(session, domain):
    """Another home domain, of another organization, under the same roof; it knows ALICE too."""
    organization = service.add_organization(session, "South")
    service.add_home_domain(session, organization, SOUTH, Keypair.random(), FACES)
    service.add_partner(session, organization.id, ALICE, "Alice")
    for account in (ALICE, BOB):
        service.add_partner(session, domain.organization_id, account, account)
    session.commit()


@pytest.fixture
def owner(domain, south, asset):
    return bearer(OWNER)


@pytest.fixture
def bad_tokens(owner):
    """Headers of somebody who did not sign in here, by what is wrong with them."""
    good = owner["Authorization"].removeprefix("Bearer ")
    header, payload, signature = good.split(".")
    claims = jwt.decode(good, tokens._key(AUTHENTICATED)).claims
    unsigned = urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    other_key = jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(b"k" * 32))
    other_kind = jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, tokens._key(Kind("interactive", 600)))
    forged = {
        "nonsense": "x.y.z",
        "signed by nobody": f"{unsigned}.{payload}.",
        "signed by nobody, with a signature": f"{unsigned}.{payload}.{signature}",
        "the signature cut off": f"{header}.{payload}.",
        "another key": other_key,
        "another kind's key": other_kind,
    }
    return {
        "none": {},
        "another scheme": {"Authorization": f"Basic {good}"},
        **{name: {"Authorization": f"Bearer {token}"} for name, token in forged.items()},
        "expired": bearer(OWNER, age_seconds=AUTHENTICATED.life_seconds + 60),
        "not yet valid": bearer(OWNER, age_seconds=-600),
        "another kind": bearer(OWNER, kind=Kind("interactive", 600)),
        "another home domain": bearer(OWNER, SOUTH),
    }


def test_no_bad_token_opens_a_guarded_route(app, client, bad_tokens):
    opened = []
    for route in filter(lambda route: route.guarded, routes(app)):
        for name, headers in bad_tokens.items():
            answer = client.open(route.path, method=route.method, headers=headers)
            said = ["error"] if route.method == "HEAD" else list(answer.json)
            if (answer.status_code, said) != (403, ["error"]):
                opened.append((route.method, route.path, name, answer.status_code))
    assert opened == []


def test_a_good_token_opens_every_route(app, client, owner):
    guarded = [route for route in routes(app) if route.guarded]
    refused = [r for r in guarded if client.open(r.path, method=r.method, headers=owner).status_code == 403]
    assert [route.path for route in refused] == []
    assert guarded


def test_where_no_token_is_needed_a_bad_one_does_no_harm(app, client, bad_tokens):
    for route in filter(lambda route: not route.guarded, routes(app)):
        codes = {
            client.open(route.path, method=route.method, headers=headers).status_code for headers in bad_tokens.values()
        }
        assert len(codes) == 1 and codes.isdisjoint({401, 403})


@pytest.fixture
def mine(client, owner):
    """The names of what OWNER has: two customers, a file, a transaction."""
    ask = partial(client.open, headers=owner)
    sender, receiver = (
        ask("/sep12/customer", method="PUT", json=person).json["id"] for person in (SENDER, {**RECEIVER, **BANK})
    )
    wish = {"amount": 1, "asset_code": "USDC", "sender_id": sender, "receiver_id": receiver}
    announced = ask("/sep31/transactions", method="POST", json=wish)
    assert announced.status_code == 201
    return {"customer": sender, "transaction": announced.json["id"]}


NOBODYS = {"customer": "4711", "transaction": "4711"}
PARTY = {"transaction_id": "{transaction}", "type": "sep31-sender"}
CODE = {"mobile_number_verification": "000000"}
URL = {"url": "https://eve.example/"}

# fmt: off
ASKS = [
    ("GET",   "/sep12/customer",                              {"id": "{customer}"}),
    ("GET",   "/sep12/customer",                              PARTY),
    ("PUT",   "/sep12/customer",                              {"id": "{customer}", "first_name": "Eve"}),
    ("PUT",   "/sep12/customer",                              {**PARTY, "first_name": "Eve"}),
    ("PUT",   "/sep12/customer/callback",                     {"id": "{customer}", **URL}),
    ("PUT",   "/sep12/customer/callback",                     {**PARTY, **URL}),
    ("PUT",   "/sep12/customer/verification",                 {"id": "{customer}", **CODE}),
    ("PUT",   "/sep12/customer/verification",                 {**PARTY, **CODE}),
    ("GET",   "/sep31/transactions/{transaction}",            {}),
    ("PATCH", "/sep31/transactions/{transaction}",            {"fields": {"transaction": {"bank_number": "1"}}}),
    ("PUT",   "/sep31/transactions/{transaction}/callback",   URL),
]
BELOW = {"sep12.delete_customer", "sep12.get_files", "sep12.post_file", "sep31.post_transaction"}

STRANGERS = {
    # who asks, and about what they may know nothing
    "another account":                   (BOB, "everything"),
    "another account with this memo":    (f"{BOB}:1", "everything"),
    "another memo":                      (f"{ALICE}:2", "everything"),
    "another muxed address":             (MuxedAccount(ALICE, 2).account_muxed, "everything"),
    "the account alone":                 (ALICE, "transactions"),
    "a muxed address with this number":  (MuxedAccount(ALICE, 1).account_muxed, "transactions"),
}
# fmt: on


def _ask(client, ask, names, headers):
    method, path, said = ask
    said = {name: value.format(**names) if isinstance(value, str) else value for name, value in said.items()}
    how = {"query_string": said} if method == "GET" else {"json": said}
    return client.open(path.format(**names), method=method, headers=headers, **how)


def test_every_route_that_takes_a_name_is_asked_by_strangers(app):
    map = app.url_map.bind("localhost")
    asked = {map.match(path.format(**NOBODYS), method)[0] for method, path, _said in ASKS}
    assert asked | BELOW == {route.endpoint for route in routes(app) if route.guarded}


@pytest.mark.parametrize("who", STRANGERS)
def test_what_is_not_yours_does_not_exist(client, owner, mine, who):
    subject, about = STRANGERS[who]
    stranger = bearer(subject)
    before = _ask(client, ASKS[0], mine, owner).json, _ask(client, ASKS[8], mine, owner).json
    for ask in ASKS:
        if about == "transactions" and "{transaction}" not in f"{ask}":
            continue
        real, imagined = (_ask(client, ask, names, stranger) for names in (mine, NOBODYS))
        assert (real.status_code, real.json) == (404, imagined.json), ask
    assert before == (_ask(client, ASKS[0], mine, owner).json, _ask(client, ASKS[8], mine, owner).json)


def test_at_another_home_domain_nobody_has_what_they_have_here(client, owner, mine):
    there = {**bearer(OWNER, SOUTH), "Host": SOUTH}
    for ask in ASKS:
        real, imagined = (_ask(client, ask, names, there) for names in (mine, NOBODYS))
        assert (real.status_code, real.json) == (404, imagined.json), ask
    assert {_ask(client, ask, mine, owner).status_code for ask in ASKS if ask[0] == "GET"} == {200}


@pytest.mark.parametrize(("subject", "refusal"), [(BOB, 401), (f"{ALICE}:2", 404), (f"{BOB}:1", 401)])
def test_nobody_deletes_or_lists_what_is_anothers(client, owner, mine, subject, refusal):
    stranger = bearer(subject)
    assert client.delete(f"/sep12/customer/{ALICE}", headers=stranger).status_code == refusal
    for query in ({}, {"customer_id": mine["customer"]}):
        assert client.get("/sep12/customer/files", query_string=query, headers=stranger).json == {"files": []}
    assert _ask(client, ASKS[0], mine, owner).status_code == 200


POISON = {int: 666_666_666_666, bool: "true", datetime: "1966-06-06T06:06:06Z"}
TRACES = ("POISON", "666666666666", "1966-06-06")


def _every_column():
    """Every name a column of ours has, with something it must not come to hold."""
    columns = [column for table in Base.metadata.tables.values() for column in table.columns]
    return {column.name: POISON.get(column.type.python_type, "POISON") for column in columns}


def _plain_rows():
    """Every row of every table, written out."""
    tables = [table.name for table in Base.metadata.sorted_tables]
    return [row for table in tables for row in db.session.scalars(text(f'SELECT t::text FROM "{table}" t'))]


def test_no_column_is_written_because_a_body_names_it(client, owner, wallet, mine):
    with transaction() as session:
        code = verification.challenge(session, mine["customer"], "mobile_number")
        row = session.get(Transaction, mine["transaction"])
        row.state, row.required_info, row.amount_in = "needs_customer", {"bank_number": "wrong"}, UNIT
    signer = Keypair.random()
    challenge = wallet.challenge(signer.public_key)
    challenge.sign(signer)
    wish = {"amount": 1, "asset_code": "USDC", "sender_id": mine["customer"], "receiver_id": mine["customer"]}
    home = f"/sep31/transactions/{mine['transaction']}"
    writes = [
        ("PUT", "/sep12/customer", SENDER, persons.Asked),
        ("PUT", "/sep12/customer/callback", URL, sep12.Callback),
        ("PUT", "/sep12/customer/verification", {"mobile_number_verification": code}, persons.Asked),
        ("POST", "/sep31/transactions", wish, sep31.NewSend),
        ("PATCH", home, {"fields": {"transaction": {"bank_number": "0043"}}}, sep31.Update),
        ("PUT", f"{home}/callback", URL, sep31.Callback),
        ("POST", "/sep10/auth", {"transaction": challenge.to_xdr()}, sep10.Answered),
    ]
    for method, path, body, schema in writes:
        known = {field.data_key or name for name, field in schema().fields.items()}
        poisoned = {name: value for name, value in _every_column().items() if name not in known}
        answer = client.open(path, method=method, headers=owner, json={**poisoned, **body})
        assert answer.status_code < 300, (path, answer.json)
    assert [row for row in _plain_rows() if any(trace in row for trace in TRACES)] == []
