"""The operator's door: ``flask transactions``, ``flask suspense``, ``flask rails``."""

import json
from collections.abc import Sequence

import click
from flask import current_app
from rich.table import Column, Table

import rails
from app import commands
from app.anchor import operate
from app.anchor.counters import counter, names
from app.anchor.show import shown
from app.commands import Commands
from app.db import transaction
from app.money import code, show
from app.states import history
from rails import check

transactions = Commands("transactions", help="What passes through the anchor.")
suspense = Commands("suspense", help="What came on Stellar and belongs to no transaction.")
rails_ = Commands("rails", help="Banks and mobile money.")


@transactions.command("list")
@click.argument("states", nargs=-1)
@click.option("--limit", default=50, show_default=True)
def list_transactions(states: Sequence[str], limit: int) -> None:
    """List transactions, the latest first; only those in STATES if any are named."""
    table = Table(Column("id", no_wrap=True), "state", "asset", "expected", "in", "out", "rail", "message", box=None)
    with transaction() as session:
        for row in operate.listed(session, states, limit):
            amounts = [show(n) if n is not None else "" for n in (row.amount_expected, row.amount_in, row.amount_out)]
            table.add_row(row.id, row.state, code(row.asset.asset), *amounts, row.rail, row.message)
    commands.show(table)


@transactions.command("show")
@click.argument("transaction_id")
def show_transaction(transaction_id: str) -> None:
    """Show one transaction as its sender sees it, and how it came to stand where it stands."""
    with transaction() as session:
        row = operate.find(session, transaction_id)
        click.echo(json.dumps(shown(row), indent=2))
        for refund in row.refunds:
            click.echo(
                f"refund {refund.id} {refund.state}: {show(refund.amount)} {code(refund.asset)}, {refund.reason}"
            )
        for move in history(session, row):
            click.echo(f"{move.at:%Y-%m-%d %H:%M:%S}  {move.event:<10} {move.source} → {move.target}  {move.note}")


@transactions.command("act")
@click.argument("transaction_id")
@click.argument("verb", type=click.Choice(list(operate.VERBS)))
@click.option("--reason", default="", help="Why; the sender sees it. For retry-refund: another account to refund to.")
def act_on_transaction(transaction_id: str, verb: str, reason: str) -> None:
    """State what became of a payout, or decide what becomes of a transaction."""
    with transaction() as session:
        row = operate.find(session, transaction_id)
        operate.act(session, counter(row.rail), row, verb, reason)
        click.echo(f"{row.id} is {row.state}")


@suspense.command("list")
def list_suspense() -> None:
    """List what nobody claimed, with the reason."""
    table = Table(Column("observation", no_wrap=True), "when", "from", "amount", "memo", "reason", box=None)
    with transaction() as session:
        for row in operate.unclaimed(session):
            amount = f"{show(row.amount)} {code(row.asset)}"
            table.add_row(
                str(row.id), f"{row.closed_at:%Y-%m-%d %H:%M}", row.counterparty, amount, row.memo, row.reason
            )
    commands.show(table)


@suspense.command("assign")
@click.argument("observation")
@click.argument("transaction_id")
def assign_suspense(observation: str, transaction_id: str) -> None:
    """Count what came as OBSERVATION for a transaction, as if it had borne its memo."""
    with transaction() as session:
        row = operate.find(session, transaction_id)
        operate.assign(session, observation, row)
        click.echo(f"{row.id} is {row.state}")


@suspense.command("own")
@click.argument("observation")
def own_suspense(observation: str) -> None:
    """Count what came as OBSERVATION as the organization's own money: its float, say."""
    with transaction() as session:
        row = operate.own(session, observation)
        click.echo(f"{show(row.amount)} {code(row.asset)} is the organization's own")


@rails_.command("list")
def list_rails() -> None:
    """List the rails in use and the kinds there are."""
    for name in names():
        methods = ", ".join(f"{method.name} ({method.asset})" for method in counter(name).rail.methods)
        click.echo(f"{name}: {current_app.config['RAILS'][name]}: {methods or 'no methods'}")
    click.echo(f"kinds: {', '.join(rails.names())}, or module:Class")


@rails_.command("check")
@click.argument("path")
@click.option("--settings", default="{}", help="The rail's own settings, JSON.")
def check_rail(path: str, settings: str) -> None:
    """Run the contract's own tests against PATH, one of ours or module:Class."""
    findings = check.check(rails.build(path, json.loads(settings)))
    click.echo(check.show(findings))
    if any(finding.fault for finding in findings):
        raise click.ClickException(f"{path} breaks the contract")
