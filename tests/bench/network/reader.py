"""Somebody who follows every payment."""

import threading
from contextlib import suppress

import requests


class Reader(threading.Thread):
    """Streams every payment there is, a few hundred at a time, as a watcher does."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._cursor = "0"
        self.seen = 0
        self.done = False

    def run(self) -> None:
        while not self.done:
            with suppress(requests.RequestException):
                self._follow(f"{self._url}/payments?cursor={self._cursor}&limit=200")

    def _follow(self, where: str) -> None:
        with requests.get(where, headers={"Accept": "text/event-stream"}, stream=True, timeout=60) as answer:
            for line in answer.iter_lines(chunk_size=None):
                if line.startswith(b"id: "):
                    self._cursor = line[4:].decode()
                    self.seen += 1
