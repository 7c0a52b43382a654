"""A sandbox bank on loopback, served by a thread of the test itself."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from rails.sandbox_bank import SandboxBankRail, journal
from rails.sandbox_bank.bank import Bank
from rails.sandbox_bank.journal import Entry, Journal
from rails.sandbox_bank.server import BankServer


class RunningBank:
    """The bank, as those see it who direct the play."""

    def __init__(self, server: BankServer, journal_path: Path):
        self.url = server.url
        self._path = journal_path

    def rail(self, **settings: Any) -> SandboxBankRail:
        return SandboxBankRail({"url": self.url, "timeout_seconds": 4, **settings})

    def direct(self, path: str, **body: Any) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.post(self.url + path, json=body, timeout=5)

    def events(self, key: str = "") -> list[str]:
        return [entry["event"] for entry in self.journal() if key in ("", entry.get("key"))]

    def journal(self) -> list[Entry]:
        return journal(self._path)


@pytest.fixture
def open_bank(tmp_path: Path) -> Iterator[Callable[..., RunningBank]]:
    """Open a bank over the same journal as often as asked; ``settle_seconds`` None waits to be told."""
    opened = []

    def open_one(settle_seconds: float | None = None) -> RunningBank:
        kept = Journal(tmp_path / "bank.jsonl")
        server = BankServer(Bank(kept, settle_seconds))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        opened.append((server, kept))
        return RunningBank(server, tmp_path / "bank.jsonl")

    yield open_one
    for server, kept in opened:
        server.shutdown()
        server.server_close()
        kept.close()


@pytest.fixture
def bank(open_bank: Callable[..., RunningBank]) -> RunningBank:
    return open_bank()
