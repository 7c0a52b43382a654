"""``flask ledger``: what the books say."""

import click

from app.commands import Commands
from app.db import transaction
from app.ledger import queries
from app.money import show

ledger = Commands("ledger", help="What the books say.")


@ledger.command("trial-balance")
def trial_balance() -> None:
    """Add up every asset: debits and credits must be equal. Exits 1 if anything is astray."""
    with transaction() as session:
        trials = queries.trial_balance(session)
    click.echo(f"{'debits':>24} {'credits':>24} {'difference':>12}  asset")
    for trial in trials:
        click.echo(f"{show(trial.debits):>24} {show(trial.credits):>24} {show(trial.difference):>12}  {trial.asset}")
        for name in trial.astray:
            click.echo(f"  astray: {name} of organization {trial.organization_id}")
    if not all(trial.balanced for trial in trials):
        raise SystemExit(1)


@ledger.command("statement")
@click.argument("name")
@click.option("--asset", default="", help="Only this one, such as stellar:native.")
@click.option("--organization", default="", help="Only of the organization with this id.")
@click.option("--after", default=0, help="Only lines after the one with this number.")
@click.option("--limit", default=queries.PAGE_ROWS, show_default=True)
def statement(name: str, asset: str, organization: str, after: int, limit: int) -> None:
    """Show what moved in and out of the account NAME, the oldest first."""
    with transaction() as session:
        for account in queries.accounts(session, name, organization, asset):
            click.echo(f"{account.name} · {account.asset} · organization {account.organization_id}")
            for line in queries.statement(session, account, after, limit):
                click.echo(_shown(line))
            click.echo(f"posted {show(account.balance.posted)}, available {show(account.balance.available)}\n")


def _shown(line: queries.Line) -> str:
    amount = show(line.moved) if line.moved else f"({show(line.held)})"
    columns = f"{line.id:>8} {line.at:%Y-%m-%d %H:%M:%S} {line.kind:<8} {amount:>22} {show(line.balance):>22}"
    return f"{columns}  {line.other}  {line.key}  {line.about}".rstrip()
