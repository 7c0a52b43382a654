"""Places where a test may make us fail.

``failpoint("after_persist")`` does nothing unless it was armed: by a test in the same process (``armed``), or for
a process of its own by the environment, ``FAILPOINTS="after_persist=kill,after_post=sleep:2"``. What can be
ordered: ``raise``, ``kill`` (as ``kill -9`` would), ``sleep:SECONDS``. The directory ``FAILPOINTS_ONCE`` remembers what
has struck, so that a process started again gets past it.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path


class Failed(Exception):
    """Raised by a failpoint armed with ``raise``."""


def _ordered(text: str) -> dict[str, str]:
    return dict(order.split("=", 1) for order in text.split(",") if order)


_armed = _ordered(os.environ.get("FAILPOINTS", ""))
_once = os.environ.get("FAILPOINTS_ONCE", "")


def failpoint(name: str) -> None:
    """Fail here, if a test asked for it."""
    if _armed and name in _armed and not _struck(name):
        _strike(name, _armed[name])


@contextmanager
def armed(name: str, order: str = "raise") -> Iterator[None]:
    """Within the block, ``name`` fails as ordered."""
    _armed[name] = order
    try:
        yield
    finally:
        _armed.pop(name, None)


def _struck(name: str) -> bool:
    """Say whether ``name`` has struck before, and write down that it has now: one process wins, whoever is first."""
    if not _once:
        return False
    try:
        os.close(os.open(Path(_once) / name, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return True
    return False


def _strike(name: str, order: str) -> None:
    what, _, how_long = order.partition(":")
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "sleep":
        time.sleep(_seconds(how_long))
        return
    raise Failed(name)


def _seconds(text: str) -> float:
    return float(Decimal(text or "1"))  # time, not money
