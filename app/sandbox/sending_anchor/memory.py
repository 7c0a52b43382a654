"""What must outlive a crash."""

import json
import threading
from pathlib import Path
from typing import Any


class Memory:
    """Named facts in one JSON file, on disk when ``keep`` returns. Safe to be used by several threads."""

    def __init__(self, path: Path):
        self._path = path
        self._lock = threading.Lock()
        self._facts: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    def recall(self, name: str) -> Any:
        """Return a fact, None if there is none."""
        with self._lock:
            return self._facts.get(name)

    def keep(self, name: str, fact: Any) -> Any:
        """Write a fact down, and return it."""
        with self._lock:
            self._facts[name] = fact
            self._write()
        return fact

    def add(self, name: str, key: str, fact: Any) -> bool:
        """Add to a list what ``key`` names, unless it is there already; say whether it is new."""
        with self._lock:
            known = self._facts.setdefault(name, [])
            if any(row["key"] == key for row in known):
                return False
            known.append({"key": key, **fact})
            self._write()
        return True

    def forget(self, name: str) -> None:
        with self._lock:
            del self._facts[name]
            self._write()

    def _write(self) -> None:
        unfinished = self._path.with_name(f"{self._path.name}.new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(self._facts))
        unfinished.rename(self._path)
