"""A program as a row of a table, and the four things to do with one: launch, await, end, read the end of its log."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from app.sandbox.leash import leashed

TAIL_BYTES = 4_000
LOOK_SECONDS = 0.02


class Died(Exception):
    """A program ended, or did not come up, when it should be running. The message shows the end of its log."""

    def __init__(self, name: str, what: str, log: Path):
        super().__init__(f"{name} {what}; the end of {log}:\n{tail(log)}")
        self.name = name


@dataclass(frozen=True)
class Account:
    """Whom to run as, where that is not ourselves."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    """What to run, how to know it is up, how to stop it, and whether it is started again when it dies."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)  # on top of ours
    directory: Path | None = None
    account: Account | None = None
    prepare: Callable[[], None] = lambda: None  # before every start
    ready: Callable[[], bool] = lambda: True
    ready_seconds: float = 60
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 30
    restarts: bool = False


def python(*module_and_arguments: str) -> tuple[str, ...]:
    """The command that runs a Python module on a leash: neither it nor what it forks outlives its parent."""
    return (sys.executable, "-m", "app.sandbox.leash", *module_and_arguments)


def launch(program: Program, log: Path) -> subprocess.Popen[bytes]:
    """Start the program in a process group of its own, its output appended to ``log``. It dies when we die."""
    program.prepare()
    with open(log, "ab", opener=_private) as output:
        return _spawn(program, output)


def await_ready(program: Program, running: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the program says it is ready. Raises Died if it ends before that, or takes too long."""
    deadline = time.monotonic() + program.ready_seconds
    while not program.ready():
        if running.poll() is not None:
            raise Died(program.name, f"ended with {running.returncode} while starting", log)
        if time.monotonic() > deadline:
            raise Died(program.name, f"was not ready within {program.ready_seconds} s", log)
        time.sleep(LOOK_SECONDS)


def end(program: Program, running: subprocess.Popen[bytes]) -> int:
    """Ask the program to stop; when its time is up, end it and all its children. Returns its exit code."""
    ask(program, running)
    with suppress(subprocess.TimeoutExpired):
        running.wait(program.stop_seconds)
    return end_at_once(running)


def ask(program: Program, running: subprocess.Popen[bytes]) -> None:
    """Send the program its stop signal, without waiting."""
    running.send_signal(program.stop_signal)


def end_at_once(running: subprocess.Popen[bytes]) -> int:
    """End the program and whatever is left of its process group, as ``kill -9`` would. Returns its exit code."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(running.pid, signal.SIGKILL)
    return running.wait()


def tail(log: Path, size: int = TAIL_BYTES) -> str:
    """The last ``size`` bytes of a log, as text."""
    if not log.exists():
        return ""
    return log.read_bytes()[-size:].decode(errors="replace")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _spawn(program: Program, output: BinaryIO) -> subprocess.Popen[bytes]:
    account = program.account
    return subprocess.Popen(
        [os.fspath(part) for part in program.command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=program.directory,
        env=os.environ | dict(program.environment),
        process_group=0,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=leashed(program.stop_signal),
    )
