"""The operator's commands: who waits for a decision, what they gave, and the decision."""

from pathlib import Path

import click

from app.commands import Commands
from app.customers import files, queries, service, verification
from app.customers.states import CUSTOMER
from app.db import transaction

customers = Commands("customers", help="The people whom money comes from and goes to.")


@customers.command("list")
@click.option("--state", type=click.Choice(list(CUSTOMER.states)), default="processing", show_default=True)
@click.option("--limit", default=50, show_default=True)
def list_customers(state: str, limit: int) -> None:
    """Print the latest customers in a state: id, account and memo, types."""
    with transaction() as session:
        for row in queries.standing_as(session, state, limit):
            click.echo(f"{row.id}  {row.account} {row.memo}  {', '.join(filter(None, row.types))}")


@customers.command("show")
@click.argument("id")
def show_customer(id: str) -> None:
    """Print what a customer gave: personal data, for your eyes only."""
    with transaction() as session:
        given = service.values(session, id)
        for field in service.hold(session, id).fields:
            click.echo(f"{field.name}  {field.standing}  {given.get(field.name) or field.file_id or ''}")


@customers.command("accept")
@click.argument("id")
def accept_customer(id: str) -> None:
    """Accept a customer."""
    with transaction() as session:
        service.decide(session, id, "accepted")
    click.echo("accepted")


@customers.command("reject")
@click.argument("id")
@click.argument("message", default="")
def reject_customer(id: str, message: str) -> None:
    """Reject a customer; MESSAGE tells them why."""
    with transaction() as session:
        service.decide(session, id, "rejected", message)
    click.echo("rejected")


@customers.command("ask")
@click.argument("id")
@click.argument("field")
@click.argument("why")
def ask_customer(id: str, field: str, why: str) -> None:
    """Ask a customer for a FIELD, saying WHY; what they gave before must be given again."""
    with transaction() as session:
        service.ask(session, id, {field: why})
    click.echo("asked")


@customers.command("challenge")
@click.argument("id")
@click.argument("field")
def challenge_customer(id: str, field: str) -> None:
    """Print a code to send to a telephone number or e-mail address; the customer returns it to verify the FIELD."""
    with transaction() as session:
        click.echo(verification.challenge(session, id, field))


@customers.command("save")
@click.argument("file_id")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def save_file(file_id: str, path: Path) -> None:
    """Write an uploaded file to PATH, readable by you alone. It came from a stranger: open it with care."""
    with transaction() as session:
        kind, content = files.read(session, file_id)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)
    click.echo(f"{kind}, {len(content)} bytes")
