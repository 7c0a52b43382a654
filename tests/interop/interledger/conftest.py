"""Node and npm peers are needed here: these tests are collected only when ``make interop`` asks for them."""

import os

import pytest

from tests.interop.interledger import node

collect_ignore_glob = [] if os.environ.get("RAILHEAD_INTEROP") else ["test_*.py"]


@pytest.fixture(scope="session", autouse=True)
def peers() -> None:
    """The reference implementations, installed."""
    node.install()
