"""The tables in README.md that the code writes: ``python -m tests.readme`` renews them, a test compares them.

Each stands between ``<!-- NAME -->`` and ``<!-- end -->``.
"""

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from app.states import machines
from config import NONE, SETTINGS
from rails import base, custody
from tasks import celery
from tasks.schedule import SCHEDULE

README = Path(__file__).parent.parent / "README.md"
_TABLE = re.compile(r"<!-- (?P<name>[a-z][\w: -]*) -->\n(?P<text>.*?)<!-- end -->", re.DOTALL)


def tables() -> dict[str, Callable[[], str]]:
    """Return what stands under each name."""
    known: dict[str, Callable[[], str]] = {
        f"states: {model.__table__.name}": model.machine.markdown for model in machines()
    }
    known["schedule"] = lambda: "\n".join(
        ["| drain | queue | every | why |", "|---|---|---|---|"]
        + [f"| `{line.drain}` | {line.queue} | {line.every_seconds} s | {line.why} |" for line in SCHEDULE]
    )
    known["settings"] = lambda: "\n".join(
        ["| setting | default | meaning |", "|---|---|---|"]
        + [f"| `{s.name}` | {'' if s.default is NONE else f'`{s.default}`'} | {s.meaning} |" for s in SETTINGS]
    )
    known["rail"] = lambda: f"```python\n{example(base)}\n```"
    known["custodian"] = lambda: f"```python\n{example(custody)}\n```"
    return known


def example(contract: ModuleType) -> str:
    """Return the plugin that a contract itself shows."""
    lines = str(contract.__doc__).splitlines()
    first = lines.index("    import requests")
    last = max(number for number, line in enumerate(lines) if line.startswith("    "))
    return textwrap.dedent("\n".join(lines[first : last + 1]))


def renewed(text: str) -> str:
    """Return ``text`` with every table as the code has it; raise KeyError for a name nobody knows."""
    known = tables()
    return _TABLE.sub(lambda found: f"<!-- {found['name']} -->\n{known[found['name']]()}\n<!-- end -->", text)


def outdated() -> list[str]:
    """Return the names of tables that are not as the code has them, and of those README lacks."""
    shown = {found["name"]: found["text"].strip() for found in _TABLE.finditer(README.read_text())}
    return [name for name, write in tables().items() if shown.get(name) != write().strip()]


celery.loader.import_default_modules()  # every table is somebody's

if __name__ == "__main__":
    README.write_text(renewed(README.read_text()))
