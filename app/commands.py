"""Commands for operators: a refusal is one line and an exit code, not a traceback."""

from typing import Any

import click
from flask.cli import AppGroup
from rich.console import Console
from rich.table import Table

from app.errors import Refused
from config import Unconfigured

whose = click.option("--organization", default="", help="Whose; needed only where there are several.")

WIDE = 200  # columns, where nobody said how wide: what another program reads must not be cut


def show(table: Table) -> None:
    """Print a table, as wide as the terminal, or as wide as it needs where there is none."""
    console = Console()
    Console(width=None if console.is_terminal else WIDE).print(table)


class Commands(AppGroup):
    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (Refused, Unconfigured) as refusal:
            raise click.ClickException(str(refusal)) from None
