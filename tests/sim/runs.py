"""Many seeds, on all cores: in memory, or each in a PostgreSQL database of its own."""

import itertools
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TypeVar

import flask_migrate
import psycopg
from sqlalchemy.engine import make_url

import config
from app.db import db
from app.factory import create_app
from app.sandbox.services import Postgres
from app.sandbox.state import CHECKOUT, scratch_directory
from tests.sim.mutants import MUTANTS
from tests.sim.postgres import InPostgres
from tests.sim.world import World

Given = TypeVar("Given")
Found = TypeVar("Found")

TEMPLATE = "simulated"
HURRIED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


@dataclass(frozen=True)
class Outcome:
    """What came of a seed. ``wrong``: promises broken, as kind and words."""

    seed: int
    payments: int
    wrong: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Hunt:
    """``seed``: the first that shows a mutant, of ``tried``; None if none does."""

    name: str
    words: str
    seed: int | None
    tried: int
    kinds: tuple[str, ...] = ()


def play(seed: int, tell: Callable[[str], None] | None = None) -> Outcome:
    """Play a seed in memory."""
    return _outcome(World(seed, tell=tell))


def play_in_postgres(seed: int, server_url: str, tell: Callable[[str], None] | None = None) -> Outcome:
    """Play a seed in a database of its own, a copy of the template on ``server_url``."""
    with _database(server_url) as url:
        app = create_app(config.read({"DATABASE_URL": url}))
        with app.app_context():
            try:
                return _outcome(World(seed, in_postgres, tell))
            finally:
                db.session.remove()
                db.engine.dispose()


def in_postgres(world: World) -> InPostgres:
    return InPostgres(lambda: world.now, world.scenario.interval_seconds, world.scenario.fees_daily_max)


def hunt(number: int, seeds: int) -> Hunt:
    """Look for the first seed that shows a mutant."""
    mutant = MUTANTS[number]
    with mutant.alive():
        for seed in range(seeds):
            wrong = play(seed).wrong
            if wrong:
                return Hunt(mutant.name, mutant.words, seed, seed + 1, tuple(sorted({kind for kind, _ in wrong})))
    return Hunt(mutant.name, mutant.words, None, seeds)


def each(function: Callable[[Given], Found], given: Iterable[Given], chunk: int) -> Iterator[Found]:
    """Call ``function`` with each of ``given`` on all cores; what comes first comes first."""
    with get_context("spawn").Pool(os.cpu_count()) as pool:
        yield from pool.imap_unordered(function, given, chunk)


@contextmanager
def server() -> Iterator[str]:
    """Run a PostgreSQL with a migrated template; yield its URL."""
    directory = scratch_directory() / "sim"
    service = Postgres(directory, HURRIED)
    url = service.start()
    try:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        app = create_app(config.read({"DATABASE_URL": _named(url, TEMPLATE)}))
        with app.app_context():
            flask_migrate.upgrade(directory=str(CHECKOUT / "migrations"))
            db.engine.dispose()
        yield url
    finally:
        service.stop()
        shutil.rmtree(directory)


_numbers = itertools.count()


@contextmanager
def _database(server_url: str) -> Iterator[str]:
    name = f"seed_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        yield _named(server_url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _named(server_url: str, database: str) -> str:
    return make_url(server_url).set(database=database).render_as_string(hide_password=False)


def _outcome(world: World) -> Outcome:
    witness = world.run()
    return Outcome(world.seed, len(world.scenario.wishes), tuple(witness.wrong))
