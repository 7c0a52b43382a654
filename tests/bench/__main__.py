"""Every bench, one after the other: ``make bench``. Fails if a figure of any was missed."""

import subprocess
import sys
from pathlib import Path


def main() -> int:
    rooms = sorted(path.parent.name for path in Path(__file__).parent.glob("*/__main__.py"))
    missed = [room for room in rooms if subprocess.run([sys.executable, "-m", f"tests.bench.{room}"]).returncode]
    if missed:
        print(f"missed: {', '.join(missed)}", file=sys.stderr)  # noqa: T201  a program's own voice
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
