"""Where the counterpart calls back. What is not signed by the key of its stellar.toml is not heard."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from stellar_sdk import Keypair
from stellar_sdk.exceptions import BadSignatureError

from .memory import Memory
from .tell import tell

FRESH_SECONDS = 120


class Callbacks(ThreadingHTTPServer):
    """Listens on 127.0.0.1 and writes down every call once, in the order of coming."""

    daemon_threads = True

    def __init__(self, memory: Memory, signing_key: str):
        super().__init__(("127.0.0.1", memory.recall("port") or 0), _Call)
        self.memory = memory
        self.url = f"http://127.0.0.1:{memory.keep('port', self.server_port)}/callback"
        self._signer = Keypair.from_public_key(signing_key)
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()

    def statuses(self) -> list[str]:
        """Return the statuses heard so far, in the order of coming."""
        return [call["status"] for call in self.memory.recall("calls") or []]

    def hear(self, key: str, signature: str, host: str, body: bytes) -> bool:
        """Write a call down, if it is signed; say if it is. ``key`` stays the same when it is made again."""
        if not self._signed(signature, host, body):
            tell("forged")
            return False
        status = json.loads(body)["transaction"]["status"]
        if self.memory.add("calls", key, {"status": status}):
            tell("called_back", status=status)
        return True

    def _signed(self, signature: str, host: str, body: bytes) -> bool:
        """Check ``t=…, s=…``: Ed25519 over ``t.host.body``, and fresh (SEP-31)."""
        try:
            parts = dict(part.strip().split("=", 1) for part in signature.split(","))
            self._signer.verify(f"{parts['t']}.{host}.".encode() + body, base64.b64decode(parts["s"]))
            return abs(time.time() - int(parts["t"])) < FRESH_SECONDS
        except (KeyError, ValueError, BadSignatureError):
            return False


class _Call(BaseHTTPRequestHandler):
    server: Callbacks

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        heard = {name: self.headers.get(name, "") for name in ("Event-Id", "Signature", "Host")}
        valid = self.server.hear(heard["Event-Id"], heard["Signature"], heard["Host"], body)
        self.send_response(204 if valid else 403)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """What happened is told by ``tell``."""
