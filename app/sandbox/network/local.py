"""A network for tests: its own thread in this process, and a handle on it."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from .core import Core, Settings
from .running import running

_DIRECT = build_opener(ProxyHandler({}))  # a proxy knows no way to this machine


class Handle:
    """A network somewhere, by the addresses of its nodes."""

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

    def heal(self) -> dict[str, Any]:
        """Clear all faults."""
        return self._call("DELETE", "/control/faults")

    def fund(self, *addresses: str) -> None:
        """Let friendbot create accounts with 10,000 lumens each."""
        for address in addresses:
            self._call("GET", f"/friendbot?addr={address}")

    def _call(self, method: str, address: str, **order: Any) -> dict[str, Any]:
        body = json.dumps(order).encode() if order else None
        request = Request(self.url + address, body, method=method)
        with _DIRECT.open(request, timeout=40) as answer:
            return dict(json.loads(answer.read()))


@contextmanager
def network(port: int = 0, **settings: Any) -> Iterator[Handle]:
    """Run a network in a thread of this process. ``settings`` are those of ``core.Settings``."""
    ready: threading.Event = threading.Event()
    urls: list[str] = []
    loop = asyncio.new_event_loop()
    finished = asyncio.Event()

    async def live() -> None:
        async with running(Core(Settings(**settings)), "127.0.0.1", port) as addresses:
            urls.extend(addresses)
            ready.set()
            await finished.wait()

    thread = threading.Thread(target=_run, args=(loop, live()), name="sandbox-network", daemon=True)
    thread.start()
    try:
        ready.wait(10)
        yield Handle(urls)
    finally:
        loop.call_soon_threadsafe(finished.set)
        thread.join(10)


def _run(loop: asyncio.AbstractEventLoop, live: Any) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(live)
