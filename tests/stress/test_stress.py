"""The ordeal in small: what it finds in a big one, it finds in this one too, only less often."""

import pytest

from tests.conftest import IN_A_HURRY
from tests.stress.ordeal import Ordeal, undergo

SMALL = Ordeal(
    count=300,
    channels=4,
    memos=15,
    ledger_seconds=0.5,
    child_seconds=1,
    worker_seconds=4,
    rage_seconds=8,
    settings={"LEASE_SECONDS": "3"},
    postgres=IN_A_HURRY,
)


@pytest.mark.journey
def test_nothing_is_paid_twice_or_lost_while_workers_are_killed_and_the_network_misbehaves():
    assert undergo(SMALL, print) == []
