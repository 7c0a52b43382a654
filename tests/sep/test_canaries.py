"""Secrets and personal data, let loose in the whole house, turn up in no log line, wake-up or open column.

A sender signs in, registers people, announces a payment and pays it on Stellar; its bank raises, quoting the account,
and then refuses; the money goes back. Callbacks reach nobody. All is logged, at the lowest level there is.
"""

import base64
import io
import json
import sys
import time

import pytest
import redis
from sqlalchemy import text
from stellar_sdk import Asset, Keypair, Server, TransactionBuilder

from app import log
from app.anchor.models import Transaction
from app.assets import service as assets
from app.customers import verification
from app.db import Base, db, transaction
from app.organizations import service as organizations
from rails.base import Method, Rail, Report, State
from tasks import celery, topics
from tasks.drain import DRAINS
from tests.sep.conftest import PASSPHRASE, Wallet

PERSON = {
    "first_name": "Serinus",
    "last_name": "Canariensis",
    "mobile_number": "+14155550123",
    "email_address": "tweety@canary.example",
    "bank_account_number": "471147114711",
    "bank_number": "370400440001",
}
FIELDS = {"routing": "yellow-routing"}
HOOKS = {name: f"http://127.0.0.1:1/?secret={name}-feather" for name in ("customer", "transaction")}
PAPER = b"%PDF-1.7 yellow plumage"
DRAINED = ("catch_up", "match_payments", "execute_outgoing_transactions", "poll_outgoing_transactions")
DRAINED += ("submit_payments", "resolve_payments", "settle_refunds", "hear_customers", "retry_messages")
PATIENCE_SECONDS = 30


class Bank(Rail):
    """Raises with all it was told, and refuses when it is asked again."""

    methods = (Method("bank_account", "iso4217:USD"),)

    def execute_outgoing_transaction(self, payout):
        raise ValueError(f"no such account: {dict(payout.payee)}")

    def poll_outgoing_transactions(self, payouts, cursor):
        return [Report(payout.key, State.FAILED, message="the account is closed", refund=True) for payout in payouts]


@pytest.fixture
def told(monkeypatch):
    """All that is logged."""
    lines = io.StringIO()
    monkeypatch.setattr(sys, "stderr", lines)
    yield lines
    log.configure()


@pytest.fixture
def settings(settings, redis_url, told):
    bank = {"RAILS": {"bank": f"{__name__}:Bank"}, "RAIL_SETTINGS": {"bank": {}}, "RAIL_POLL_SECONDS": 0}
    house = {"CELERY_BROKER_URL": redis_url, "RESOLVE_INTERVAL_SECONDS": 0, "LOG_LEVEL": "DEBUG"}
    return {**settings, **bank, **house}


@pytest.fixture
def wakes(app, redis_url, monkeypatch):
    """Let wake-ups leave for Redis, where nobody takes them away."""
    monkeypatch.setattr(topics, "_silent_until", 0.0)
    monkeypatch.setattr(celery.conf, "broker_url", redis_url)
    monkeypatch.setitem(app.extensions, "publish", topics.publish)
    celery.loader.import_default_modules()


@pytest.fixture
def operator(app, monkeypatch):
    monkeypatch.setattr(verification, "CODE_DIGITS", 15)  # a code that nothing else looks like

    def order(*words, **environment):
        done = app.test_cli_runner().invoke(args=words, env=environment)
        assert done.exit_code == 0, done.output
        return done.output.strip()

    return order


@pytest.fixture
def treasury(domain, network, alice, operator):
    """Open the shop: lumens for dollars, for ALICE's anchor. Return the key of what is held."""
    held = Keypair.random()
    network.fund(held.public_key, alice.public_key)
    with transaction() as session:
        owner = organizations.organization(session).id
        organizations.add_partner(session, owner, alice.public_key, "Alice's anchor")
        lumens = assets.add_asset(session, assets.NewAsset(owner, "stellar:native", held.public_key))
        people = {"sender_type": "sep31-sender", "receiver_type": "sep31-receiver"}
        way = {"kind": "send", "rail": "bank", "pays": "iso4217:USD"}
        assets.add_method(session, lumens.id, "bank_account", **way, **people)
    operator("treasury", "add", TREASURY_SEEDS=held.secret)
    operator("channels", "ensure", "1")
    return held


@pytest.fixture
def ask(client, network, alice, treasury):
    """Ask as the sending anchor that signed in."""
    headers = {"Authorization": f"Bearer {Wallet(client).token(alice)}"}

    def asking(method, path, **said):
        answer = client.open(path, method=method, headers=headers, **said)
        assert answer.status_code < 300, answer.text
        return answer.json

    asking.token = headers["Authorization"].split(".")[-1]
    return asking


def _announce(ask, operator):
    """Say all there is to say. Return the code that was sent, and the transaction with where to pay it."""
    people = {}
    for memo, role in enumerate(("sender", "receiver")):
        said = {**PERSON, "type": f"sep31-{role}", "memo": str(memo)}
        people[f"{role}_id"] = ask("PUT", "/sep12/customer", json=said)["id"]
    sender = {"id": people["sender_id"]}
    ask("PUT", "/sep12/customer/callback", json={**sender, "url": HOOKS["customer"]})
    ask("PUT", "/sep12/customer", data={**sender, "photo_id_front": (io.BytesIO(PAPER), "paper")})
    code = operator("customers", "challenge", sender["id"], "mobile_number")
    ask("PUT", "/sep12/customer", json={**sender, "mobile_number_verification": code})
    wish = {"amount": 10, "asset_code": "native", "fields": {"transaction": FIELDS}, **people}
    announced = ask("POST", "/sep31/transactions", json=wish)
    ask("PUT", f"/sep31/transactions/{announced['id']}/callback", json={"url": HOOKS["transaction"]})
    return code, announced


def _pay(network, sender, announced):
    server = Server(network.url)
    builder = TransactionBuilder(server.load_account(sender.public_key), PASSPHRASE, base_fee=100)
    builder.append_payment_op(announced["stellar_account_id"], Asset.native(), "10")
    envelope = builder.add_text_memo(announced["stellar_memo"]).set_timeout(60).build()
    envelope.sign(sender)
    server.submit_transaction(envelope)


def _drain(transaction_id):
    """Let the drains do their work until the money is back."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for name in DRAINED:
            DRAINS[name].once(*(owner for owner in DRAINS[name].owners() if owner))
        db.session.remove()
        if db.session.get(Transaction, transaction_id).state == "refunded":
            return
    raise TimeoutError(db.session.get(Transaction, transaction_id).state)


def _messages(redis_url):
    """Return all that Redis holds: messages, unpacked, and whatever else."""
    with redis.Redis.from_url(redis_url) as connection:
        lists = [key for key in connection.scan_iter() if connection.type(key) == b"list"]
        sent = [json.loads(item) for key in lists for item in connection.lrange(key, 0, -1)]
        other = [f"{key} {connection.dump(key)}" for key in connection.scan_iter() if key not in lists]
    return [f"{message} {base64.b64decode(message['body'])}" for message in sent] + other


def _rows():
    """Return every row there is, as text."""
    return [
        f"{table.name} {row}"
        for table in Base.metadata.sorted_tables
        for row in db.session.scalars(text(f'SELECT t::text FROM "{table.name}" t'))
    ]


def _seen(canaries, places):
    return [
        (name, place[:300])
        for name, canary in canaries.items()
        for place in places
        if canary in place or canary.encode().hex() in place
    ]


@pytest.fixture
def canaries(app, alice, signing, treasury, ask, operator, wakes, network):
    """What was let loose, by what it is, once all is over."""
    code, announced = _announce(ask, operator)
    _pay(network, alice, announced)
    _drain(announced["id"])
    return {
        **PERSON,
        **FIELDS,
        **{f"callback of the {name}": url.partition("?")[2] for name, url in HOOKS.items()},
        "a file": PAPER.decode(),
        "a code": code,
        "a token": ask.token,
        "what signs tokens": app.config["TOKEN_SECRET"],
        "what seals": app.config["VAULT_KEYS"][0],
        "the sender's seed": alice.secret,
        "the signing seed": signing.secret,
        "the treasury's seed": treasury.secret,
    }


def test_no_canary_is_seen_outside_its_cage(canaries, told, redis_url):
    lines, messages, rows = told.getvalue().splitlines(), _messages(redis_url), _rows()
    assert any("an act raised" in line for line in lines)
    assert any("tasks.submit_payments" in message for message in messages)
    assert any("the account is closed" in row for row in rows)
    assert [_seen(canaries, places) for places in (lines, messages, rows)] == [[], [], []]
