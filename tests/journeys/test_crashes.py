"""Killed in the narrowest windows, lied to by Horizon: every story still goes as told, and nothing is done twice."""

import itertools
import os

import pytest

from app.sandbox.stories import REFUSAL, STORIES
from tests.journeys.conftest import failures

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300), pytest.mark.xdist_group("house")]

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


def test_a_refund_is_paid_once_whatever_horizon_says_to_it(journey):
    channels, faults = (
        journey.channels(),
        ("timeout_never", "reset_after", "evict", "try_again_later", "timeout_landing"),
    )
    for channel, fault in itertools.product(channels, faults):
        journey.network.fault(fault, match=channel)
    assert failures(journey.tell(REFUSAL)) == []
    assert len(journey.network.show()["faults"]) <= len(channels) * len(faults) - 2
