"""HTTP with patience: who does not answer is asked again, because machines are restarted and connections are cut."""

import time
from typing import Any

import requests

ANSWER_SECONDS = 10
PAUSE_SECONDS = 0.2
BUSY = (429, 500, 502, 503, 504)


class Refused(Exception):
    """The other side understood, and said no."""


class Silent(Exception):
    """The other side did not answer, or not with sense, however often it was asked."""


class Web:
    """Asks until it is answered, or until ``patience_seconds`` are over from the making of this object on."""

    def __init__(self, patience_seconds: float):
        self._deadline = time.monotonic() + patience_seconds
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy knows no way to this machine

    def ask(self, method: str, url: str, **request: Any) -> requests.Response:
        """Return the answer, whatever its status, unless the other side is only busy. Raises Silent."""
        last = ""
        while self.patient():
            try:
                answer = self._session.request(method, url, timeout=ANSWER_SECONDS, **request)
            except requests.RequestException as error:
                last = type(error).__name__
            else:
                if answer.status_code not in BUSY:
                    return answer
                last = f"HTTP {answer.status_code}"
            self.rest()
        raise Silent(f"{method} {url}: {last}")

    def demand(self, method: str, url: str, **request: Any) -> requests.Response:
        """Return an answer that is a success. Raises Refused or Silent."""
        answer = self.ask(method, url, **request)
        if not answer.ok:
            raise Refused(f"{method} {url}: {answer.status_code} {answer.text[:300]}")
        return answer

    def attempt(self, method: str, url: str, **request: Any) -> str:
        """Ask once, and return in a few words what came of it; somebody else decides what is true."""
        try:
            answer = self._session.request(method, url, timeout=ANSWER_SECONDS, **request)
        except requests.RequestException as error:
            return type(error).__name__
        return f"HTTP {answer.status_code} {answer.text[:300]}"

    def patient(self) -> bool:
        return time.monotonic() < self._deadline

    def rest(self) -> None:
        time.sleep(PAUSE_SECONDS)
