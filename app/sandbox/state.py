"""Where the sandbox keeps what it must remember: one place per checkout and user, which ``make clean`` removes.

``python -m app.sandbox.state`` removes it, and needs nothing but the standard library.
"""

import fcntl
import hashlib
import os
import shutil
import socket
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
MEMORY = Path("/dev/shm")
ROOM_BYTES = 1 << 30
MARK = "railhead"  # what is not marked as ours is never removed


def state_directory() -> Path:
    """Return the directory, made if absent: ``RAILHEAD_STATE``, or a fixed name below /var/tmp.

    A home is no place for it: root's is closed to the account PostgreSQL must run as.
    Raises PermissionError if somebody else made it, could write to it, or keeps other things there.
    """
    place = own_directory(_state_path())
    if not (place / MARK).exists():
        if any(place.iterdir()):
            raise PermissionError(f"{place} already holds other things: set RAILHEAD_STATE to a new directory")
        (place / MARK).touch()
    return place


def scratch_directory() -> Path:
    """Return a directory for what need not outlive this process; those of processes long gone are swept away.

    It is in memory where there is room, which makes a fresh database five times faster.
    """
    home = _scratch_home()
    for left in home.iterdir():
        if not _alive(int(left.name)):
            shutil.rmtree(left, ignore_errors=True)
    return own_directory(home / str(os.getpid()))


def forget() -> None:
    """Remove all of it. Raises BlockingIOError while a server still runs there."""
    for place in {state_directory(), *_memory_paths()}:
        for lock in (*place.glob("*/lock"), *place.glob("*/*/lock"), *place.glob("scratch/*/*/lock")):
            os.close(hold(lock))
        shutil.rmtree(place)


def hold(lock: Path) -> int:
    """Lock the file as long as the returned descriptor is open. Raises BlockingIOError if another process does."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as busy:
        os.close(descriptor)
        raise BlockingIOError(f"{lock.parent} is in use by a process that still runs") from busy
    return descriptor


def own_directory(path: Path) -> Path:
    """Make ``path`` if absent, open to pass through for root's sake only, and refuse it if it is not ours alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        _refuse_if_foreign(path)
    else:
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


def remembered(path: Path, make: Callable[[], str]) -> str:
    """What the file says; if it is absent, it says from now on what ``make`` returns. Only we may read it."""
    if not path.exists():
        write_private(path, make())
    return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Write in one piece what only we may read."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.rename(path)


def free_port(memory: Path) -> int:
    """The port of the last time if it is still free, else any free one."""
    last = int(remembered(memory, lambda: "0"))
    port = next(port for port in (_bindable(last), _bindable(0)) if port)
    write_private(memory, str(port))
    return port


def _state_path() -> Path:
    return Path(os.environ.get("RAILHEAD_STATE") or f"/var/tmp/{_name()}").absolute()


def _name() -> str:
    return f"railhead-{os.geteuid()}-{hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:10]}"


def _memory_paths() -> list[Path]:
    """Where our scratch may lie in memory: nowhere, if we were told to keep to one directory."""
    told = os.environ.get("RAILHEAD_STATE")
    return [own_directory(MEMORY / _name())] if MEMORY.is_dir() and not told else []


def _scratch_home() -> Path:
    roomy = [path for path in _memory_paths() if shutil.disk_usage(path).free > ROOM_BYTES]
    return roomy[0] if roomy else own_directory(state_directory() / "scratch")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # nobody, or somebody else under a number used again
        return False
    return True


def _refuse_if_foreign(path: Path) -> None:
    found = path.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
    if not ours:
        raise PermissionError(f"{path} is not a directory that only we can write to: remove it, or set RAILHEAD_STATE")


def _bindable(port: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    return None


if __name__ == "__main__":
    try:
        forget()
    except (BlockingIOError, PermissionError) as refusal:
        sys.exit(str(refusal))
