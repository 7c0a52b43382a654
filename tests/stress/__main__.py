"""``python -m tests.stress``, or ``make stress``: pay 10,000 orders while workers die and the network misbehaves.

COUNT= for fewer, SEED= for other kills and other faults. Fails if anything was paid twice, not at all, or is in the
books otherwise than on the network.
"""

import os
import sys

os.environ["RAILHEAD_ENV"] = os.devnull  # a demo that may be running has nothing to do with it

from tests.stress.ordeal import Ordeal, undergo  # noqa: E402  settings are read as it is imported


def main() -> int:
    ordeal = Ordeal(count=int(os.environ.get("COUNT", "10000")), seed=int(os.environ.get("SEED", "1")))
    wrong = undergo(ordeal, say)
    for words in wrong:
        say(f"WRONG {words}")
    say(f"{ordeal.count:,} payments, {len(wrong)} findings")
    return int(bool(wrong))


def say(line: str) -> None:
    print(f"stress: {line}", flush=True)  # noqa: T201  a program's own voice


if __name__ == "__main__":
    sys.exit(main())
