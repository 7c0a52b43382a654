"""``flask --app wsgi demo`` and ``sandbox``: doors only, so that no server carries the sandbox along."""

import runpy
import sys
from collections.abc import Sequence

import click


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def demo(words: Sequence[str]) -> None:
    """Run everything on this machine, with stories to watch; see demo --help."""
    sys.argv = ["demo", *words]
    runpy.run_module("app.sandbox.demo", run_name="__main__")


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def sandbox(words: Sequence[str]) -> None:
    """Run a sandbox Stellar network alone, or order a fault of one that runs; see sandbox --help."""
    sys.argv = ["sandbox", *words]
    runpy.run_module("app.sandbox.network", run_name="__main__")
