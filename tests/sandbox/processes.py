"""Looking at processes from outside, as an operator would."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for ``condition()``; a generous limit, because it only says that something is wrong."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether the process lives; one that waits to be reaped does not."""
    with suppress(OSError):
        return _stat(pid)[0] != "Z"
    return False


def descendants(pid: int) -> list[int]:
    """All processes that ``pid`` has started, and those they have started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found = list(children.get(pid, []))
    for child in found:
        found += children.get(child, [])
    return found


def owner(pid: int) -> int:
    """The user a process runs as."""
    return os.stat(f"/proc/{pid}").st_uid


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
