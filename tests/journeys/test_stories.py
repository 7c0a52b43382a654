"""The stories, undisturbed; and with every program killed, every connection cut, at every step of them."""

import pytest

from app.sandbox.stories import REMITTANCE, STORIES
from tests.journeys.conftest import failures

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


def test_every_story_goes_as_told(journey):
    assert failures(journey.tell(*STORIES, disturbed=False)) == []


@pytest.mark.parametrize(
    ("program", "step"),
    [
        ("web", "signed_in"),
        ("web", "registered"),
        ("web", "announced"),
        ("stream", "announced"),
        ("stream", "paid"),
        ("worker", "announced"),
        ("worker", "paid"),
        ("worker", "called_back"),
        ("beat", "registered"),
        ("beat", "paid"),
    ],
)
def test_a_remittance_survives_the_kill_of_a_program(journey, program, step):
    outcomes = journey.tell(REMITTANCE, at={step: lambda: journey.kill(program)})
    assert failures(outcomes) == []
