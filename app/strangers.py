"""The one HTTP client for addresses that others gave us: callbacks, wallets' stellar.toml files, payment pointers.

Whoever gives us an address may mean to look, through us, at what only we can reach. So the address must be one we may
ask (app/addresses.py); the name is resolved once, all it resolves to must be public, and it is one of these we connect
to, with the name in SNI, certificate and Host; redirects are answers like any other; nothing outlasts one deadline,
however slowly it trickles; nothing is read beyond a cap, and nothing compressed is accepted.
"""

import http.client
import io
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from queue import Empty, SimpleQueue

from app.addresses import Place, Unsafe, check, public
from app.errors import Unavailable

__all__ = ["Answer", "Unreachable", "Unsafe", "check", "fetch"]

CONNECTIONS_PER_HOST = 2  # a host here is a name and a port


class Unreachable(Unavailable):
    """Nobody answered in time, or not in HTTP, or with too much."""

    default_code = "address_unreachable"


@dataclass(frozen=True)
class Answer:
    """``headers`` by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(
    url: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    timeout_seconds: float = 3,
    bytes_max: int = 100_000,
    allow_private: bool = False,
) -> Answer:
    """Ask a stranger, whatever the status of the answer. Raise Unsafe before, Unreachable after, connecting."""
    place = check(url, allow_private)
    deadline = _Deadline(timeout_seconds)
    sent = {"Host": place.netloc, "Connection": "close", "User-Agent": "railhead", **(headers or {})}
    try:
        with _turn(f"{place.host}:{place.port}", deadline), _connected(place, allow_private, deadline) as connection:
            connection.request(method, place.path, body, sent)
            return _answer(connection.getresponse(), bytes_max)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{place.host} does not answer as it should: {type(error).__name__}") from error


class _Deadline:
    def __init__(self, seconds: float):
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, or raise TimeoutError."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left


_busy: Counter[str] = Counter()
_freed = threading.Condition()


@contextmanager
def _turn(host: str, deadline: _Deadline) -> Iterator[None]:
    """Wait until fewer than CONNECTIONS_PER_HOST of us are asking ``host``."""
    with _freed:
        if not _freed.wait_for(lambda: _busy[host] < CONNECTIONS_PER_HOST, deadline.left()):
            raise TimeoutError("others are still asking")
        _busy[host] += 1
    try:
        yield
    finally:
        with _freed:
            _busy[host] -= 1
            if not _busy[host]:
                del _busy[host]
            _freed.notify_all()


def _addresses(place: Place, allow_private: bool, deadline: _Deadline) -> list[str]:
    """Resolve the name, once; raise Unsafe if any of its addresses is one we may not ask."""
    found = list(dict.fromkeys(_resolved(place, deadline)))
    if not allow_private and not all(map(public, found)):
        raise Unsafe("we do not ask this address: it is not public")
    return found


def _resolved(place: Place, deadline: _Deadline) -> list[str]:
    """Ask the resolver in a thread of its own: it knows no deadline."""
    answers: SimpleQueue[list[str]] = SimpleQueue()

    def ask() -> None:
        found: list[str] = []
        with suppress(OSError, UnicodeError):
            entries = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
            found = [str(address[0]) for *_, address in entries]
        answers.put(found)

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answers.get(timeout=deadline.left())
    except Empty:
        raise TimeoutError("the name is not resolved in time") from None


@contextmanager
def _connected(place: Place, allow_private: bool, deadline: _Deadline) -> Iterator[http.client.HTTPConnection]:
    with _socket(place, _addresses(place, allow_private, deadline), deadline) as plain:
        sock = _secured(plain, place.host, deadline) if place.scheme == "https" else plain
        with sock:
            connection = http.client.HTTPConnection(place.host, place.port)
            connection.sock = _Timed(sock, deadline)
            yield connection


def _socket(place: Place, addresses: list[str], deadline: _Deadline) -> socket.socket:
    """Connect to the first of the resolved addresses that lets us; the name is not asked for again."""
    error: OSError = OSError("the name has no address")
    for address in addresses:
        try:
            return socket.create_connection((address, place.port), timeout=deadline.left())
        except OSError as refusal:
            error = refusal
    raise error


def _secured(sock: socket.socket, host: str, deadline: _Deadline) -> ssl.SSLSocket:
    sock.settimeout(deadline.left())
    return _trust().wrap_socket(sock, server_hostname=host.removesuffix("."))


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Timed:
    """As much of a socket as HTTP needs; every send and every read has only what is left of the deadline."""

    def __init__(self, sock: socket.socket, deadline: _Deadline):
        self._sock, self._deadline = sock, deadline

    def sendall(self, sent: bytes) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(sent)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reads(self._sock, self._deadline))

    def close(self) -> None:
        """Leave the socket to whoever opened it."""


class _Reads(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: _Deadline):
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)


def _answer(response: http.client.HTTPResponse, bytes_max: int) -> Answer:
    """Read the answer, or raise ValueError where it is more, or something else, than we asked for."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ValueError("the answer is compressed")  # http.client asks for identity
    body = response.read(bytes_max + 1)
    if len(body) > bytes_max:
        raise ValueError(f"the answer is longer than {bytes_max} bytes")
    return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, body)
