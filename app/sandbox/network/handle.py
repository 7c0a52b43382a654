"""A hold on a network, wherever it runs: what /control offers, as Python."""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ANSWER_SECONDS = 40


class Refused(Exception):
    """The network will not do that; the text says why."""


class Handle:
    """A network by the addresses of its nodes."""

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls

    @property
    def url(self) -> str:
        return self.urls[0]

    @property
    def passphrase(self) -> str:
        return str(self.show()["passphrase"])

    def show(self) -> dict[str, Any]:
        """Return the network as it stands."""
        return self._call("GET", "/control")

    def close(self, ledgers: int = 1) -> dict[str, Any]:
        """Close ledgers now."""
        return self._call("POST", "/control/close", ledgers=ledgers)

    def interval(self, seconds: float) -> dict[str, Any]:
        """Close by the clock, every so many seconds; 0: only when told."""
        return self._call("POST", "/control/interval", seconds=seconds)

    def advance(self, seconds: int) -> dict[str, Any]:
        """Drive the ledger's clock ahead; the next close shows it."""
        return self._call("POST", "/control/time", seconds=seconds)

    def lag(self, ledgers: int, node: int = 0) -> dict[str, Any]:
        """Keep a node so many ledgers behind core."""
        return self._call("POST", "/control/lag", ledgers=ledgers, node=node)

    def snapshot(self, path: str) -> dict[str, Any]:
        """Write the ledger to a file that another network can begin with: ``network(state=path)``."""
        return self._call("POST", "/control/snapshot", path=path)

    def fault(self, kind: str, **details: Any) -> dict[str, Any]:
        """Order a fault; see ``faults.KINDS`` and ``faults.Fault``."""
        return self._call("POST", "/control/faults", kind=kind, **details)

    def weather(self, seed: int, percent: int) -> dict[str, Any]:
        """Let so many of a hundred submissions, requests and streams meet a fault drawn from ``seed``; 0: none."""
        return self._call("POST", "/control/weather", seed=seed, percent=percent)

    def heal(self) -> dict[str, Any]:
        """Clear all faults, and the weather."""
        return self._call("DELETE", "/control/faults")

    def fund(self, *addresses: str) -> None:
        """Let friendbot create accounts with 10,000 lumens each."""
        for address in addresses:
            self._call("GET", f"/friendbot?addr={address}")

    def _call(self, method: str, address: str, **order: Any) -> dict[str, Any]:
        body = json.dumps(order).encode() if order else None
        try:
            with urlopen(Request(self.url + address, body, method=method), timeout=ANSWER_SECONDS) as answer:
                return dict(json.loads(answer.read()))
        except HTTPError as refusal:
            with refusal:
                raise Refused(refusal.read().decode("utf-8", "replace")) from None
