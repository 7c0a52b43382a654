"""The link to our own connector: one Prepare out, one Fulfill or Reject back.

``HttpUplink`` is ILP-over-HTTP (RFC 35) in the synchronous form that connectors speak: the reply is the body of the
response. Anything else that exchanges bytes may stand in its place.
"""

import http.client
import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

from app.interledger import packet
from app.interledger.packet import Reject

BODY_MAX = 66_000  # bytes: two data fields of the largest packet, generously
IDLE_SECONDS_MAX = 3  # servers drop idle connections, often after 5 s; what was dropped while we write is a doubt


class Unanswered(Exception):
    """The packet may have left, and nothing certain is known of it. It may have been paid."""


class Uplink(Protocol):
    """Called from several threads at once. Returns the reply, or a Reject of its own making if it is certain that the
    packet was not taken; raises Unanswered if it is not certain."""

    def exchange(self, prepare: bytes, timeout_seconds: float) -> bytes: ...


@dataclass
class HttpUplink:
    """Kept-alive connections to ``url``, one for each packet in flight; a ``with`` block closes them. ``token`` is the
    bearer token of our account."""

    url: str
    token: str = field(repr=False)
    connect_seconds: float = 3

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ValueError("an uplink has an http or https URL without a user")
        self._scheme, self._host, self._port = parts.scheme, parts.hostname, parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._trust = ssl.create_default_context() if parts.scheme == "https" else None
        self._idle: list[tuple[float, http.client.HTTPConnection]] = []
        self._lock = threading.Lock()
        self._closed = False
        octets = "application/octet-stream"
        self._headers = {"Content-Type": octets, "Accept": octets, "Authorization": f"Bearer {self.token}"}

    def exchange(self, prepare: bytes, timeout_seconds: float) -> bytes:
        """POST a Prepare. No connection, a 3xx or 4xx, is a Reject (T01, F00, T05); else no reply is Unanswered."""
        try:
            connection = self._connection()
        except OSError as error:
            return _refusal("T01", f"no connection: {type(error).__name__}")
        try:
            status, body = self._posted(connection, prepare, timeout_seconds)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unanswered(type(error).__name__) from error
        self._release(connection)
        return _reply(status, body)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection: the idle now, those in use when they are done."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def _posted(
        self, connection: http.client.HTTPConnection, prepare: bytes, timeout_seconds: float
    ) -> tuple[int, bytes]:
        connection.sock.settimeout(timeout_seconds)
        connection.request("POST", self._path, prepare, self._headers)
        response = connection.getresponse()
        body = response.read(BODY_MAX)
        if response.read(1):
            raise http.client.HTTPException("the answer is too long")
        return response.status, body

    def _connection(self) -> http.client.HTTPConnection:
        """The connection used last, if it is fresh and nothing has come over it; else a new one."""
        while True:
            with self._lock:
                if not self._idle:
                    break
                since, connection = self._idle.pop()
            if time.monotonic() - since < IDLE_SECONDS_MAX and not _readable(connection.sock):
                return connection
            connection.close()
        return self._connected()

    def _connected(self) -> http.client.HTTPConnection:
        connection = (
            http.client.HTTPSConnection(self._host, self._port, timeout=self.connect_seconds, context=self._trust)
            if self._trust
            else http.client.HTTPConnection(self._host, self._port, timeout=self.connect_seconds)
        )
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _release(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if connection.sock and not self._closed:  # the server may have closed after this answer
                self._idle.append((time.monotonic(), connection))
                return
        connection.close()


def _readable(sock: socket.socket) -> bool:
    """Something, or the end, has arrived on a connection where nothing is expected: do not use it again."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _reply(status: int, body: bytes) -> bytes:
    """The body of a 200; a Reject for what the connector refused to take; Unanswered for what it may have taken."""
    if status == http.HTTPStatus.OK:
        return body
    if status == http.HTTPStatus.TOO_MANY_REQUESTS:
        return _refusal("T05", "HTTP 429")
    if 300 <= status < 500 and status != http.HTTPStatus.REQUEST_TIMEOUT:
        return _refusal("F00", f"HTTP {status}")
    raise Unanswered(f"HTTP {status}")


def _refusal(code: str, message: str) -> bytes:
    return packet.encode(Reject(code, message=message))
