"""What every test stands on: a private PostgreSQL and Redis, a fresh database each, and no way out of this machine.

A fresh database is a copy of one migrated template, some 20 ms; so each test may commit as it likes, from as many
connections as it likes. A test that needs other settings overrides ``settings`` and asks for ``app`` as usual.
"""

import errno
import ipaddress
import itertools
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import flask_migrate
import hypothesis
import psycopg
import pytest
import redis
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

import config
from app.db import db
from app.factory import create_app
from app.sandbox.services import Postgres, Redis
from app.sandbox.state import CHECKOUT, scratch_directory

# what a test may lose in a power cut, it need not wait for
IN_A_HURRY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "128MB",
    "autovacuum": "off",
}

_ADDRESS = re.compile(r"([GMS])[A-Z2-7]{55,68}")  # Stellar's G…, M… and S…

hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.register_profile(
    "steady",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_configure() -> None:
    """Close the ways out of this machine before any test module is imported, and forget a demo that may be running."""
    os.environ["RAILHEAD_ENV"] = os.devnull
    socket.socket.connect = _only_here(socket.socket.connect)  # type: ignore[method-assign]
    socket.socket.connect_ex = _only_here(socket.socket.connect_ex)  # type: ignore[method-assign]
    socket.getaddrinfo = _only_our_names(socket.getaddrinfo)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a case without the addresses in it: they are made anew in each process, and names must be the same."""
    return _ADDRESS.sub(r"\1…", val) if isinstance(val, str) and _ADDRESS.search(val) else None


def _only_here(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family != socket.AF_UNIX and not _is_here(address[0]):
            raise OSError(errno.ENETUNREACH, f"tests stay on this machine, and {address} is not here")
        return connect(self, address)

    return guarded


def _only_our_names(getaddrinfo: Any) -> Any:
    def guarded(host: Any, *rest: Any, **options: Any) -> Any:
        if host and not _is_address(host) and host not in ("localhost", b"localhost"):
            raise socket.gaierror(socket.EAI_NONAME, f"tests stay on this machine, and do not ask where {host} is")
        return getaddrinfo(host, *rest, **options)

    return guarded


def _is_address(host: str | bytes) -> bool:
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return True


def _is_here(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """One PostgreSQL for all: DATABASE_URL if set (its account must be allowed to create databases), else our own."""
    given = os.environ.get("DATABASE_URL")
    with ExitStack() as stack:
        yield given or _run(Postgres, stack, IN_A_HURRY)


@pytest.fixture(scope="session")
def broker_url() -> Iterator[str]:
    """One Redis for all: CELERY_BROKER_URL if set, which must be empty, else our own."""
    given = os.environ.get("CELERY_BROKER_URL")
    with ExitStack() as stack:
        yield given or _run(Redis, stack, {"appendonly": "no"})


def _run(kind: Any, stack: ExitStack, settings: dict[str, str]) -> str:
    directory = scratch_directory() / kind.name
    service = kind(directory, settings)
    stack.callback(shutil.rmtree, directory)
    url = service.start()
    stack.callback(service.stop)
    return str(url)


@pytest.fixture(scope="session")
def administrator(server_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection that creates and drops databases."""
    with psycopg.connect(server_url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def template(server_url: str, administrator: psycopg.Connection[Any]) -> Iterator[str]:
    """The name of a database with all migrations and no rows."""
    name = f"test_{os.getpid()}"
    administrator.execute(f"CREATE DATABASE {name}")
    app = create_app({"DATABASE_URL": _named(server_url, name)})
    with app.app_context():
        flask_migrate.upgrade(directory=str(CHECKOUT / "migrations"))
        db.engine.dispose()
    yield name
    administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")


_numbers = itertools.count()


@pytest.fixture
def database_url(server_url: str, administrator: psycopg.Connection[Any], template: str) -> Iterator[str]:
    """A database of this test's own, migrated and empty."""
    name = f"{template}_{next(_numbers)}"
    administrator.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield _named(server_url, name)
    administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _named(server_url: str, database: str) -> str:
    return make_url(server_url).set(database=database).render_as_string(hide_password=False)


@pytest.fixture
def redis_url(broker_url: str) -> Iterator[str]:
    """An empty Redis. One that was not empty is not ours to empty, and is refused."""
    with redis.Redis.from_url(broker_url) as connection:
        if connection.dbsize():
            raise RuntimeError("CELERY_BROKER_URL names a Redis that is not empty: tests need one of their own")
        yield broker_url
        connection.flushdb()


@pytest.fixture
def settings(database_url: str) -> dict[str, Any]:
    """What ``app`` is made with, as config.read would return it."""
    key = Fernet.generate_key().decode()
    return config.read(
        {
            "DATABASE_URL": database_url,
            "NETWORK_PASSPHRASE": "Railhead Sandbox Network ; for tests",
            "PUBLIC_URL": "http://localhost",
            "VAULT_KEYS": key,
            "TREASURY_KEYS": key,
            "TOKEN_SECRET": "only-for-tests-" + key,
            "ALLOW_PRIVATE_ADDRESSES": "yes",
        }
    )


@pytest.fixture
def app(settings: dict[str, Any]) -> Iterator[Flask]:
    """The application on a fresh database, its context pushed."""
    app = create_app(settings)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def session(app: Flask) -> Session:
    """The session of the pushed context; what it commits is gone after the test."""
    return db.session()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that speaks to the application without a socket."""
    return app.test_client()
