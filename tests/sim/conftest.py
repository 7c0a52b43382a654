"""The two stores, each with a clerk to drive it."""

from collections.abc import Iterator

import pytest

from tests.sim.clerk import Clerk
from tests.sim.houses import InMemory
from tests.sim.postgres import InPostgres


@pytest.fixture(params=["memory", "postgres"])
def clerk(request: pytest.FixtureRequest) -> Iterator[Clerk]:
    if request.param == "memory":
        yield Clerk(InMemory)
    else:
        request.getfixturevalue("app")
        yield Clerk(InPostgres)
