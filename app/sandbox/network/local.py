"""A network for tests: its own thread in this process, and a handle on it.

with network(close_seconds=0.2, seed=7) as net:
    net.fund(address)
    server = Server(net.url)
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import ProxyHandler, build_opener

from app.sandbox.network.core import Core, Settings
from app.sandbox.network.handle import Handle
from app.sandbox.network.running import running

_DIRECT = build_opener(ProxyHandler({}))  # a proxy knows no way to this machine


__all__ = ["Handle", "network"]


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
