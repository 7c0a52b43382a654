"""How much the sandbox network carries: ``python -m tests.bench.network``.

A thousand operations a ledger, a ledger a second, for sixty ledgers, while a reader streams every payment: once in
transactions of a hundred operations, once in transactions of one. All that is sent must get in, no ledger may be late,
and the reader must have had every payment. Beside it, how big a network of 100,000 accounts is.
"""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import psutil
import requests
from stellar_sdk import Account as Sequenced
from stellar_sdk import Asset, Keypair, Payment, TransactionBuilder

from app.sandbox.network.core import Settings
from app.sandbox.network.engine.entries import Account, Header
from app.sandbox.network.engine.ledger import Ledger
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.handle import Handle
from app.sandbox.network.memory import save
from tests.bench.network.reader import Reader

PASSPHRASE = Settings.passphrase
OPERATIONS = 1000  # a ledger
LEDGERS = int(os.environ.get("LEDGERS", "60"))
LATE_SECONDS = 2  # a ledger that closes so long after the one before
ACCOUNTS = 100_000
CONNECTIONS = 4


@dataclass
class Load:
    """Transactions of ``size`` operations each. Two crowds send in turns: nobody has two of them pending."""

    size: int
    senders: list[Keypair] = field(init=False)

    def __post_init__(self) -> None:
        count = 2 * OPERATIONS // self.size
        self.senders = [Keypair.from_raw_ed25519_seed(sha256(b"sender %d" % n).digest()) for n in range(count)]

    def bodies(self, number: int) -> list[str]:
        """Return the forms to send for one ledger."""
        return [urlencode({"tx": self._envelope(sender, number // 2)}) for sender in self.senders[number % 2 :: 2]]

    def _envelope(self, sender: Keypair, sent: int) -> str:
        builder = TransactionBuilder(Sequenced(sender.public_key, (1 << 32) + sent), PASSPHRASE, 100)
        for _ in range(self.size):
            builder.append_operation(Payment(self.senders[0].public_key, Asset.native(), "0.0000001"))
        envelope = builder.add_time_bounds(0, 0).build()
        envelope.sign(sender)
        return envelope.to_xdr()


def main() -> int:
    big = weigh()
    late = [carry(Load(size)) for size in (100, 1)]
    return int(any(late) or big > 2 << 30)


def weigh() -> int:
    """Print how big a network of many accounts is and how fast it starts; return its bytes."""
    accounts = [Account(sha256(b"%d" % n).digest(), 10**9, 1 << 32) for n in range(ACCOUNTS)]
    with TemporaryDirectory() as home:
        path = _snapshot(Path(home), accounts)
        began = time.monotonic()
        with _running(path, 1) as (net, process):
            seconds = time.monotonic() - began
            taken = psutil.Process(process.pid).memory_info().rss
            began = time.monotonic()
            net.close()
            close_seconds = time.monotonic() - began
    _say(f"{ACCOUNTS:,} accounts: {taken >> 20} MiB, started in {seconds:.1f} s, an empty close {close_seconds:.3f} s")
    return taken


def carry(load: Load) -> bool:
    """Print how a load was carried; say whether anything was late or lost."""
    accounts = [Account(sender.raw_public_key(), 10**11, 1 << 32) for sender in load.senders]
    rounds = [load.bodies(number) for number in range(LEDGERS)]
    with TemporaryDirectory() as home, _running(_snapshot(Path(home), accounts), 1) as (net, process):
        reader = Reader(net.url)
        reader.start()
        used = psutil.Process(process.pid).cpu_times()
        began = time.monotonic()
        _send(net, rounds)
        seconds = time.monotonic() - began
        after = psutil.Process(process.pid).cpu_times()
        missing = _missing(reader, LEDGERS * OPERATIONS)
        gaps = _gaps(net)
        reader.done = True
    busy = (after.user + after.system - used.user - used.system) / seconds
    _say(
        f"{OPERATIONS} operations a ledger in transactions of {load.size}, {LEDGERS} ledgers in {seconds:.0f} s: "
        f"longest gap {max(gaps)} s, {missing} payments missed by the reader, {busy:.0%} of one core"
    )
    return bool(missing or max(gaps) > LATE_SECONDS)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  a program's own voice


def _snapshot(home: Path, accounts: list[Account]) -> Path:
    ledger = Ledger(Rules(PASSPHRASE), [Header(1, int(time.time())), *accounts])
    save(ledger, home / "network.jsonl")
    return home / "network.jsonl"


@contextmanager
def _running(state: Path, close_seconds: int) -> Iterator[tuple[Handle, subprocess.Popen[str]]]:
    words = ["--port", "0", "--max-operations", "20000", "--close-seconds", str(close_seconds), "--state", str(state)]
    command = [sys.executable, "-m", "app.sandbox.network", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield Handle([process.stdout.readline().split()[1]]), process  # type: ignore[union-attr]
    finally:
        process.terminate()
        process.communicate()


def _send(net: Handle, rounds: list[list[str]]) -> None:
    """Send one round a ledger, over a few connections.

    A round begins when a ledger has closed since the one before began: of two crowds that take turns, everybody's
    transaction of the last time is in by then.
    """
    host = net.url.removeprefix("http://")
    closed = _ledger(net)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        lines = [http.client.HTTPConnection(host) for _ in range(CONNECTIONS)]
        for bodies in rounds:
            closed = _next(net, closed)
            list(pool.map(_post, lines, (bodies[n::CONNECTIONS] for n in range(CONNECTIONS))))
        for line in lines:
            line.close()


def _next(net: Handle, closed: int) -> int:
    while _ledger(net) == closed:
        time.sleep(0.01)
    return _ledger(net)


def _ledger(net: Handle) -> int:
    return int(net.show()["ledger"])


def _post(line: http.client.HTTPConnection, bodies: list[str]) -> None:
    for body in bodies:
        line.request("POST", "/transactions_async", body, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = line.getresponse()
        said = answer.read()
        if answer.status != 201:
            raise RuntimeError(said.decode())


def _missing(reader: Reader, sent: int) -> int:
    for _ in range(100):
        if reader.seen >= sent:
            break
        time.sleep(0.1)
    return sent - reader.seen


def _gaps(net: Handle) -> list[int]:
    """Return the seconds between one ledger and the next, while there was something in them."""
    where = f"{net.url}/ledgers?order=desc&limit={LEDGERS}"
    records = requests.get(where, timeout=10).json()["_embedded"]["records"]
    times = [time.mktime(time.strptime(record["closed_at"], "%Y-%m-%dT%H:%M:%SZ")) for record in records]
    return [round(later - earlier) for later, earlier in zip(times, times[1:], strict=False)]


if __name__ == "__main__":
    sys.exit(main())
