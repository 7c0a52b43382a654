"""``python -m tests.sim``: does the engine keep its promises, whatever goes wrong?

Each seed is a world of its own: a dozen orders, a few workers, a network, three minutes of faults. A seed that shows
something wrong shows it again: ``--seed`` tells its whole course.
"""

import sys
import time
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial

import click

from tests.sim import runs
from tests.sim.mutants import MUTANTS
from tests.sim.runs import Hunt, Outcome

SHOWN = 20  # broken promises, of all


@click.command()
@click.option("--seeds", default=2000, help="How many to play.")
@click.option("--first", default=0, help="The first of them.")
@click.option("--seed", type=int, help="Play this one only, and tell all that happens in it.")
@click.option("--store", type=click.Choice(["memory", "postgres"]), default="memory", help="Where orders are kept.")
@click.option("--mutants", is_flag=True, help="Break the engine on purpose, and say which seed shows it.")
def main(seeds: int, first: int, seed: int | None, store: str, mutants: bool) -> None:
    if mutants:
        sys.exit(_hunt(seeds))
    with runs.server() if store == "postgres" else nullcontext("") as url:
        play = partial(runs.play_in_postgres, server_url=url) if url else runs.play
        if seed is not None:
            sys.exit(_report([play(seed, tell=click.echo)], time.monotonic()))
        began = time.monotonic()
        sys.exit(_report(runs.each(play, range(first, first + seeds), chunk=10), began))


def _report(outcomes: Iterable[Outcome], began: float) -> int:
    """Print what came of all seeds; return the exit status."""
    seeds = payments = 0
    wrong: list[tuple[int, str, str]] = []
    for outcome in outcomes:
        seeds, payments = seeds + 1, payments + outcome.payments
        wrong += [(outcome.seed, kind, words) for kind, words in outcome.wrong]
    stuck = [row for row in wrong if row[1] == "stuck"]
    for number, kind, words in sorted(wrong)[:SHOWN]:
        click.echo(f"seed {number}: {kind}: {words}")
    counts = f"{payments} payments, {len(wrong) - len(stuck)} violations, {len(stuck)} stuck"
    click.echo(f"sim: {seeds} seeds, {counts} ({seeds / (time.monotonic() - began):.1f} seeds a second)")
    return 1 if wrong else 0


def _hunt(seeds: int) -> int:
    hunts = list(runs.each(partial(runs.hunt, seeds=seeds), range(len(MUTANTS)), chunk=1))
    for hunt in sorted(hunts, key=lambda hunt: hunt.name):
        click.echo(f"{hunt.name:24} {_caught(hunt):45} breaks: {hunt.words}")
    missed = [hunt for hunt in hunts if hunt.seed is None]
    click.echo(f"sim: {len(hunts)} mutants, {len(missed)} not caught")
    return 1 if missed else 0


def _caught(hunt: Hunt) -> str:
    return f"not caught in {hunt.tried}" if hunt.seed is None else f"seed {hunt.seed}: {', '.join(hunt.kinds)}"


if __name__ == "__main__":
    main()
