"""The stories, undisturbed; and with programs killed, connections cut, the broker gone."""

import pytest

from app.sandbox.programs import Program, end_at_once, launch, python
from app.sandbox.stories import REFUSAL, REMITTANCE, STORIES
from tests.journeys.conftest import failures

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300), pytest.mark.xdist_group("house")]


def test_every_story_goes_as_told(journey):
    assert failures(journey.tell(*STORIES, disturbed=False)) == []


@pytest.mark.parametrize(
    ("program", "steps"),
    [
        ("web", ["signed_in", "registered", "announced", "called_back"]),
        ("stream", ["announced"]),
        ("stream", ["paid", "called_back"]),
        ("worker", ["announced", "called_back"]),
        ("worker", ["paid"]),
        ("beat", ["registered", "announced", "called_back"]),
    ],
)
def test_a_remittance_survives_kills_of_a_program(journey, program, steps):
    outcomes = journey.tell(REMITTANCE, at={step: lambda: journey.kill(program) for step in steps})
    assert failures(outcomes) == []


def test_a_remittance_survives_the_kill_of_everything_at_once(journey):
    def kill_all():
        for name in ("web", "worker", "stream", "beat"):
            journey.kill(name)

    assert failures(journey.tell(REMITTANCE, at={"paid": kill_all})) == []


def test_connections_to_horizon_that_are_cut_only_delay(journey):
    steps = ("signed_in", "announced", "called_back")
    assert failures(journey.tell(REFUSAL, at={step: lambda: journey.cut(seconds=2) for step in steps})) == []


def test_without_a_broker_drains_run_by_hand_do_it_all(journey):
    drains = Program("drains", python("flask", "--app", "wsgi", "drain", "--all", "--loop"), journey.house.settings)
    with journey.down("beat", "worker", "stream", "redis"):
        running = launch(drains, journey.supervisor.log("drains"))
        try:
            outcomes = journey.tell(*STORIES)
        finally:
            end_at_once(running)
    assert failures(outcomes) == []
