"""``flask drain``: the same drains without Celery, for a broker that is down, for tests, and by hand."""

import logging
import threading
from collections.abc import Sequence

import click
from flask import current_app

from tasks import celery
from tasks.drain import DRAINS, finish
from tasks.schedule import SCHEDULE
from tasks.submission import trust_nothing

log = logging.getLogger(__name__)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every drain, in the order of the schedule.")
@click.option("--loop", is_flag=True, help="Go on until interrupted.")
@click.option("--interval", default=1, show_default=True, help="Seconds between rounds.")
def drain(names: Sequence[str], every: bool, loop: bool, interval: int) -> None:
    """Do the work of NAMES here and now, without Celery."""
    celery.loader.import_default_modules()
    wanted = [line.drain for line in SCHEDULE] if every else list(names)
    unknown = sorted(set(wanted) - set(DRAINS))
    if unknown or not wanted:
        raise click.UsageError(f"no drain called {', '.join(unknown)}; there are: {', '.join(DRAINS)}")
    if every and loop:
        trust_nothing()
    rest = threading.Event()
    round_of(wanted, tolerant=loop)
    while loop and not rest.wait(interval):
        round_of(wanted, tolerant=True)
    finish(30)


def round_of(names: Sequence[str], tolerant: bool) -> None:
    """Run each drain once for each of its owners; in a loop, one that fails does not keep the others from running."""
    for name in names:
        for owner in DRAINS[name].owners():
            try:
                DRAINS[name].once(owner)
            except Exception:
                if not tolerant:
                    raise
                log.exception("drain failed", extra={"drain": name, "owner": owner})
    current_app.extensions["sqlalchemy"].session.remove()
