"""What an earlier crash of ours may have left running, found by the directory it works in."""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PATIENCE_SECONDS = 10


def end_orphans(files: Path, parting: signal.Signals) -> None:
    """End whatever works in ``files``, by its own stop signal if it listens. Call it only while nobody else may."""
    for word, hearers in ((parting, _leading_in), (signal.SIGKILL, _working_in)):
        deadline = time.monotonic() + PATIENCE_SECONDS
        for pid in hearers(files):
            with suppress(ProcessLookupError):
                os.kill(pid, word)
        while any(_working_in(files)) and time.monotonic() < deadline:
            time.sleep(0.02)


def _leading_in(directory: Path) -> Iterator[int]:
    """Those who work in ``directory`` and were not started by another who does: to them alone a stop is addressed."""
    working = set(_working_in(directory))
    for pid in working:
        with suppress(OSError):
            if not working & set(map(int, re.findall(r"PPid:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()))):
                yield pid


def _working_in(directory: Path) -> Iterator[int]:
    where = str(directory.resolve())
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.readlink(process / "cwd") == where:
                yield int(process.name)
