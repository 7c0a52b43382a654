"""A whole installation for benches and for stress: services, a network, workers as real processes; orders to pay.

PostgreSQL keeps its files on the disk and gives all its guarantees: what is measured is durable.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import flask_migrate
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db import db, transaction
from app.ledger import service as ledger
from app.money import NATIVE
from app.organizations import service as organizations
from app.organizations.models import Organization
from app.sandbox.furnishing import application
from app.sandbox.network.core import Settings
from app.sandbox.network.handle import Handle
from app.sandbox.programs import Program, answers, python, says
from app.sandbox.services import Postgres, Redis
from app.sandbox.state import CHECKOUT, free_port, own_directory, state_directory
from app.sandbox.supervisor import Stage, Supervisor
from app.states import begin
from app.stellar.facts import AccountFacts
from app.stellar.network import Network
from app.submission import fittings, keys, service, treasuries
from app.submission.models import Channel, Order
from app.submission.service import NewOrder
from app.watcher import service as watcher
from tests.bench.population import ASSET, TREASURY, Population

QUIET = ("--without-mingle", "--without-gossip", "--without-heartbeat")
AT_ONCE = 1000  # orders in one commit


@dataclass(frozen=True)
class Plan:
    """What an installation is to be like. ``workers`` 0: whoever measures drains in its own process; ``looping``: the
    broker is down, and an operator runs the drains."""

    name: str
    population: Population = field(default_factory=Population)
    ledger_seconds: float = 5
    operations_max: int = 1000
    workers: int = 0
    looping: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    postgres: Mapping[str, str] = field(default_factory=dict)


class Installation:
    """An installation as planned, in a directory of its own that is gone afterwards."""

    def __init__(self, plan: Plan):
        self.plan = plan
        self.home = own_directory(own_directory(state_directory() / "bench") / f"{plan.name}.{os.getpid()}")
        self.services = [Redis(self.home / "redis"), Postgres(self.home / "postgres", plan.postgres)]
        self.grounds = [service.program() for service in self.services]
        self.horizon_url = f"http://127.0.0.1:{free_port(self.home / 'network.port')}"
        self.network = Handle([self.horizon_url])
        key = Fernet.generate_key().decode()
        self.settings = {
            **{service.variable: service.url for service in self.services},
            "HORIZON_URL": self.horizon_url,
            "RPC_URL": self.horizon_url,
            "NETWORK_PASSPHRASE": Settings.passphrase,
            "PUBLIC_URL": "http://localhost",
            "VAULT_KEYS": key,
            "TREASURY_KEYS": key,
            "TOKEN_SECRET": key,
            **plan.settings,
        }

    @cached_property
    def app(self) -> Flask:
        """The application, for whoever works beside the processes."""
        return application(self.settings)

    def stages(self) -> list[Stage]:
        """The programs in the order of their start, and the furnishing in between."""
        self.plan.population.settle(self._network_file)
        ours = [self._worker(f"worker-{number}") for number in range(1, self.plan.workers + 1)]
        beside = [self._stream(), self._beat()] if ours else [self._drain()] if self.plan.looping else []
        grounds = [program for program in self.grounds if ours or program.name != Redis.name]
        return [[*grounds, self._network()], [self._furnish], [*ours, *beside]]

    def _worker(self, name: str) -> Program:
        return self._celery(name, "-Q", "stellar,rails,messages", "-c", "2")

    def _stream(self) -> Program:
        return self._celery("stream", "-Q", "stream", "-P", "solo")

    def _beat(self) -> Program:
        command = python("celery", "-A", "tasks", "beat", "-s", str(self.home / "schedule"), "--pidfile=")
        return Program("beat", command, self.settings, ready=says("beat: Starting"), restarts=True)

    def _drain(self) -> Program:
        """What an operator runs when the broker is down."""
        command = python("flask", "--app", "wsgi", "drain", "--all", "--loop")
        return Program("drain", command, self.settings, restarts=True)

    def _celery(self, name: str, *words: str) -> Program:
        command = python("celery", "-A", "tasks", "worker", "-n", f"{name}@%h", *QUIET, *words)
        return Program(name, command, self.settings, ready=says("ready."), restarts=True)

    @property
    def _network_file(self) -> Path:
        return self.home / "network.jsonl"

    def _network(self) -> Program:
        words = {
            "--port": self.horizon_url.rpartition(":")[2],
            "--close-seconds": self.plan.ledger_seconds,
            "--max-operations": self.plan.operations_max,
            "--state": self._network_file,
        }
        command = python("app.sandbox.network", *(str(word) for pair in words.items() for word in pair))
        return Program("network", command, ready=answers(f"{self.horizon_url}/"))

    def _furnish(self) -> None:
        with self.app.app_context():
            flask_migrate.upgrade(directory=str(CHECKOUT / "migrations"))
            furnish(fittings.network(), self.plan.population)
            db.engine.dispose()


def furnish(network: Network, population: Population) -> None:
    """Make the rows: an organization, its treasury, its channels, and the books as the network has them."""
    treasury, seen = treasuries.read(network, TREASURY.public_key)
    lending = [account for key in population.channel_keys() if (account := network.account(key.public_key))]
    with transaction() as session:
        owner = organizations.add_organization(session, "Ours").id
        treasuries.add(session, owner, treasury.address, [TREASURY])
        treasuries.open_books(session, owner, treasury)
        watcher.follow(session, owner, treasury.address, watcher.before_ledger(seen + 1))
        for key in population.channel_keys():
            keys.add(session, key.public_key, key)
        for account in lending:
            _open_channel(session, owner, account)


def _open_channel(session: Session, organization_id: str, account: AccountFacts) -> None:
    row = Channel(address=account.address, organization_id=organization_id, next_sequence=account.sequence + 1)
    begin(session, row, state="open")
    purse = ledger.open_account(session, organization_id, f"channel:{account.address}", NATIVE, "free")
    opening = ledger.open_account(session, organization_id, "opening", NATIVE, "free")
    held = account.balance(NATIVE)
    ledger.transfer(session, f"opening:{account.address}", purse, opening, held.amount if held else 0)


@contextmanager
def installed(plan: Plan) -> Iterator[tuple[Installation, Supervisor]]:
    """Run an installation, its application's context pushed; afterwards nothing of it is left."""
    installation = Installation(plan)
    try:
        supervisor = Supervisor(installation.stages(), installation.home / "logs")
        with supervisor, installation.app.app_context():
            yield installation, supervisor
            db.session.remove()
            db.engine.dispose()
    finally:
        shutil.rmtree(installation.home)


Payee = Callable[[int], str]


def amount_of(number: int) -> int:
    """Return the stroops of an order: no two are of the same amount."""
    return 10**7 + number


def order(count: int, payee: Payee, prefix: str = "pay", memos: int = 1) -> None:
    """Order ``count`` payments, the money for each reserved, so that each goes through the books.

    Those of different memos, of which there are ``memos``, cannot travel together.
    """
    with transaction() as session:
        owner = session.scalars(select(Organization.id)).one()
    for start in range(0, count, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, count))
        orders = [_new(owner, number, payee(number), f"{prefix} {number}", number % memos) for number in numbers]
        with transaction() as session:
            purse = ledger.open_account(session, owner, f"treasury:{TREASURY.public_key}", ASSET, "debit")
            paid = ledger.open_account(session, owner, "paid", ASSET, "free")
            holds = [ledger.Posting(row.reservation, paid, purse, row.amount, reserve=True) for row in orders]
            ledger.transfers(session, holds)
            service.request_all(session, orders)


def _new(owner: str, number: int, payee: str, name: str, memo: int) -> NewOrder:
    return NewOrder(
        organization_id=owner,
        owner="anchor",
        owner_key=name,
        source=TREASURY.public_key,
        destination=payee,
        asset=ASSET,
        amount=amount_of(number),
        memo_type="id" if memo else "none",
        memo=str(memo) if memo else "",
        reservation=name,
    )


def standing() -> dict[str, int]:
    """Return how many orders stand where."""
    with transaction() as session:
        return dict(session.execute(select(Order.state, func.count()).group_by(Order.state)).all())


def over(count: int) -> bool:
    """Say whether so many orders have come to their end."""
    stand = standing()
    return stand.get("settled", 0) + stand.get("failed", 0) >= count
