import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict

import pytest
from flask import jsonify
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import update
from stellar_sdk import Keypair, MuxedAccount

import config
from app.organizations import service
from app.organizations.models import HomeDomain
from app.sep import tokens
from app.sep.auth import authenticated
from app.sep.frame import door
from app.sep.tokens import AUTHENTICATED, Kind
from tests.sep.conftest import Wallet

OTHER = Kind("interactive", 600)


@pytest.fixture
def visitor(app, session, domain):
    """Somebody who calls an application with a door that says who comes through, as itself and as SEP-24's."""
    for name in ("sep0", "sep24"):
        blueprint = door(name, f"/{name}")
        blueprint.get("/me", endpoint="me")(authenticated(lambda caller: jsonify(asdict(caller), caller.user)))
        app.register_blueprint(blueprint)
    session.execute(update(HomeDomain).values(faces=["sep0", "sep10", "sep24"]))
    session.commit()
    return app.test_client()


def _me(visitor, token, path="/sep0/me", **headers):
    return visitor.get(path, headers={"Authorization": f"Bearer {token}", **headers})


def test_the_caller_is_who_signed_in(visitor, alice, domain):
    token = Wallet(visitor).token(alice, memo="5")
    me, user = _me(visitor, token).json
    assert (me["account"], me["memo"], me["muxed"], me["client_domain"]) == (alice.public_key, "5", "", "")
    assert user == "5"
    assert me["home_domain_id"] and me["organization_id"]


def test_a_muxed_caller_has_both_addresses(visitor, alice):
    muxed = MuxedAccount(alice.public_key, 7).universal_account_id
    me, user = _me(visitor, Wallet(visitor).sign_in(muxed, alice).json["token"]).json
    assert (me["account"], me["memo"], me["muxed"], user) == (alice.public_key, "", muxed, muxed)


def test_memo_zero_is_a_memo(visitor, alice):
    me, user = _me(visitor, Wallet(visitor).token(alice, memo="0")).json
    assert (me["memo"], user) == ("0", "0")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "bearer nonsense", "Bearer a.b.c"])
def test_without_a_good_token_nobody_comes_in(visitor, header):
    answer = visitor.get("/sep0/me", headers={"Authorization": header} if header is not None else {})
    assert answer.status_code == 403
    assert list(answer.json) == ["error"]


def test_sep_24_names_the_refusal_as_wallets_expect(visitor):
    answer = visitor.get("/sep24/me")
    assert (answer.status_code, answer.json["type"]) == (403, "authentication_required")


CLAIMS = {"sub": Keypair.random().public_key}


@pytest.fixture
def claims(domain):
    return {**CLAIMS, "home_domain_id": domain.id}


@pytest.fixture
def now(app):
    return tokens._now()


def test_a_token_comes_in_until_it_expires(visitor, claims, now):
    life = AUTHENTICATED.life_seconds
    assert _me(visitor, tokens.issue(AUTHENTICATED, now, claims)).status_code == 200
    assert _me(visitor, tokens.issue(AUTHENTICATED, now - life + 1, claims)).status_code == 200
    assert _me(visitor, tokens.issue(AUTHENTICATED, now - life - 60, claims)).status_code == 403


def test_a_token_of_the_future_does_not_come_in(visitor, claims, now):
    assert _me(visitor, tokens.issue(AUTHENTICATED, now + 600, claims)).status_code == 403


def test_a_token_of_another_kind_does_not_come_in(visitor, claims, now):
    assert _me(visitor, tokens.issue(OTHER, now, claims)).status_code == 403


def test_claiming_to_be_of_another_kind_does_not_help(visitor, claims, now):
    assert _me(visitor, _signed(_all(claims, now), tokens._key(OTHER))).status_code == 403


def _all(claims, now, **more):
    frame = {"iss": "http://localhost", "aud": "sep10", "iat": now, "exp": now + 60, "jti": "1"}
    return {**claims, **frame, **more}


def _signed(claims, key=None, algorithm="HS256"):
    registered = {"alg": algorithm, "typ": "JWT"}
    return jwt.encode(registered, claims, key or tokens._key(AUTHENTICATED), algorithms=[algorithm])


def test_a_token_as_we_make_it_comes_in(visitor, claims, now):
    assert _me(visitor, _signed(_all(claims, now))).status_code == 200


@pytest.mark.parametrize("claim", ["iss", "aud", "iat", "exp", "jti", "sub", "home_domain_id"])
def test_a_token_that_lacks_a_claim_does_not_come_in(visitor, claims, now, claim):
    lacking = _all(claims, now)
    del lacking[claim]
    assert _me(visitor, _signed(lacking)).status_code == 403


@pytest.mark.parametrize(
    ("claim", "value"),
    [("iss", "http://elsewhere"), ("aud", "interactive"), ("exp", "soon"), ("sub", 5), ("home_domain_id", "another")],
)
def test_a_token_with_a_wrong_claim_does_not_come_in(visitor, claims, now, claim, value):
    assert _me(visitor, _signed(_all(claims, now, **{claim: value}))).status_code == 403


def test_a_token_signed_otherwise_does_not_come_in(visitor, claims, now):
    good = _all(claims, now)
    header, payload, signature = _signed(good).split(".")
    none = urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    richer = urlsafe_b64encode(json.dumps({**good, "sub": Keypair.random().public_key}).encode()).rstrip(b"=").decode()
    for forged in (
        f"{none}.{payload}.",
        f"{none}.{payload}.{signature}",
        f"{header}.{richer}.{signature}",
        f"{header}.{payload}.",
        _signed(good, OctKey.import_key(b"x" * 32)),
        _signed(good, algorithm="HS512"),
        _signed(good, OctKey.import_key(b"TOKEN_SECRET" * 3)),
    ):
        assert _me(visitor, forged).status_code == 403


def test_a_token_for_one_home_domain_is_none_for_another(visitor, alice, session):
    token = Wallet(visitor).token(alice)
    south = service.add_organization(session, "South")
    service.add_home_domain(session, south, "south.example", Keypair.random(), ["sep10"]).faces = ["sep0"]
    session.commit()
    assert _me(visitor, token).status_code == 200
    assert _me(visitor, token, Host="south.example").status_code == 403


def test_a_token_says_nothing_that_is_not_needed(visitor, alice):
    payload = Wallet(visitor).token(alice).split(".")[1]
    said = json.loads(urlsafe_b64decode(payload + "=="))
    assert set(said) == {"iss", "sub", "aud", "iat", "exp", "jti", "home_domain_id"}


def test_a_short_secret_is_refused(app):
    app.config["TOKEN_SECRET"] = "short"
    with pytest.raises(config.Unconfigured, match="TOKEN_SECRET"):
        tokens.issue(AUTHENTICATED, 0, CLAIMS)
