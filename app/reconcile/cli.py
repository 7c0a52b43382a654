"""Doing all checks, and telling what they found."""

from collections.abc import Iterator, Sequence

import click
from flask.cli import with_appcontext
from rich.table import Table

from app import commands
from app.db import transaction
from app.errors import Refused
from app.ledger import queries as ledger
from app.money import code, show
from app.reconcile.checks import CHECKS
from app.reconcile.outside import Outside, look
from config import Unconfigured

DAYS = 30  # of a bank's statement, where nobody says how many


def findings(outside: Outside | None = None) -> Iterator[tuple[str, list[str]]]:
    """Yield each check's sentence and the differences it found."""
    seen = outside or look(DAYS)
    for check in CHECKS:
        with transaction() as session:
            yield str(check.__doc__), list(check(session, seen))


@click.command("reconcile")
@click.option("--days", default=DAYS, show_default=True, help="how far back banks' statements are read")
@with_appcontext
def command(days: int) -> None:
    """Say where every stroop is, and name every difference; exit with 1 if there is one."""
    try:
        commands.show(balances())
        outside = look(days)
        wrong = [words for sentence, differences in findings(outside) for words in told(sentence, differences)]
    except (Refused, Unconfigured) as refusal:
        raise click.ClickException(str(refusal)) from None
    for name in outside.silent:
        click.echo(f"note  the rail {name} gives no statement: its word is all there is")
    raise SystemExit(1 if wrong else 0)


def told(sentence: str, differences: Sequence[str]) -> Sequence[str]:
    """Print one check; return its differences."""
    click.echo(f"{'WRONG' if differences else 'ok   '} {sentence}")
    for words in differences:
        click.echo(f"      {words}")
    return differences


def balances() -> Table:
    """Return every account of the ledger with what is in it."""
    table = Table("account", "asset", "balance", "reserved", box=None)
    with transaction() as session:
        for account in ledger.accounts(session):
            asset, balance = code(account.asset), account.balance
            table.add_row(account.name, asset, show(balance.posted), show(balance.pending) if balance.pending else "")
    return table
