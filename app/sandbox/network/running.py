"""The network as a set of servers on one event loop, closing ledgers by the clock."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from app.sandbox.network import rpc
from app.sandbox.network.control import control
from app.sandbox.network.core import Core
from app.sandbox.network.horizon.face import Face
from app.sandbox.network.horizon.node import Node
from app.sandbox.network.http import Handler, Request, Response, Stream, serve


def address(server: asyncio.Server) -> str:
    host, port = server.sockets[0].getsockname()[:2]
    return f"http://{host}:{port}"


@asynccontextmanager
async def running(core: Core, host: str, port: int) -> AsyncIterator[list[str]]:
    """Serve every node of ``core``, on ``port`` and the ports after it (0: any); yield their addresses."""
    servers = [await serve(host, port + node.number if port else 0, _faces(core, node)) for node in core.nodes]
    closing = asyncio.create_task(_close_by_the_clock(core))
    try:
        yield [address(server) for server in servers]
    finally:
        closing.cancel()
        with suppress(asyncio.CancelledError):
            await closing
        for server in servers:
            server.close()


def _faces(core: Core, node: Node) -> Handler:
    """Return what answers at the address of one node: Horizon, RPC, and the network's control."""
    horizon = Face(node, core)

    async def handler(request: Request) -> Response | Stream:
        if request.path.startswith("/control"):
            return control(core, request)
        if request.method == "POST" and request.path in ("/", "/rpc"):
            return rpc.answer(node, request)
        return await horizon(request)

    return handler


async def _close_by_the_clock(core: Core) -> None:
    """Close a ledger every interval, counted from when it began, so that slow ledgers do not add up."""
    clock: Callable[[], float] = asyncio.get_running_loop().time
    due = clock()
    while True:
        changed = core.interval_changed.listen()
        seconds = core.close_seconds
        due = max(due + seconds, clock())
        if seconds:
            await changed(max(0, due - clock()))
        else:
            await changed(3600)
        if seconds and core.close_seconds == seconds and clock() >= due:
            core.close()
