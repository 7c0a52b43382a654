import json
import socket
from base64 import urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from sqlalchemy import text, update
from stellar_sdk import Keypair, MuxedAccount, Server, SetOptions, Signer, StrKey, TransactionBuilder

from app.db import db
from app.organizations.models import HomeDomain
from tests.sep.conftest import PASSPHRASE, Wallet


def _claims(token):
    return json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))


def _muxed(keypair, number=7):
    return MuxedAccount(keypair.public_key, number).universal_account_id


def _set(network, keypair, **options):
    """Let an account exist on the network with these thresholds and signers."""
    network.fund(keypair.public_key)
    server = Server(network.url)
    builder = TransactionBuilder(server.load_account(keypair.public_key), PASSPHRASE, base_fee=1000)
    for signer in options.pop("signers", []):
        builder.append_operation(SetOptions(signer=signer))
    builder.append_operation(SetOptions(**options))
    envelope = builder.set_timeout(60).build()
    envelope.sign(keypair)
    assert server.submit_transaction(envelope)["successful"]


def test_the_challenge_is_what_was_asked_for_and_nothing_more(wallet, alice, signing):
    answer = wallet.ask(alice.public_key, memo="5")
    assert set(answer.json) == {"transaction", "network_passphrase"}
    assert answer.json["network_passphrase"] == PASSPHRASE
    transaction = wallet.challenge(alice.public_key, memo="5").transaction
    assert transaction.source.account_id == signing.public_key
    assert [(op.data_name, op.source.account_id) for op in transaction.operations] == [
        ("localhost auth", alice.public_key),
        ("web_auth_domain", signing.public_key),
    ]
    assert transaction.memo.memo_id == 5


@pytest.mark.parametrize("memo", [None, "0", "1", "18446744073709551615"])
def test_a_missing_account_signs_in_with_its_master_key(wallet, alice, memo):
    token = wallet.token(alice, **({"memo": memo} if memo else {}))
    claims = _claims(token)
    assert claims["sub"] == (f"{alice.public_key}:{memo}" if memo else alice.public_key)
    assert claims["iss"] == "http://localhost"
    assert claims["exp"] - claims["iat"] == 24 * 3600
    assert claims["jti"]
    assert "client_domain" not in claims


def test_a_muxed_account_stays_muxed(wallet, alice):
    answer = wallet.sign_in(_muxed(alice), alice)
    assert _claims(answer.json["token"])["sub"] == _muxed(alice)


def test_a_form_is_as_good_as_json(wallet, client, alice):
    envelope = wallet.challenge(alice.public_key)
    envelope.sign(alice)
    assert "token" in client.post("/sep10/auth", data={"transaction": envelope.to_xdr()}).json


# fmt: off
BAD_QUESTIONS = {
    "nobody":                  {"account": ""},
    "no account":              {"account": "hello"},
    "a seed":                  {"account": "SCZANGBA5YHTNYVVV4C3U252E2B6P6F5T3U6MM63WBSBZATAQI3EBTQ4"},
    "a contract":              {"account": StrKey.encode_contract(b"c" * 32)},
    "a memo of text":          {"memo": "hello"},
    "a negative memo":         {"memo": "-1"},
    "a memo of 65 bits":       {"memo": "18446744073709551616"},
    "a memo with underscores": {"memo": "1_000"},
    "a memo in other digits":  {"memo": "١٢"},
    "an empty memo":           {"memo": ""},
    "another home domain":     {"home_domain": "elsewhere.example"},
    "a wallet nowhere":        {"client_domain": "127.0.0.1:1"},
    "a wallet with a path":    {"client_domain": "wallet.example/evil?"},
    "a wallet with a user":    {"client_domain": "user@wallet.example"},
}
# fmt: on


@pytest.mark.parametrize("name", BAD_QUESTIONS)
def test_a_bad_question_is_told_what_is_bad(wallet, alice, name):
    answer = wallet.ask(**{"account": alice.public_key, **BAD_QUESTIONS[name]})
    assert answer.status_code == 400
    assert isinstance(answer.json["error"], str)


def test_an_account_must_be_named(client, domain):
    answer = client.get("/sep10/auth")
    assert answer.status_code == 400
    assert "account" in answer.json["error"]


def test_a_muxed_account_has_no_memo(wallet, alice):
    answer = wallet.ask(_muxed(alice), memo="5")
    assert answer.status_code == 400
    assert answer.json["error"] == "memo: a muxed account has no memo"


def test_our_home_domain_may_be_named(wallet, alice):
    assert wallet.sign_in(alice.public_key, alice, home_domain="localhost").status_code == 200


# fmt: off
BAD_ANSWERS = [
    {"json": {}}, {"json": []}, {"json": {"transaction": {}}}, {"json": {"transaction": None}},
    {"json": {"transaction": 1}}, {"json": {"transaction": ""}}, {"json": {"transaction": "AAAA"}},
    {"json": {"transaction": "é"}},
    {"json": {"transaction": "A" * 50_000}}, {"data": {}}, {"data": {"transaction": "AAAA"}},
    {"data": b"{", "content_type": "application/json"}, {"data": b"[" * 100_000, "content_type": "application/json"},
    {"data": b"\xff\xfe", "content_type": "application/json"},
]
# fmt: on


@pytest.mark.parametrize("number", range(len(BAD_ANSWERS)))
def test_a_bad_answer_is_refused(client, domain, number):
    answer = client.post("/sep10/auth", **BAD_ANSWERS[number])
    assert answer.status_code in (400, 415)
    assert isinstance(answer.json["error"], str)


def test_an_answer_nobody_signed_is_refused(wallet, alice):
    assert wallet.sign_in(alice.public_key).status_code == 400


def test_another_signature_is_one_too_many_for_a_missing_account(wallet, alice):
    answer = wallet.sign_in(alice.public_key, alice, Keypair.random())
    assert answer.status_code == 400


def test_a_challenge_of_another_anchor_is_refused(wallet, alice, session):
    envelope = wallet.challenge(alice.public_key)
    envelope.sign(alice)
    session.execute(update(HomeDomain).values(signing_key=Keypair.random().public_key))
    session.commit()
    assert wallet.send(envelope).status_code == 400


def test_a_challenge_expires(wallet, alice, database_url):
    envelope = wallet.challenge(alice.public_key)
    envelope.sign(alice)
    _set_clock(database_url, "16 minutes")
    assert wallet.send(envelope).status_code == 400
    _set_clock(database_url, "14 minutes")
    assert wallet.send(envelope).status_code == 200


def _set_clock(database_url, offset):
    """Move the clock of every connection made from now on."""
    name = database_url.rpartition("/")[2]
    with db.engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET railhead.clock_offset = '{offset}'"))
        connection.commit()
    db.engine.dispose()


def test_one_challenge_gives_one_token(wallet, alice):
    envelope = wallet.challenge(alice.public_key)
    envelope.sign(alice)
    assert wallet.send(envelope).status_code == 200
    again = wallet.send(envelope)
    assert (again.status_code, list(again.json)) == (400, ["error"])


def test_fifty_parallel_posts_of_one_challenge_give_one_token(app, wallet, alice):
    envelope = wallet.challenge(alice.public_key)
    envelope.sign(alice)
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: Wallet(app.test_client()).send(envelope), range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49


def test_other_signatures_make_no_other_challenge(wallet, alice, network):
    bob = Keypair.random()
    _set(network, alice, signers=[Signer.ed25519_public_key(bob.public_key, 1)])
    envelope = wallet.challenge(alice.public_key)
    envelope.sign(alice)
    assert wallet.send(envelope).status_code == 200
    envelope.signatures.pop()
    envelope.sign(bob)
    assert wallet.send(envelope).status_code == 400


def test_an_account_that_exists_signs_in(wallet, alice, network):
    network.fund(alice.public_key)
    assert wallet.sign_in(alice.public_key, alice).status_code == 200


def test_a_disabled_master_key_gets_no_token_although_every_threshold_is_zero(wallet, alice, network):
    bob = Keypair.random()
    _set(network, alice, signers=[Signer.ed25519_public_key(bob.public_key, 1)], master_weight=0)
    assert wallet.sign_in(alice.public_key, alice).status_code == 400
    assert wallet.sign_in(_muxed(alice), alice).status_code == 400
    assert wallet.sign_in(alice.public_key, alice, bob).status_code == 400
    assert wallet.sign_in(alice.public_key, bob).status_code == 200


def test_the_medium_threshold_must_be_met(wallet, alice, network):
    bob = Keypair.random()
    one = Signer.ed25519_public_key(bob.public_key, 1)
    _set(network, alice, signers=[one], low_threshold=1, med_threshold=2, high_threshold=2)
    assert wallet.sign_in(alice.public_key, alice).status_code == 400
    assert wallet.sign_in(alice.public_key, alice, Keypair.random()).status_code == 400
    assert wallet.sign_in(alice.public_key, alice, bob).status_code == 200


def test_one_signer_twice_counts_for_nothing(wallet, alice, network):
    _set(network, alice, med_threshold=1)
    envelope = wallet.challenge(alice.public_key)
    envelope.signatures += [alice.sign_decorated(envelope.hash())] * 2
    assert wallet.send(envelope).status_code == 400


@pytest.fixture
def horizon_down(app):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        app.config["HORIZON_URL"] = f"http://127.0.0.1:{taken.getsockname()[1]}"
        yield


def test_while_horizon_is_down_nobody_gets_a_token(wallet, alice, horizon_down):
    envelope = wallet.challenge(alice.public_key)
    envelope.sign(alice)
    answer = wallet.send(envelope)
    assert (answer.status_code, list(answer.json)) == (503, ["error"])


def test_while_one_of_two_horizons_is_down_the_other_is_asked(app, wallet, alice, network, horizon_down):
    app.config["HORIZON_URL"] += f" {network.url}"
    envelope = wallet.challenge(alice.public_key)
    envelope.sign(alice)
    assert wallet.send(envelope).status_code == 200


def test_a_challenge_that_horizon_kept_from_us_is_not_spent(app, wallet, alice, network, horizon_down):
    envelope = wallet.challenge(alice.public_key)
    envelope.sign(alice)
    assert wallet.send(envelope).status_code == 503
    app.config["HORIZON_URL"] = network.url
    assert wallet.send(envelope).status_code == 200


def test_a_client_domain_that_signs_is_in_the_token(wallet, wallet_site, alice):
    key = Keypair.random()
    wallet_site.toml = f'SIGNING_KEY = "{key.public_key}"'
    answer = wallet.sign_in(alice.public_key, alice, key, client_domain=wallet_site.host)
    assert _claims(answer.json["token"])["client_domain"] == wallet_site.host
    assert wallet_site.visits == ["/.well-known/stellar.toml"]


def test_a_client_domain_that_does_not_sign_gets_no_token(wallet, wallet_site, alice):
    wallet_site.toml = f'SIGNING_KEY = "{Keypair.random().public_key}"'
    assert wallet.sign_in(alice.public_key, alice, client_domain=wallet_site.host).status_code == 400


@pytest.mark.parametrize(
    "toml",
    ["", "SIGNING_KEY = ", 'VERSION = "2"', 'SIGNING_KEY = "G"', "SIGNING_KEY = 5", "x" * 200_000, 'a = "\x00"'],
)
def test_a_client_domain_without_a_signing_key_is_refused(wallet, wallet_site, alice, toml):
    wallet_site.toml = toml
    answer = wallet.ask(alice.public_key, client_domain=wallet_site.host)
    assert answer.status_code == 400
    assert answer.json["error"].startswith("client_domain is refused")


def test_our_own_key_is_nobodys_client_domain(wallet, wallet_site, alice, signing):
    wallet_site.toml = f'SIGNING_KEY = "{signing.public_key}"'
    assert wallet.ask(alice.public_key, client_domain=wallet_site.host).status_code == 400


def test_a_client_domain_on_this_machine_is_refused_where_it_counts(app, wallet, wallet_site, alice):
    wallet_site.toml = f'SIGNING_KEY = "{Keypair.random().public_key}"'
    app.config["ALLOW_PRIVATE_ADDRESSES"] = False
    assert wallet.ask(alice.public_key, client_domain=wallet_site.host).status_code == 400
    assert wallet_site.visits == []


def test_no_connection_is_held_while_a_wallets_site_is_asked(app, wallet, wallet_site, alice, monkeypatch):
    held = []
    monkeypatch.setattr("app.strangers.fetch", lambda *_, **__: held.append(db.engine.pool.checkedout()))
    wallet.ask(alice.public_key, client_domain=wallet_site.host)
    assert held == [0]


def test_no_connection_is_held_while_horizon_is_asked(app, wallet, alice, monkeypatch):
    held, get = [], requests.Session.get

    def watched(*asked, **how):
        held.append(db.engine.pool.checkedout())
        return get(*asked, **how)

    monkeypatch.setattr(requests.Session, "get", watched)
    assert wallet.sign_in(alice.public_key, alice).status_code == 200
    assert held == [0]
