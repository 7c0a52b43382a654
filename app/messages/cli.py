"""The operator's commands: what did not arrive, and trying again."""

import click

from app.commands import Commands
from app.db import transaction
from app.messages import service
from app.messages.states import MESSAGE

messages = Commands("messages", help="What we say to others, and whether it arrived.")


@messages.command("list")
@click.option("--state", type=click.Choice(list(MESSAGE.states)), default="failed", show_default=True)
@click.option("--limit", default=50, show_default=True)
def list_messages(state: str, limit: int) -> None:
    """Print the latest messages in a state: id, subject, host, attempts, last error."""
    with transaction() as session:
        for row in service.latest(session, state, limit):
            click.echo(f"{row.id}  {row.subject}  {row.channel} {row.host}  {row.attempts} attempts  {row.error}")


@messages.command("retry")
@click.argument("ids", nargs=-1, required=True)
def retry_messages(ids: tuple[str, ...]) -> None:
    """Let failed messages try again."""
    with transaction() as session:
        for id in ids:
            service.retry(session, id)
    click.echo(f"{len(ids)} to be sent again")
