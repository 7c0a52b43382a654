"""A network that outlives its process.

A file holds a snapshot of the ledger, then every ledger since, as it closed: when, at what rate, with which
transactions in which order. Nothing else need be kept: the state, and the history since the snapshot, are a fold over
these. When much has come since the snapshot, a new file is begun with a new one; the file before it is kept beside it,
so that history reaches back further than the last snapshot.

    {"event": "snapshot", "passphrase": …, "header": [number, close time, last id, fee pool], "entries": [XDR, …]}
    {"event": "closed", "at": close time, "rate": fee per operation, "sent": [XDR, …]}
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.decoding import decode
from app.sandbox.network.engine.entries import HEADER, Entry, Header
from app.sandbox.network.engine.entry_reading import read
from app.sandbox.network.engine.entry_writing import write
from app.sandbox.network.engine.ledger import Closed, Ledger

OPERATIONS_MAX = 100_000  # since the last snapshot: so many are applied again in well under a minute
LEDGERS_MAX = 100_000

Line = dict[str, Any]


class OtherNetwork(ValueError):
    """The file belongs to a network with another passphrase."""


class Memory:
    """The file while a network runs. One process writes it."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._operations = 0
        self._ledgers = 0
        self._lines = None if not self._path.exists() else _open(self._path)

    @property
    def _before(self) -> Path:
        return self._path.with_name(self._path.name + ".before")

    def recall(self, passphrase: str) -> tuple[list[Entry], Iterator[Line]] | None:
        """Return the oldest snapshot there is and the ledgers since, None if the file is new. Raises OtherNetwork."""
        files = [path for path in (self._before, self._path) if path.exists()]
        if not files:
            return None
        lines = (line for path in files for line in _read(path))
        first = next(lines)
        if first["passphrase"] != passphrase:
            raise OtherNetwork(f"{self._path} remembers another network, {first['passphrase']}")
        entries = [Header(*first["header"]), *(read(X.LedgerEntry.from_xdr(text)) for text in first["entries"])]
        return entries, (line for line in lines if line["event"] == "closed")

    def begin(self, ledger: Ledger) -> None:
        """Start a file with ``ledger`` as it stands; what there was is kept as the file before."""
        if self._lines is not None:
            os.close(self._lines)
            self._path.replace(self._before)
        save(ledger, self._path)
        self._lines = _open(self._path)
        self._operations = self._ledgers = 0

    def note(self, closed: Closed, ledger: Ledger) -> None:
        """Write down what it takes to close this ledger once more."""
        self._ledgers += 1
        self._operations += closed.set_size
        if self._lines is not None:
            os.write(self._lines, json.dumps(_line_of(closed)).encode() + b"\n")
        if self._operations > OPERATIONS_MAX or self._ledgers > LEDGERS_MAX:
            self.begin(ledger)


def save(ledger: Ledger, path: Path) -> None:
    """Write a snapshot of ``ledger``: a network can begin with it."""
    entries = [write(entry, 0).to_xdr() for entry in ledger.world if entry.key != HEADER]
    line = {"event": "snapshot", "passphrase": ledger.rules.passphrase, "header": list(astuple(ledger.header))}
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_text(json.dumps(line | {"entries": entries}) + "\n")
    unfinished.replace(path)


def replay(lines: Iterator[Line], ledger: Ledger) -> Iterator[Closed]:
    """Close once more every ledger written down."""
    for line in lines:
        frames = [decode(b64decode(envelope), ledger.rules.passphrase) for envelope in line.get("sent", ())]
        yield ledger.close_with(line["at"], frames, line.get("rate", ledger.rules.base_fee))


def _line_of(closed: Closed) -> Line:
    sent = [b64encode(applied.frame.envelope).decode() for applied in closed.transactions]
    return {"event": "closed", "at": closed.header.close_time} | (
        {"rate": closed.base_fee, "sent": sent} if sent else {}
    )


def _open(path: Path) -> int:
    """Open for appending, without the line that a crash tore off: its ledger was seen by nobody."""
    whole = sum(len(line) for line in _whole_lines(path))
    opened = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.ftruncate(opened, whole)
    return opened


def _read(path: Path) -> Iterator[Line]:
    return (json.loads(line) for line in _whole_lines(path))


def _whole_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as lines:
        yield from (line for line in lines if line.endswith(b"\n"))
