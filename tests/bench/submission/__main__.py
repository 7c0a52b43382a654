"""How fast the engine pays: ``python -m tests.bench.submission [durable] [ledgers]``.

Each figure stands beside what it must reach, and where it has one, beside its floor, measured in the same run.
"""

import sys

from tests.bench.submission.durable import durable
from tests.bench.submission.house import house
from tests.bench.submission.ledgers import ledgers
from tests.bench.submission.say import table


def main() -> int:
    wanted = sys.argv[1:] or ["durable", "ledgers"]
    figures = []
    if "durable" in wanted:
        with house() as app:
            figures += durable(app)
    if "ledgers" in wanted:
        figures += ledgers()
    print(table(figures), flush=True)  # noqa: T201  a program's own voice
    return int(not all(figure.reached for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
