"""A program as a row of a table, and what can be done with one: launch it, await it, end it, read what it said."""

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

import requests

from app.sandbox.leash import leashed
from app.sandbox.state import CHECKOUT

LOOK_SECONDS = 0.02
TAIL_CHARACTERS = 4_000


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
    directory: Path = CHECKOUT
    account: Account | None = None
    prepare: Callable[[], None] = lambda: None  # before every start
    ready: Callable[["Running"], bool] = lambda running: True
    ready_seconds: float = 60
    stop_signal: signal.Signals = signal.SIGTERM
    parting_signal: signal.Signals = signal.SIGKILL  # when we die
    stop_seconds: float = 30
    restarts: bool = False


@dataclass(frozen=True)
class Running:
    """A program that was started: its process, its log, and where in the log this life of it begins."""

    program: Program
    process: subprocess.Popen[bytes]
    log: Path
    since_byte: int


class Died(Exception):
    """A program ended, or did not come up, when it should be running. The message shows the end of its log."""

    def __init__(self, running: Running, what: str):
        name = running.program.name
        super().__init__(f"{name} {what}; the end of {running.log}:\n{said(running)[-TAIL_CHARACTERS:]}")
        self.name = name


def python(*module_and_arguments: str) -> tuple[str, ...]:
    """The command that runs a Python module on a leash: neither it nor what it forks outlives its parent."""
    return (sys.executable, "-m", "app.sandbox.leash", *module_and_arguments)


def launch(program: Program, log: Path) -> Running:
    """Start the program in a process group of its own, its output appended to ``log``. It dies when we die."""
    program.prepare()
    with open(log, "ab", opener=_private) as output:
        since_byte = output.tell()
        return Running(program, _spawn(program, output), log, since_byte)


def await_ready(running: Running) -> None:
    """Return once the program is ready. Raises Died if it ends before that or takes too long, and ends it then."""
    try:
        _watch(running)
    except BaseException:
        end_at_once(running)
        raise


def ask(running: Running) -> None:
    """Ask the program to stop, without waiting."""
    running.process.send_signal(running.program.stop_signal)


def see_off(running: Running) -> int:
    """Wait for a program that was asked to stop; when its time is up, end it. Returns its exit code."""
    with suppress(subprocess.TimeoutExpired):
        running.process.wait(running.program.stop_seconds)
    return end_at_once(running)


def end_at_once(running: Running) -> int:
    """End the program and whatever is left of its process group, as ``kill -9`` would. Returns its exit code."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(running.process.pid, signal.SIGKILL)
    return running.process.wait()


def said(running: Running) -> str:
    """What the program has written since it was started."""
    return running.log.read_bytes()[running.since_byte :].decode(errors="replace")


def says(text: str) -> Callable[[Running], bool]:
    """A program is ready when ``text`` stands in its log."""
    return lambda running: text in said(running)


def answers(url: str) -> Callable[[Running], bool]:
    """A program is ready when a GET of ``url`` succeeds."""

    def ready(_running: Running) -> bool:
        with suppress(requests.RequestException), requests.Session() as session:
            session.trust_env = False  # a proxy knows no way to this machine
            return session.get(url, timeout=5).ok
        return False

    return ready


def _watch(running: Running) -> None:
    program = running.program
    deadline = time.monotonic() + program.ready_seconds
    while not program.ready(running):
        code = running.process.poll()
        if code is not None:
            raise Died(running, f"ended with {code} while starting")
        if time.monotonic() > deadline:
            raise Died(running, f"was not ready within {program.ready_seconds} s")
        time.sleep(LOOK_SECONDS)


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
        process_group=0,  # a Ctrl-C at the terminal is for us to pass on, in order
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=leashed(program.parting_signal),
    )
