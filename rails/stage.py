"""A stranger on this machine, for demos and tests: JSON over HTTP, and faults to order.

What it does is its own; how it answers, or fails to, is here.
"""

import json
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Generic, NoReturn, TypeVar
from urllib.parse import parse_qs, urlsplit

Answer = dict[str, Any]

HOWS = ("error", "drop", "hang", "nonsense")
WHENS = ("before", "after")


@dataclass(frozen=True)
class Fault:
    """One fault. It strikes requests to ``where`` about ``key`` (empty: any), ``times`` times; 0 means always.

    ``how``: error (HTTP 500), drop (the connection is cut), hang (for ``seconds``, then cut), nonsense (an answer that
    is no JSON), each ``when`` "before" or "after" the request was taken in; or what only this stranger can do.
    """

    hows: ClassVar[Sequence[str]] = HOWS
    wheres: ClassVar[Sequence[str]] = ()

    how: str
    where: str = ""
    when: str = "after"
    key: str = ""
    times: int = 0
    seconds: int = 60

    def __post_init__(self) -> None:
        if self.how not in self.hows or self.where not in self.wheres or self.when not in WHENS:
            raise ValueError(f"not a fault that can be had here: {self}")

    def strikes(self, where: str, keys: Sequence[str] = ()) -> bool:
        return self.where == where and (not self.key or self.key in keys)


Kind = TypeVar("Kind", bound=Fault)


class Faults(Generic[Kind]):
    """The faults on order, oldest first."""

    def __init__(self) -> None:
        self._ordered: list[Kind] = []
        self._lock = threading.Lock()

    def order(self, fault: Kind) -> None:
        with self._lock:
            self._ordered.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._ordered.clear()

    def take(self, *request: Any) -> Kind | None:
        """Return the fault that strikes this request, as its ``strikes`` understands it, and count it down."""
        with self._lock:
            for at, fault in enumerate(self._ordered):
                if fault.strikes(*request):
                    self._count_down(at, fault)
                    return fault
        return None

    def _count_down(self, at: int, fault: Kind) -> None:
        if fault.times == 1:
            del self._ordered[at]
        elif fault.times:
            self._ordered[at] = replace(fault, times=fault.times - 1)


class Taken(Exception):
    """The key is taken, by an order that says something else."""


class Server(ThreadingHTTPServer):
    """Serves on 127.0.0.1; port 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, request: "type[Request]", port: int = 0):
        super().__init__(("127.0.0.1", port), request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A customer who hung up is none of its troubles; anything else is reported as usual."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Request(BaseHTTPRequestHandler):
    """One request: find what it asks for, do it, and answer, unless a fault was ordered for it."""

    protocol_version = "HTTP/1.1"

    def do(self, verb: str, path: Sequence[str], asked: dict[str, list[str]], body: Any) -> Answer:
        """Return the answer. Raises Taken, ValueError."""
        raise NotImplementedError

    def go_wrong(self, fault: Fault) -> NoReturn:
        """Answer as the fault has it."""
        if fault.how == "error":
            self._send(500, b'{"error": "as ordered"}')
        if fault.how == "nonsense":
            self._send(200, b"<h1>Welcome to our new website!</h1>")
        if fault.how == "hang":
            time.sleep(fault.seconds)
        raise _Cut

    def do_GET(self) -> None:
        try:
            address = urlsplit(self.path)
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            self._answer(200, self.do(self.command, address.path.strip("/").split("/"), parse_qs(address.query), body))
        except _Cut:
            self.close_connection = True
        except Taken as other:
            self._answer(409, {"error": str(other)})
        except (KeyError, TypeError, ValueError) as wrong:
            self._answer(400, {"error": f"{type(wrong).__name__}: {wrong}"})

    do_POST = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """The journal tells what happened."""

    def _answer(self, status: int, answer: Answer) -> None:
        self._send(status, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Cut(Exception):
    """The connection is to be cut without an answer."""
