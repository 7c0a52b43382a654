"""Killed in the narrowest windows, cut off from Horizon, without a broker: every story still goes as told."""

import os

import pytest

from app.sandbox.programs import Program, end_at_once, launch, python
from app.sandbox.stories import REFUSAL, REMITTANCE, STORIES
from tests.journeys.conftest import failures

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

WORKER_WINDOWS = {
    "claimed:execute_outgoing_transactions",  # the order may be at the bank, or not
    "acted:execute_outgoing_transactions",  # the bank has it, and we have not written that down
    "acted:poll_outgoing_transactions",
    "after_claim",  # a batch is leased
    "after_persist",  # an envelope is signed and written down
    "after_post",  # it is handed in, and what was said to that is lost
    "before_settle_commit",  # the ledger has it, and our books have not
    "after_settle_commit",
    "claimed:retry_messages",
    "acted:retry_messages",  # the callback arrived, and we have not written that down
}
STREAM_WINDOWS = {"watcher_before_commit", "watcher_after_commit"}


@pytest.mark.parametrize(("program", "windows"), [("worker", WORKER_WINDOWS), ("stream", STREAM_WINDOWS)])
def test_a_kill_in_each_window_loses_nothing_and_does_nothing_twice(journey, program, windows):
    struck = journey.arm(program, dict.fromkeys(windows, "kill"))
    assert failures(journey.tell(*STORIES)) == []
    assert set(os.listdir(struck)) == windows


@pytest.mark.parametrize("step", ["registered", "announced", "called_back"])
def test_a_cut_connection_to_horizon_only_delays(journey, step):
    assert failures(journey.tell(REFUSAL, at={step: lambda: journey.cut(seconds=2)})) == []


@pytest.mark.parametrize("fault", ["timeout_landing", "timeout_never", "reset_after", "evict", "try_again_later"])
def test_a_refund_is_paid_once_whatever_horizon_says_to_it(journey, fault):
    channels = journey.channels()
    for channel in channels:
        journey.network.fault(fault, match=channel)
    assert failures(journey.tell(REFUSAL)) == []
    assert len(journey.network.show()["faults"]) < len(channels)


def test_without_a_broker_drains_run_by_hand_do_it_all(journey):
    drains = Program("drains", python("flask", "--app", "wsgi", "drain", "--all", "--loop"), journey.house.settings)
    with journey.down("beat", "worker", "stream", "redis"):
        running = launch(drains, journey.supervisor.log("drains"))
        try:
            outcomes = journey.tell(*STORIES)
        finally:
            end_at_once(running)
    assert failures(outcomes) == []


def test_a_remittance_survives_the_kill_of_everything_at_once(journey):
    def kill_all():
        for name in ("web", "worker", "stream", "beat"):
            journey.kill(name)

    assert failures(journey.tell(REMITTANCE, at={"paid": kill_all})) == []
