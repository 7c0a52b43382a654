"""How often beat wakes a drain."""

import pytest

from config import Unconfigured
from tasks.schedule import SCHEDULE, intervals


def test_an_interval_is_the_schedule_s_unless_a_setting_says_otherwise():
    found = {line.drain: seconds for line, seconds in intervals({"sweep": "2"})}
    assert found == {line.drain: line.every_seconds for line in SCHEDULE} | {"sweep": 2}


@pytest.mark.parametrize(("drain", "seconds"), [("nobody", "2"), ("sweep", "0"), ("sweep", "-1"), ("sweep", "0.5")])
def test_an_interval_that_makes_no_sense_is_refused(drain, seconds):
    with pytest.raises(Unconfigured, match="INTERVALS"):
        intervals({drain: seconds})
