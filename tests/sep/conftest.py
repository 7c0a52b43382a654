"""An anchor at http://localhost, a wallet's toml beside it, and a sandbox network to look accounts up on."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from flask import Flask
from stellar_sdk import Keypair, TransactionEnvelope

from app import clock
from app.assets import service as assets
from app.db import transaction
from app.organizations import service
from app.sandbox.network.local import network as sandbox_network
from app.sep import tokens
from app.sep.tokens import AUTHENTICATED, Kind

UNIT = 10**7
PASSPHRASE = "Railhead Sandbox Network ; for tests"
FACES = ["sep1", "sep10", "sep12", "sep31"]


@pytest.fixture(scope="session")
def network():
    with sandbox_network(passphrase=PASSPHRASE, close_seconds=0.05) as running:
        yield running


@pytest.fixture
def settings(settings, network):
    return {**settings, "HORIZON_URL": network.url}


@pytest.fixture
def signing():
    return Keypair.random()


@pytest.fixture
def domain(session, signing):
    owner = service.add_organization(session, "North")
    domain = service.add_home_domain(session, owner, "localhost", signing, FACES)
    session.commit()
    return domain


@pytest.fixture
def alice():
    return Keypair.random()


@pytest.fixture
def asset(session, domain):
    """USDC, which goes out by one method whose people must be known."""
    name = f"stellar:USDC:{Keypair.random().public_key}"
    new = assets.NewAsset(domain.organization_id, name, Keypair.random().public_key)
    limits = {"minimum": UNIT // 2, "maximum": 1000 * UNIT, "fee_fixed": UNIT // 10}
    people = {"sender_type": "sep31-sender", "receiver_type": "sep31-receiver"}
    way = {"kind": "send", "rail": "bank", "pays": "iso4217:USD"}
    assets.add_method(session, assets.add_asset(session, new).id, "bank_account", **way, **limits, **people)
    session.commit()
    return name


def bearer(subject: str, host: str = "localhost", kind: Kind = AUTHENTICATED, age_seconds: int = 0) -> dict[str, str]:
    """Return the header of who signed in as ``subject`` at the home domain ``host``, without a challenge."""
    with transaction() as session:
        issued = int(clock.read(session).timestamp()) - age_seconds
        claims = {"sub": subject, "home_domain_id": service.home_domain_named(session, host).id}
    return {"Authorization": f"Bearer {tokens.issue(kind, issued, claims)}"}


@dataclass(frozen=True)
class Route:
    """One method of one route; the blanks in its path are filled with the names of nobody."""

    method: str
    path: str
    endpoint: str
    may_call: str

    @property
    def guarded(self) -> bool:
        return self.may_call != "anybody"


def routes(app: Flask) -> Iterator[Route]:
    """Yield every route there is, whoever made it, with each of its methods."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"OPTIONS"}):
            path = re.sub("<[^>]*>", "nobody", rule.rule)
            yield Route(method, path, rule.endpoint, app.view_functions[rule.endpoint].may_call)


@dataclass
class Wallet:
    """Speaks SEP-10 to the anchor as wallets do: over HTTP, with stellar-sdk, and with the toml's word for the rest."""

    client: object
    passphrase: str = PASSPHRASE
    headers: dict = field(default_factory=dict)

    def ask(self, account, **query):
        return self.client.get("/sep10/auth", query_string={"account": account, **query}, headers=self.headers)

    def challenge(self, account, **query):
        answer = self.ask(account, **query)
        assert answer.status_code == 200, answer.text
        return TransactionEnvelope.from_xdr(answer.json["transaction"], self.passphrase)

    def send(self, envelope):
        return self.client.post("/sep10/auth", json={"transaction": envelope.to_xdr()}, headers=self.headers)

    def sign_in(self, account, *signers, **query):
        envelope = self.challenge(account, **query)
        for signer in signers:
            envelope.sign(signer)
        return self.send(envelope)

    def token(self, keypair, **query):
        return self.sign_in(keypair.public_key, keypair, **query).json["token"]


@pytest.fixture
def wallet(client, domain):
    return Wallet(client)


@pytest.fixture
def wallet_site():
    """A wallet's site at ``host``; set ``toml`` to what it shows."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.visits.append(self.path)
            status, body = (200, self.server.toml.encode()) if self.server.toml else (404, b"")
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        server.visits, server.toml, server.host = [], "", f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
