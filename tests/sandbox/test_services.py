"""The private PostgreSQL and Redis: closed to others, and back on their feet after any crash."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import closing

import psycopg
import pytest
import redis

from app.sandbox.programs import await_ready, launch
from app.sandbox.services import Postgres, Redis, absent
from app.sandbox.state import CHECKOUT, own_directory, scratch_directory, state_directory
from tests.sandbox.processes import alive, descendants, owner

NOBODY = 65534


@pytest.fixture
def home(request, tmp_path):
    """A directory PostgreSQL may use even when the tests run as root, which cannot be said of ``tmp_path``."""
    return own_directory(scratch_directory() / request.node.name.replace("[", "-").strip("]"))


@pytest.fixture(params=[Postgres, Redis])
def service(request, home):
    service = request.param(home / "server")
    yield service
    service.stop()


def _remember(url, value):
    if url.startswith("redis"):
        with redis.Redis.from_url(url) as connection:
            connection.set("remembered", value)
    else:
        with _connect(url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS remembered (value text)")
            connection.execute("INSERT INTO remembered VALUES (%s)", [value])


def _recall(url):
    if url.startswith("redis"):
        with redis.Redis.from_url(url) as connection:
            return connection.get("remembered").decode()
    with _connect(url) as connection:
        return connection.execute("SELECT value FROM remembered").fetchone()[0]


def _connect(url, **changes):
    return psycopg.connect(url.replace("+psycopg", ""), **changes)


def test_what_was_stored_is_there_after_a_restart_at_the_same_address(service):
    url = service.start()
    _remember(url, "a payment")
    service.stop()
    assert service.start() == url
    assert _recall(url) == "a payment"


def test_what_was_stored_is_there_after_a_kill(service):
    url = service.start()
    _remember(url, "a payment")
    service.running.process.kill()
    service.running.process.wait()
    service.release()
    assert _recall(service.start()) == "a payment"


def test_a_wrong_password_is_refused(service):
    url = service.start().replace(service.password, "guess")
    with pytest.raises((psycopg.OperationalError, redis.AuthenticationError)):
        _recall(url)


def test_no_password_is_refused(service):
    url = service.start().replace(service.password, "")
    with pytest.raises((psycopg.OperationalError, redis.AuthenticationError)):
        _recall(url)


def test_it_listens_on_loopback_only(service):
    service.start()
    listening = subprocess.run(["cat", "/proc/net/tcp", "/proc/net/tcp6"], capture_output=True, text=True, check=True)
    port = f":{service.port:04X}"
    found = [line.split()[1] for line in listening.stdout.splitlines() if line.split()[1].endswith(port)]
    assert found
    assert all(address.startswith("0100007F") for address in found)


def test_secrets_are_for_our_eyes_only(service):
    service.start()
    holding = [path for path in service.directory.iterdir() if path.is_file() and _holds(path, service.password)]
    assert holding
    assert all(path.stat().st_mode & 0o077 == 0 and path.stat().st_uid == os.geteuid() for path in holding)
    assert all(service.password not in _command_line(pid) for pid in descendants(os.getpid()))


def _holds(path, secret):
    return secret in path.read_text(errors="replace")


def _command_line(pid):
    with open(f"/proc/{pid}/cmdline", errors="replace") as command_line:
        return command_line.read()


def test_postgres_never_runs_as_root(home):
    service = Postgres(home / "server")
    service.start()
    assert owner(service.running.process.pid) == (NOBODY if os.geteuid() == 0 else os.geteuid())
    service.stop()


def test_a_port_taken_meanwhile_is_not_waited_for(service):
    first = service.start()
    service.stop()
    with socket.create_server(("127.0.0.1", service.port)):
        second = service.start()
        assert second != first
        _remember(second, "elsewhere")


def test_two_cannot_run_in_one_directory(service):
    service.start()
    with pytest.raises(BlockingIOError, match="in use"):
        type(service)(service.directory).start()
    _remember(service.url, "undisturbed")


def test_an_orphan_of_an_earlier_crash_is_ended_before_the_next_start(service, home):
    program = service.program()
    orphan = launch(program, home / "log")
    await_ready(orphan)
    reaper = threading.Thread(target=orphan.process.wait)
    reaper.start()
    service.release()
    _remember(service.start(), "after the orphan")
    reaper.join()
    assert orphan.process.returncode == 0
    assert service.running.process.pid != orphan.process.pid


def test_a_stale_pid_file_that_names_a_living_process_does_not_stop_postgres(home):
    service = Postgres(home / "server")
    service.start()
    service.stop()
    service.files.joinpath("postmaster.pid").write_text(f"{os.getppid()}\n{service.files}\n")
    _remember(service.start(), "started")
    service.stop()


def test_an_initdb_cut_short_is_done_again(home):
    service = Postgres(home / "server")
    unfinished = own_directory(service.directory) / "files.unfinished"
    own_directory(unfinished).joinpath("PG_VERSION").write_text("18\n")
    _remember(service.start(), "whole")
    service.stop()


PARENT = """
import sys, time
from pathlib import Path
from app.sandbox import services
service = getattr(services, sys.argv[1])(Path(sys.argv[2]))
service.start()
print(service.running.process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("kind", [Postgres, Redis])
def test_nothing_survives_the_kill_of_its_parent_and_the_next_start_succeeds(kind, home):
    command = [sys.executable, "-c", PARENT, kind.__name__, str(home / "server")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=CHECKOUT) as parent:
        pid = int(parent.stdout.readline())
        family = [pid, *descendants(pid)]
        parent.kill()
    service = kind(home / "server")
    _remember(service.start(), "next")
    assert not any(alive(pid) for pid in family)
    service.stop()


def test_a_server_that_cannot_start_says_why(home):
    service = Postgres(home / "server", {"no_such_setting": "1"})
    with pytest.raises(Exception, match="no_such_setting"):
        service.start()
    service.release()


def test_what_is_named_in_the_environment_is_not_started(home):
    named = {"DATABASE_URL": "postgresql+psycopg://elsewhere/payments"}
    assert [service.variable for service in absent(named, home)] == ["CELERY_BROKER_URL"]
    assert [service.variable for service in absent({}, home)] == ["CELERY_BROKER_URL", "DATABASE_URL"]


def test_a_directory_somebody_else_made_is_refused(home, monkeypatch):
    ours_to_all = home / "ours to all"
    ours_to_all.mkdir()
    ours_to_all.chmod(0o777)
    (home / "a link").symlink_to(home)
    for place in ("ours to all", "a link"):
        monkeypatch.setenv("RAILHEAD_STATE", str(home / place))
        with pytest.raises(PermissionError, match="RAILHEAD_STATE"):
            state_directory()


def test_the_state_is_kept_where_we_are_told(home, monkeypatch):
    monkeypatch.setenv("RAILHEAD_STATE", str(home / "told"))
    assert state_directory() == home / "told"
    assert scratch_directory().parent.parent == home / "told"


def test_a_directory_that_holds_other_things_is_never_taken_for_ours(home, monkeypatch):
    home.joinpath("letters").write_text("Dear Ada")
    monkeypatch.setenv("RAILHEAD_STATE", str(home))
    with pytest.raises(PermissionError, match="other things"):
        state_directory()


FORGET = (
    "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_module('app.sandbox.state', run_name='__main__')"
)


def _forget(state):
    environment = {"RAILHEAD_STATE": str(state)}
    command = [sys.executable, "-I", "-S", "-c", FORGET, str(CHECKOUT)]  # without the packages of the environment
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_what_is_forgotten_is_gone_but_not_while_it_runs(home, monkeypatch):
    monkeypatch.setenv("RAILHEAD_STATE", str(home / "state"))
    service = Redis()
    service.start()
    assert "in use" in _forget(home / "state").stderr
    _remember(service.url, "undisturbed")
    service.stop()
    assert _forget(home / "state").returncode == 0
    assert not home.joinpath("state").exists()


def test_probes_leave_no_connection_open(service):
    service.start()
    before = len(os.listdir("/proc/self/fd"))
    assert service._answers()
    assert len(os.listdir("/proc/self/fd")) == before


def test_stop_is_an_ordered_one(service):
    service.start()
    running = service.running
    service.stop()
    assert running.process.returncode == 0
    with closing(socket.socket()) as probe:
        assert probe.connect_ex(("127.0.0.1", service.port)) != 0
