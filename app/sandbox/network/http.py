"""HTTP/1.1 on one event loop: small answers, long event streams, and connections cut when a fault asks for it.

One thread and no locks: a request sees the ledger either before or after a close, and a reader that waits for news
costs nothing while it waits.
"""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

BODY_BYTES_MAX = 1 << 20
HEAD_BYTES_MAX = 1 << 16


class Cut(Exception):
    """Drop the connection without another word."""


@dataclass(frozen=True, slots=True)
class Request:
    """``query`` and ``form`` hold the last value of each name; header names are lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace")))

    @property
    def base(self) -> str:
        """The address under which the caller found us."""
        return f"http://{self.headers.get('host', 'localhost')}"


@dataclass(slots=True)
class Response:
    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Stream:
    """Server-sent events, one ``chunk`` after the other."""

    chunks: AsyncIterator[bytes]


Handler = Callable[[Request], Awaitable[Response | Stream]]


def json_response(content: Any, status: int = 200, content_type: str = "application/json") -> Response:
    return Response(json.dumps(content, separators=(",", ":")).encode(), status, content_type)


async def serve(host: str, port: int, handler: Handler) -> asyncio.Server:
    """Listen on ``host:port`` (0: any free port) and answer with ``handler``."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _converse(reader, writer, handler)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the caller has gone, or does not speak HTTP
        except Cut:
            _reset(writer)
        except asyncio.CancelledError:
            writer.transport.abort()  # the server goes, and nobody waits for this task
        finally:
            writer.close()

    return await asyncio.start_server(connected, host, port, limit=HEAD_BYTES_MAX, backlog=1024)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
    while (request := await _read(reader)) is not None:
        answer = await handler(request)
        if isinstance(answer, Stream):
            await _send_stream(writer, answer)
            return
        _send(writer, request, answer)
        await writer.drain()
        if request.headers.get("connection", "").lower() == "close":
            return


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    length = int(headers.get("content-length") or 0)
    if length > BODY_BYTES_MAX:
        raise ConnectionError("the body is too large")
    body = await reader.readexactly(length) if length else b""
    address = urlsplit(target)
    query = dict(parse_qsl(address.query, keep_blank_values=True))
    return Request(method, address.path, query, headers, body)


_SHARED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Date, Latest-Ledger",
    "Vary": "Origin",
}


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Date: {formatdate(usegmt=True)}"]
    lines += [f"{name}: {value}" for name, value in (_SHARED | headers).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _send(writer: asyncio.StreamWriter, request: Request, answer: Response) -> None:
    headers = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body))} | answer.headers
    writer.write(_head(answer.status, headers) + (b"" if request.method == "HEAD" else answer.body))


async def _send_stream(writer: asyncio.StreamWriter, answer: Stream) -> None:
    """Send each event as a chunk of its own: a reader gets it whole without waiting for the next."""
    headers = {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-cache",
        "Transfer-Encoding": "chunked",
        "Connection": "close",
    }
    writer.write(_head(200, headers))
    async for chunk in answer.chunks:
        writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        await writer.drain()
    writer.write(b"0\r\n\r\n")


def _reset(writer: asyncio.StreamWriter) -> None:
    """Make the kernel send a reset rather than a polite end."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
