"""What happened, as JSON lines for whoever started us."""

import json
import sys
import threading

_lock = threading.Lock()


def tell(event: str, **facts: object) -> None:
    """Write one line, at once and in one piece."""
    line = json.dumps({"event": event, **facts}) + "\n"
    with _lock:
        sys.stdout.write(line)
        sys.stdout.flush()
