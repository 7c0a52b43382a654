"""A receiver with a will of its own, and the round that a drain makes."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from stellar_sdk import Keypair

from app.db import transaction
from app.errors import Refused
from app.messages import acts, service
from app.organizations import service as organizations
from app.organizations.models import HomeDomain


@dataclass
class Receiver:
    """Answers with ``statuses`` one after the other, the last for ever; remembers what it was sent."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    heard: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    hold: threading.Event | None = None

    @property
    def bodies(self) -> list[str]:
        return [body.decode() for _path, _headers, body in self.heard]

    def answer(self, request: BaseHTTPRequestHandler) -> int:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        if self.hold:
            self.hold.wait(30)
        self.heard.append((request.path, dict(request.headers), body))
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@pytest.fixture
def receivers() -> Iterator:
    """Make receivers, each on a port of its own: hosts that know nothing of each other."""
    servers = []

    def start(*statuses: int) -> Receiver:
        receiver = Receiver(statuses=list(statuses) or [200])

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status = receiver.answer(self)
                self.send_response(status)
                if status in (301, 302, 307, 308):
                    self.send_header("Location", receiver.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        receiver.url = f"http://localhost:{server.server_port}"
        servers.append((server, receiver))
        return receiver

    yield start
    for server, receiver in servers:
        if receiver.hold:
            receiver.hold.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver(receivers) -> Receiver:
    return receivers()


@pytest.fixture
def signing() -> Keypair:
    return Keypair.random()


@pytest.fixture
def home(app, signing) -> HomeDomain:
    """A home domain that signs with ``signing``."""
    with transaction() as session:
        owner = organizations.add_organization(session, "Anchor")
        home = organizations.add_home_domain(session, owner, "anchor.example", signing, ["sep31"])
        session.expunge(home)
    return home


@pytest.fixture
def say(home):
    """Say a text to a URL about a subject, committed."""

    def saying(url: str, text: str, subject: str = "transaction:1") -> str:
        letter = service.Letter(home.organization_id, "callback", url, subject, text.encode(), home.id)
        with transaction() as session:
            return service.say(session, letter).id

    return saying


@pytest.fixture
def signer(signing):
    return lambda _session, _home_domain_id: signing


@pytest.fixture
def claim(signer):
    def claiming(limit: int = 10) -> list[acts.Job]:
        with transaction() as session:
            return service.claim(session, limit, signer)

    return claiming


@pytest.fixture
def record(app):
    def recording(job: acts.Job, outcome) -> None:
        with transaction() as session:
            service.record(session, job, outcome)

    return recording


@pytest.fixture
def drain(claim, record):
    """Send whatever is due until nothing is, as the drain does; return how many attempts that took."""

    def draining() -> int:
        attempts = 0
        while jobs := claim():
            with ThreadPoolExecutor(len(jobs)) as pool:
                outcomes = list(pool.map(_attempt, jobs))
            for job, outcome in zip(jobs, outcomes, strict=True):
                record(job, outcome)
            attempts += len(jobs)
        return attempts

    return draining


def _attempt(job: acts.Job):
    try:
        return acts.act(job)
    except Refused as error:
        return error
