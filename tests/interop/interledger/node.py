"""Starting the reference peers, and asking them."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from app.interledger.destinations import Destination

PEERS = Path(__file__).parent / "peers"


def install() -> None:
    """Bring the pinned reference implementations from npm into an untracked directory beside this file, once."""
    installed, wanted = PEERS.parent / "node_modules/.package-lock.json", PEERS.parent / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=PEERS.parent, check=True)


@contextmanager
def serving(script: str, **environment: object) -> Iterator[str]:
    """Run a peer that serves HTTP, for as long as the block lasts; yields its URL."""
    settings = {**os.environ, **{name: str(value) for name, value in environment.items()}}
    running = subprocess.Popen(["node", PEERS / script], env=settings, stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{json.loads(_stdout(running).readline())['port']}"
    finally:
        running.kill()
        running.wait()
        _stdout(running).close()


@contextmanager
def conversing(script: str) -> Iterator["Conversation"]:
    """Run a peer that answers every line of JSON with one."""
    running = subprocess.Popen(["node", PEERS / script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Conversation(running)
    finally:
        running.communicate()


class Conversation:
    def __init__(self, running: subprocess.Popen[str]) -> None:
        self._running = running

    def ask(self, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Ask all questions of a group before reading the answers; a group must fit into a pipe."""
        stdin = self._running.stdin
        if stdin is None:
            raise RuntimeError("nobody listens")
        stdin.write("".join(json.dumps(question) + "\n" for question in questions))
        stdin.flush()
        return [json.loads(_stdout(self._running).readline()) for _ in questions]


def reference_pays(connector: str, destination: Destination, direction: str, amount: int) -> dict[str, Any]:
    """Let @interledger/pay pay a destination; direction is ``send`` or ``deliver``. Returns what it reports."""
    asset = destination.asset and {"code": destination.asset.code, "scale": destination.asset.scale}
    secret = base64.b64encode(destination.shared_secret).decode()
    credentials = json.dumps({"address": destination.address, "secret": secret, "asset": asset})
    command = ["node", PEERS / "pay.js", f"{connector}/ilp", credentials, direction, str(amount)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return dict(json.loads(done.stdout))


def get(url: str) -> Any:
    with urlopen(url) as answer:  # noqa: S310  loopback
        return json.load(answer)


def post(url: str, body: dict[str, Any]) -> Any:
    with urlopen(Request(url, json.dumps(body).encode())) as answer:  # noqa: S310  loopback
        return json.load(answer)


def _stdout(running: subprocess.Popen[str]) -> Any:
    return running.stdout
