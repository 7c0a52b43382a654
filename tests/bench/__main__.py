"""``python -m tests.bench [NAME…]``: how fast we are, as ratios against floors measured in the same run."""

import os
import sys

os.environ["RAILHEAD_ENV"] = os.devnull  # a demo that may be running has nothing to do with it

from tests.bench import paying, recovery, submission, watching  # noqa: E402  settings are read as they are imported
from tests.bench.figures import Bench, load, table  # noqa: E402

BENCHES: dict[str, Bench] = {
    "paying": paying.clean,
    "dirty": paying.dirty,
    "submission": submission.signing_and_settling,
    "processor": submission.processor,
    "watching": watching.catching_up,
    "recovery": recovery.with_broker,
    "loop": recovery.without_broker,
}


def main(names: list[str]) -> int:
    unknown = sorted(set(names) - set(BENCHES))
    if unknown:
        say(f"no bench called {', '.join(unknown)}; there are: {', '.join(BENCHES)}")
        return 2
    figures = []
    for name in names or BENCHES:
        say(f"{name} … ({load()})")
        figures += list(BENCHES[name]())
    say(table(figures))
    return int(not all(figure.met for figure in figures))


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  a program's own voice


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
