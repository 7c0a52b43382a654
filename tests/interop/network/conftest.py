"""These tests need npm, and are collected only when ``make interop`` asks for them."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

collect_ignore_glob = [] if os.environ.get("RAILHEAD_INTEROP") else ["test_*.py"]

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def javascript() -> Path:
    """The SDK for JavaScript, installed; returns where the scripts are."""
    installed, wanted = HERE / "node_modules/.package-lock.json", HERE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=HERE, check=True)
    return HERE / "peers"


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session
