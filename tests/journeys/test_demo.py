"""The demo itself: what it prints, what it leaves behind, what it remembers."""

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import closing

import psycopg
import pytest

from app.sandbox.services import Postgres
from app.sandbox.state import CHECKOUT, own_directory, scratch_directory
from rails.sandbox_bank import journal
from tests.sandbox.processes import alive, descendants, until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

COMMAND = [sys.executable, "-m", "flask", "--app", "wsgi", "demo"]


@pytest.fixture
def state():
    home = own_directory(scratch_directory() / "demo-state")
    yield home
    shutil.rmtree(home)


@pytest.fixture
def environment(state, tmp_path):
    """Nothing is set: as on a bare machine, but for where to keep things."""
    bare = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return bare | {"RAILHEAD_STATE": str(state), "RAILHEAD_ENV": str(tmp_path / "demo.env")}


def _demo(environment, output, *words):
    port = ["--port", "0"]
    return subprocess.Popen([*COMMAND, *port, *words], cwd=CHECKOUT, env=environment, stdout=output, stderr=output)


def test_killed_it_leaves_nobody_behind_and_started_again_it_remembers_everything(state, environment, tmp_path):
    said, settings = tmp_path / "said", tmp_path / "demo.env"
    with open(said, "wb") as output:
        demo = _demo(environment, output)
        until(lambda: said.read_text().count("story ") == 2 or demo.poll() is not None, 120)
        assert "DATABASE_URL=" in settings.read_text() and settings.stat().st_mode & 0o077 == 0
        family = [demo.pid, *descendants(demo.pid)]
        demo.send_signal(signal.SIGKILL)
        demo.wait()
    assert len(re.findall(r"story \w+: ok", said.read_text())) == 2, said.read_text()
    until(lambda: not any(alive(pid) for pid in family), 30)

    with open(said, "wb") as output:
        assert _demo(environment, output, "--once").wait(120) == 0, said.read_text()
    lines = said.read_text().splitlines()
    assert re.fullmatch(r"story remittance: ok \d+\.\d s", lines[0])
    assert re.fullmatch(r"story refusal: ok \d+\.\d s", lines[1])
    assert lines[2] == "demo: 2 stories, 0 failed"
    assert not settings.exists()
    assert [entry["event"] for entry in journal(state / "demo" / "bank.jsonl")].count("received") == 4
    assert _states(state) == {("completed", 2), ("refunded", 2)}


def _states(state):
    service = Postgres(state / "demo" / "postgres")
    url = service.start().replace("+psycopg", "")
    with closing(psycopg.connect(url)) as connection:
        found = set(connection.execute("SELECT state, count(*) FROM transaction GROUP BY state"))
    service.stop()
    return found
