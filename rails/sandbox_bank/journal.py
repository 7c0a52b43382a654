"""What happened at the bank: append-only JSON lines, on disk before the bank acts on them."""

import json
import os
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


def journal(path: str | Path) -> list[Entry]:
    """Return the entries at ``path``, oldest first: ``event``, ``at`` and the event's own facts."""
    return [json.loads(line) for line in _whole_lines(Path(path))]


class Journal:
    """The journal while it is kept. One process writes it."""

    def __init__(self, path: str | Path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        whole = _whole_lines(Path(path))
        self.entries: list[Entry] = [json.loads(line) for line in whole]
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.ftruncate(self._file, sum(map(len, whole)))

    def write(self, entry: Entry) -> None:
        """Add ``entry``; it is on disk when this returns."""
        os.write(self._file, json.dumps(entry, sort_keys=True).encode() + b"\n")
        os.fsync(self._file)
        self.entries.append(entry)

    def close(self) -> None:
        os.close(self._file)


def _whole_lines(path: Path) -> list[bytes]:
    """Return the lines that end; a last one that a crash tore off was never acted upon."""
    written = path.read_bytes() if path.exists() else b""
    return [line for line in written.splitlines(keepends=True) if line.endswith(b"\n")]
