"""``flask watch``: what is followed and from where, and what happened there that nobody can explain."""

import click

from app.commands import Commands, whose
from app.db import transaction
from app.errors import NotFound
from app.money import Money
from app.organizations import service as organizations
from app.watcher import queries, service
from app.watcher.models import Observation, Stream
from app.watcher.states import NEED_AN_OPERATOR

watch = Commands("watch", help="Accounts of ours that are followed on Stellar.")

from_ledger = click.option("--ledger", type=click.IntRange(1), help="Begin with this ledger.")
from_cursor = click.option("--cursor", type=click.IntRange(0), help="Begin after this operation id.")


@watch.command("start")
@click.argument("account")
@from_ledger
@from_cursor
@whose
def start(account: str, ledger: int | None, cursor: int | None, organization: str) -> None:
    """Follow ACCOUNT from a ledger or cursor on: what came before is never read."""
    place = _place(ledger, cursor)
    if place is None:
        raise click.UsageError("say --ledger or --cursor: there is no beginning that goes without saying")
    with transaction() as session:
        owner = organizations.organization(session, organization)
        stream = service.follow(session, owner.id, account, place)
        click.echo(_shown(stream))


@watch.command("resume")
@click.argument("account")
@from_ledger
@from_cursor
def resume(account: str, ledger: int | None, cursor: int | None) -> None:
    """Follow ACCOUNT, which was stopped, again: from where it was, or from a ledger or cursor."""
    with transaction() as session:
        click.echo(_shown(service.resume(session, account, _place(ledger, cursor))))


@watch.command("stop")
@click.argument("account")
@click.argument("reason")
def stop(account: str, reason: str) -> None:
    """Follow ACCOUNT no more, for REASON."""
    with transaction() as session:
        service.stop(session, account, reason)
    click.echo(f"{account} is not followed")


@watch.command("list")
def list_streams() -> None:
    """Print every stream, and how far it was read."""
    with transaction() as session:
        for stream in queries.streams(session):
            click.echo(_shown(stream))


@watch.command("unexplained")
@click.option("--limit", default=200, show_default=True)
def unexplained(limit: int) -> None:
    """Print what went out and nobody here sent, and what could not be read, each with its reason or its record."""
    with transaction() as session:
        for observation in queries.standing(session, *NEED_AN_OPERATOR, limit=limit):
            click.echo(_told(observation))


@watch.command("explain")
@click.argument("observation")
@click.argument("why")
def explain(observation: str, why: str) -> None:
    """Say what OBSERVATION was: it needs an operator no more. The books stay as they are."""
    with transaction() as session:
        if not service.explain(session, [observation], "operator", why):
            raise NotFound(f"nothing called {observation} waits for an explanation")
    click.echo(f"{observation} is explained")


def _place(ledger: int | None, cursor: int | None) -> int | None:
    if ledger is not None and cursor is not None:
        raise click.UsageError("say either --ledger or --cursor")
    return service.before_ledger(ledger) if ledger is not None else cursor


def _shown(stream: Stream) -> str:
    where = f"cursor {stream.cursor}, read up to ledger {stream.read_ledger} of {stream.node_ledger or '?'}"
    return f"{stream.account}  {stream.state}  {where}  {stream.reason}".rstrip()


def _told(observation: Observation) -> str:
    money = str(Money(observation.amount, observation.asset)) if observation.direction else "?"
    memo = f"{observation.memo_type} {observation.memo}".strip()
    facts = [observation.id, observation.state, f"{observation.closed_at:%Y-%m-%d %H:%M:%S}", observation.kind]
    facts += [money, observation.account, observation.counterparty, memo, observation.reason, observation.raw]
    return "  ".join(filter(None, facts))
