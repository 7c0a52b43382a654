import itertools

import pytest
import redis
from flask import abort, jsonify
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from stellar_sdk import Keypair

from app.db import db
from app.errors import Conflict, Invalid
from app.factory import create_app
from app.organizations import service
from app.organizations.models import HomeDomain
from app.sep.auth import public
from app.sep.frame import door, home
from tests.sep.conftest import bearer, routes

TOML = "/.well-known/stellar.toml"


def _fail(error):
    raise error


TROUBLES = {
    "refused": lambda: _fail(Invalid("customer_info_needed", type="sep31-sender")),
    "conflict": lambda: _fail(Conflict("not now")),
    "teapot": lambda: abort(418),
    "database": lambda: _fail(OperationalError("SELECT secret", {}, Exception("gone"))),
    "broken": lambda: _fail(RuntimeError("secret")),
    "home": lambda: jsonify(vars(home())),
}


@pytest.fixture
def visitor(app, session, domain):
    """Somebody who calls an application that has one more door, where everything goes wrong."""
    blueprint = door("sep0")
    for name, trouble in TROUBLES.items():
        blueprint.get(f"/{name}", endpoint=name)(public(trouble))
    app.register_blueprint(blueprint)
    session.execute(update(HomeDomain).values(faces=["sep0", "sep1", "sep10"]))
    session.commit()
    return app.test_client()


# fmt: off
FAILURES = {
    ("GET",  "/sep0/refused"):     (400, {"error": "customer_info_needed", "type": "sep31-sender"}),
    ("GET",  "/sep0/conflict"):    (409, {"error": "not now"}),
    ("GET",  "/sep0/database"):    (503, {"error": "not now: please ask again later"}),
    ("GET",  "/sep0/broken"):      (500, {"error": "something is wrong on our side"}),
    ("GET",  "/sep0/teapot"):      (418, None),
    ("GET",  "/sep0/nowhere"):     (404, None),
    ("GET",  "/sep99/nowhere"):    (404, None),
    ("GET",  "/.well-known/none"): (404, None),
    ("PUT",  "/sep10/auth"):       (405, None),
    ("GET",  "/sep31/info"):       (404, None),  # a face this home domain does not have
    ("GET",  "/sep10/auth"):       (400, None),
    ("POST", "/sep10/auth"):       (415, None),
}
# fmt: on


@pytest.mark.parametrize("asked", FAILURES)
def test_every_failure_is_json_that_any_origin_may_read(visitor, asked):
    method, path = asked
    status, body = FAILURES[asked]
    answer = visitor.open(path, method=method)
    assert answer.status_code == status
    assert answer.content_type == "application/json"
    assert isinstance(answer.json["error"], str)
    assert body is None or answer.json == body
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "secret" not in answer.text


def _expected(route, method, status):
    """Return the headers of every answer that browsers would otherwise make something up for."""
    toml_shown = route.path == TOML and method != "OPTIONS" and status == 200
    return {
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "max-age=60" if toml_shown else "no-store",
        "Access-Control-Allow-Origin": "*" if route.path.startswith(("/sep", "/.well-known/")) else None,
        "Access-Control-Allow-Credentials": None,
        "Set-Cookie": None,
        "Retry-After": None,
    }


def test_every_answer_says_what_browsers_would_otherwise_guess(app, client, domain):
    token = bearer(Keypair.random().public_key)
    for route in routes(app):
        for method, headers in itertools.product((route.method, "OPTIONS", "TRACE"), ({}, token)):
            answer = client.open(route.path, method=method, headers=headers)
            expected = _expected(route, method, answer.status_code)
            assert {name: answer.headers.get(name) for name in expected} == expected, (method, route.path)


def test_a_body_that_is_too_large_is_not_read(app, client, domain):
    app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = client.post("/sep10/auth", json={"transaction": "A" * 1000})
    assert (answer.status_code, list(answer.json)) == (413, ["error"])
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_method_that_is_not_served_says_which_are(client, domain):
    assert set(client.put("/sep10/auth").headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("path", [TOML, "/sep10/auth", "/sep99/nowhere"])
def test_a_preflight_is_answered_with_what_it_asked_for(client, domain, path):
    asked = {"Origin": "https://wallet.example", "Access-Control-Request-Headers": "authorization, sentry-trace"}
    answer = client.options(path, headers=asked)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization, sentry-trace"
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_other_paths_are_closed_to_other_origins(client, domain):
    assert "Access-Control-Allow-Origin" not in client.get("/nowhere").headers


def test_a_face_knows_which_home_domain_was_asked(visitor, domain):
    assert visitor.get("/sep0/home", headers={"Host": "whatever.example"}).json["host"] == "localhost"


def test_with_several_home_domains_the_host_decides(visitor, session):
    south = service.add_organization(session, "South")
    there = service.add_home_domain(session, south, "south.example", Keypair.random(), ["sep1"])
    there.faces, organization_id = ["sep0"], south.id
    session.commit()
    found = visitor.get("/sep0/home", headers={"Host": "South.example"}).json
    assert (found["host"], found["organization_id"]) == ("south.example", organization_id)
    assert visitor.get("/sep0/home", headers={"Host": "localhost"}).json["host"] == "localhost"
    assert visitor.get("/sep0/home", headers={"Host": "east.example"}).status_code == 404
    assert visitor.get(TOML, headers={"Host": "south.example"}).status_code == 404


def _codes(client, times, **request):
    return [client.get("/sep10/auth", **request).status_code for _ in range(times)]


@pytest.fixture
def limited(settings, domain):
    """A client of an application with a low limit for SEP-10, and what else is asked for."""

    made = []

    def limited(**more):
        made.append(create_app({**settings, "LIMIT_AUTH": "3/minute", **more}))
        return made[-1].test_client()

    yield limited
    for app in made:
        with app.app_context():
            db.engine.dispose()


def test_whoever_asks_too_often_is_told_to_wait(limited):
    client = limited()
    assert _codes(client, 3) == [400] * 3
    answer = client.get("/sep10/auth")
    assert (answer.status_code, list(answer.json)) == (429, ["error"])
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_other_faces_and_other_callers_have_limits_of_their_own(limited):
    client = limited()
    assert _codes(client, 4)[-1] == 429
    assert client.get(TOML).status_code == 200
    assert _codes(client, 1, environ_base={"REMOTE_ADDR": "192.0.2.7"}) == [400]


def test_a_caller_is_an_ipv4_address_or_an_ipv6_network(limited):
    client = limited()
    for last in "123":
        _codes(client, 1, environ_base={"REMOTE_ADDR": f"2001:db8::{last}"})
    assert _codes(client, 1, environ_base={"REMOTE_ADDR": "2001:db8::4"}) == [429]
    assert _codes(client, 1, environ_base={"REMOTE_ADDR": "2001:db8:0:1::4"}) == [400]


def test_nobody_can_speak_for_others_without_a_proxy_we_trust(limited):
    client = limited()
    codes = [_codes(client, 1, headers={"X-Forwarded-For": f"192.0.2.{last}"})[0] for last in range(4)]
    assert codes == [400, 400, 400, 429]


def test_a_proxy_we_trust_says_whom_it_speaks_for(limited):
    client = limited(TRUSTED_PROXIES=1)
    assert _codes(client, 4, headers={"X-Forwarded-For": "192.0.2.1"})[-1] == 429
    assert _codes(client, 1, headers={"X-Forwarded-For": "192.0.2.2"}) == [400]
    assert _codes(client, 1, headers={"X-Forwarded-For": "192.0.2.9, 192.0.2.1"}) == [429]  # what a caller made up


def test_processes_count_together_in_redis(limited, redis_url):
    one, another = limited(CELERY_BROKER_URL=redis_url), limited(CELERY_BROKER_URL=redis_url)
    assert _codes(one, 2) + _codes(another, 1) == [400] * 3
    assert _codes(one, 1) + _codes(another, 1) == [429] * 2
    with redis.Redis.from_url(redis_url) as connection:
        assert [key for key in connection.scan_iter() if b"railhead" not in key] == []


def test_without_redis_each_process_counts_for_itself(limited):
    client = limited(CELERY_BROKER_URL="redis://127.0.0.1:1/0")
    assert _codes(client, 4) == [400, 400, 400, 429]
