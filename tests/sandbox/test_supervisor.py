"""The supervisor: order, watchfulness, and nobody left behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

from app.sandbox.programs import Died, Program, python, said, says
from app.sandbox.services import Postgres, Redis
from app.sandbox.state import CHECKOUT, own_directory, scratch_directory
from app.sandbox.supervisor import Supervisor
from tests.sandbox.processes import alive, descendants, until

POLITE = """
import signal, sys, time
journal, name = sys.argv[1:]
def note(what):
    with open(journal, "a") as lines:
        lines.write(f"{name} {what}\\n")
def stop(*_):
    note("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
note("started")
time.sleep(0.1)
note("ready")
print("ready", flush=True)
time.sleep(600)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
)


@pytest.fixture
def home(request):
    return own_directory(scratch_directory() / request.node.name)


@pytest.fixture
def journal(home):
    return home / "journal"


@pytest.fixture
def polite(journal):
    """Makes a program that notes in the journal when it started, was ready and was stopped."""

    def make(name, **options):
        return Program(name, (sys.executable, "-c", POLITE, str(journal), name), ready=says("ready"), **options)

    return make


def _notes(journal):
    return journal.read_text().splitlines()


def test_a_stage_is_ready_before_the_next_one_starts(home, journal, polite):
    with Supervisor([[polite("ground")], [polite("house")]], home / "logs"):
        notes = _notes(journal)
    assert notes == ["ground started", "ground ready", "house started", "house ready"]


def test_stages_stop_last_to_first(home, journal, polite):
    with Supervisor([[polite("postgres")], [polite("worker")], [polite("web")]], home / "logs"):
        journal.write_text("")
    assert _notes(journal) == ["web stopped", "worker stopped", "postgres stopped"]


def test_programs_of_one_stage_start_together(home, journal, polite):
    with Supervisor([[polite("web"), polite("beat")]], home / "logs"):
        notes = _notes(journal)
    assert sorted(notes[:2]) == ["beat started", "web started"]
    assert sorted(notes[2:]) == ["beat ready", "web ready"]


def test_who_dies_while_starting_is_told_with_its_last_words(home, journal, polite):
    broken = Program("broken", (sys.executable, "-c", "raise SystemExit('no such table')"), ready=lambda running: False)
    with pytest.raises(Died, match=r"broken ended with 1 while starting(.|\n)*no such table"):
        Supervisor([[polite("ground")], [broken]], home / "logs").__enter__()
    assert _notes(journal)[-1] == "ground stopped"


def test_who_is_never_ready_is_ended(home):
    silent = Program("silent", ("sleep", "600"), ready=lambda running: False, ready_seconds=0.1)
    with pytest.raises(Died, match="not ready within"):
        Supervisor([[silent]], home / "logs").__enter__()


def test_a_worker_that_dies_is_started_again(home, polite):
    with Supervisor([[polite("worker", restarts=True)]], home / "logs") as supervisor:
        worker = supervisor.posts["worker"]
        first = worker.pid
        os.kill(first, signal.SIGKILL)
        supervisor.until(lambda: worker.state == "waiting", 30)
        supervisor.until(lambda: worker.state == "running" and "ready" in said(worker.running), 30)
        assert worker.pid != first
        assert worker.starts == 2


def test_each_death_in_a_row_is_followed_by_a_longer_pause(home):
    failing = Program("failing", ("false",), restarts=True)
    with Supervisor([[failing]], home / "logs") as supervisor:
        post = supervisor.posts["failing"]
        pauses = [_pause_after_death(supervisor, post) for _ in range(2)]
        assert pauses[0] < pauses[1]


def _pause_after_death(supervisor, post):
    supervisor.until(lambda: post.state == "waiting", 30)
    died_at, again_at = time.monotonic(), post.start_again_at
    post.start_again_at = 0
    supervisor.until(lambda: post.start_again_at is None, 30)
    return again_at - died_at


def test_who_may_not_die_is_mourned_aloud(home, polite):
    with Supervisor([[polite("web")]], home / "logs") as supervisor:
        os.kill(supervisor.posts["web"].pid, signal.SIGKILL)
        with pytest.raises(Died, match="web ended with -9"):
            supervisor.until(lambda: False, 30)


def test_one_program_can_be_killed_and_started_while_the_others_run(home, journal, polite):
    with Supervisor([[polite("worker"), polite("web", restarts=True)]], home / "logs") as supervisor:
        web = supervisor.posts["web"].pid
        supervisor.kill("worker")
        supervisor.tend()
        assert supervisor.posts["worker"].state == "stopped"
        assert "worker stopped" not in _notes(journal)
        supervisor.start("worker")
        supervisor.restart("worker")
        assert supervisor.posts["worker"].state == "running"
        assert supervisor.posts["web"].pid == web


def test_a_program_killed_on_purpose_stays_down(home, polite):
    with Supervisor([[polite("worker", restarts=True)]], home / "logs") as supervisor:
        supervisor.kill("worker")
        with pytest.raises(TimeoutError):
            supervisor.until(lambda: supervisor.posts["worker"].state != "stopped", 1)


def test_who_does_not_stop_is_ended(home):
    stubborn = Program("stubborn", (sys.executable, "-c", STUBBORN), ready=says("ready"), stop_seconds=0.1)
    with Supervisor([[stubborn]], home / "logs") as supervisor:
        running = supervisor.posts["stubborn"].running
    assert running.process.returncode == -signal.SIGKILL


def test_every_program_has_a_log_that_only_we_may_read(home, polite):
    with Supervisor([[polite("worker")]], home / "logs") as supervisor:
        supervisor.restart("worker")
        log = supervisor.log("worker")
        assert log.read_text() == "ready\nready\n"
        assert said(supervisor.posts["worker"].running) == "ready\n"
    assert log.stat().st_mode & 0o077 == 0


def test_postgres_and_redis_are_rows_like_others(home):
    postgres, redis = Postgres(home / "postgres"), Redis(home / "redis")
    with Supervisor([[redis.program(), postgres.program()]], home / "logs") as supervisor:
        supervisor.kill("redis")
        supervisor.start("redis")
        supervisor.kill("postgres")
        supervisor.start("postgres")
        assert [post.state for post in supervisor.posts.values()] == ["running", "running"]
    postgres.release()
    redis.release()


DEMO = """
import sys
from pathlib import Path
from app.sandbox.programs import Program, python, says
from app.sandbox.services import Postgres, Redis
from app.sandbox.supervisor import Supervisor

home = Path(sys.argv[1])
postgres, redis = Postgres(home / "postgres"), Redis(home / "redis")
ground = [postgres.program(), redis.program()]
broker = {"CELERY_BROKER_URL": redis.url}
worker = python("celery", "-A", "tests.sandbox.pool", "worker", "-c", "2", "-l", "info")
web = python("gunicorn", "--bind", "127.0.0.1:0", "--workers", "2", "tests.sandbox.page:page")
house = [
    Program("worker", worker, environment=broker, ready=says("ready.")),
    Program("web", web, ready=says("Booting worker")),
]
with Supervisor([ground, house], home / "logs") as supervisor:
    print(redis.url, flush=True)
    supervisor.run()
print("stopped in order", flush=True)
"""


@pytest.fixture
def demo(home):
    """A supervisor in a process of its own, over PostgreSQL, Redis, a prefork worker and a web server."""
    command = [sys.executable, "-c", DEMO, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as running:
        running.broker_url = running.stdout.readline().strip()
        yield running
        running.kill()


def _family(demo):
    until(lambda: len(descendants(demo.pid)) >= 9)
    return descendants(demo.pid)


def _busy_pool_child(broker_url, log):
    send = "from tests.sandbox.pool import dawdle; dawdle.delay(600)"
    environment = os.environ | {"CELERY_BROKER_URL": broker_url}
    subprocess.run([sys.executable, "-c", send], env=environment, cwd=CHECKOUT, check=True)
    until(lambda: "received" in log.read_text())


def test_nobody_survives_the_kill_of_the_supervisor_not_even_busy_pool_children(demo, home):
    _busy_pool_child(demo.broker_url, home / "logs/worker.log")
    family = _family(demo)
    demo.kill()
    until(lambda: not any(alive(pid) for pid in family))


def test_pool_children_do_not_survive_the_kill_of_their_worker(home):
    redis = Redis(home / "redis")
    ground = redis.program()
    worker = Program(
        "worker",
        python("celery", "-A", "tests.sandbox.pool", "worker", "-c", "2", "-l", "info"),
        environment={"CELERY_BROKER_URL": redis.url},
        ready=says("ready."),
    )
    with Supervisor([[ground], [worker]], home / "logs") as supervisor:
        _busy_pool_child(redis.url, supervisor.log("worker"))
        children = descendants(supervisor.posts["worker"].pid)
        assert len(children) >= 2
        supervisor.kill("worker")
        until(lambda: not any(alive(pid) for pid in children))
    redis.release()


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_it_stops_all_in_order(demo, order):
    family = _family(demo)
    demo.send_signal(order)
    assert demo.stdout.readline() == "stopped in order\n"
    assert demo.wait() == 0
    assert not any(alive(pid) for pid in family)


def test_asked_twice_it_stops_all_at_once(demo, home):
    _busy_pool_child(demo.broker_url, home / "logs/worker.log")
    family = _family(demo)
    demo.send_signal(signal.SIGINT)
    until(lambda: "Warm shutdown" in (home / "logs/worker.log").read_text())
    demo.send_signal(signal.SIGINT)
    assert demo.wait() == 0
    assert not any(alive(pid) for pid in family)
