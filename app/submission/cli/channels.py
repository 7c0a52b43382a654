"""``flask channels``: founding them, looking after them, parting with them."""

import time
from collections.abc import Callable

import click
from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.commands import Commands, whose
from app.db import transaction
from app.errors import Conflict, Unavailable
from app.ledger import service as ledger
from app.money import NATIVE
from app.organizations import service as organizations
from app.submission import audits, channels, drains, fittings, founding, recovery, service, treasuries
from app.submission.models import Treasury
from app.submission.states import ENDED, PAID
from app.watcher import service as watcher
from app.watcher.models import Observation, Stream

AUDIT_TRIES = 5

channel = Commands("channels", help="Accounts that lend their sequence numbers to payments, and pay the fees.")

which = click.option(
    "--treasury", "address", default="", help="Which treasury pays; needed only where there are several."
)
patience = click.option("--wait", default=90, show_default=True, help="Seconds to wait for the network.")


@channel.command("ensure")
@click.argument("count", type=click.IntRange(1, 1000))
@click.option("--stroops", default=founding.STROOPS, show_default=True, help="What a new channel is given.")
@whose
@which
@patience
def ensure(count: int, stroops: int, organization: str, address: str, wait: int) -> None:
    """See to it that there are COUNT channels. Safe to repeat, and to interrupt."""
    with transaction() as session:
        owner = organizations.organization(session, organization).id
        payer = treasuries.treasury(session, owner, address).address
    account, _ = treasuries.read(fittings.network(), payer)
    with transaction() as session:
        source = session.get_one(Treasury, payer)
        missing = founding.found(session, source, count, stroops)
        if missing or founding.unfinished(session, owner):
            founding.lend(session, source, account)
    click.echo(f"{len(missing)} to be founded, out of {payer}" if missing else "none to be founded")
    _drive(wait, lambda session: not (founding.unfinished(session, owner) or founding.needless(session, owner)))


@channel.command("list")
def list_channels() -> None:
    """Print every channel, its next number and what it waits for."""
    with transaction() as session:
        for row in channels.listed(session):
            batch = channels.open_batch(session, row.address)
            held = f"batch {batch.id} {batch.state} {batch.reason}".rstrip() if batch else "free"
            click.echo(f"{row.address}  {row.state}  next {row.next_sequence}  {held}  {row.reason}".rstrip())


@channel.command("verify")
def verify() -> None:
    """Compare every channel with its account on Stellar, its number and its money; exit with 1 if anything is wrong."""
    wrong, bid_max = False, current_app.config["FEE_BID_STROOPS_MAX"]
    with transaction() as session:
        addresses = [row.address for row in channels.listed(session)]
    for address in addresses:
        finding = _audited(address, bid_max)
        if finding is None:
            click.echo(f"{address}  busy: its batches came and went while it was looked at; nothing is wrong with that")
            continue
        wrong = wrong or bool(finding.wrong)
        click.echo(f"{address}  {finding.state}  next {finding.next_sequence}  {'; '.join(finding.wrong) or 'ok'}")
    raise SystemExit(1 if wrong else 0)


@channel.command("open")
@click.argument("address")
def reopen(address: str) -> None:
    """Let a channel that was parked or retired take batches again, from the ledger's next number on."""
    account, _ = treasuries.read(fittings.network(), address)
    with transaction() as session:
        channels.reopen(session, address, account)
    click.echo(f"{address} is open, next {account.sequence + 1}")


@channel.command("retry")
@click.argument("address")
def retry(address: str) -> None:
    """Sign the channel's parked batch again, on its own number: it cannot be paid twice by that."""
    with transaction() as session:
        channels.sign_again(session, address)
    click.echo("to be signed anew")


@channel.command("release")
@click.argument("address")
@click.confirmation_option(prompt="Did you make sure that none of its orders was paid?")
def release(address: str) -> None:
    """Give up the channel's parked batch, whose number was spent on something else or in vain: its orders go again."""
    with transaction() as session:
        batch = recovery.parked(session, address)
    answers = recovery.ask(fittings.network(), batch)
    with transaction() as session:
        recovery.release(session, batch, answers)
    click.echo(f"released; if the channel is parked now: `flask channels open {address}` when you trust it again")


@channel.command("remove")
@click.argument("channel_address")
@whose
@which
@patience
def remove(channel_address: str, organization: str, address: str, wait: int) -> None:
    """Merge the account of CHANNEL_ADDRESS back into the treasury. Safe to repeat until it says that it is done."""
    with transaction() as session:
        payer = treasuries.treasury(session, organizations.organization(session, organization).id, address).address
    account, _ = treasuries.read(fittings.network(), payer)
    with transaction() as session:
        source = session.get_one(Treasury, payer)
        channels.merge_back(session, channel_address, source)
        founding.lend(session, source, account)
    key = channels.merge_key(channel_address)
    _drive(wait, lambda session: service.outcome(session, channels.OWNER, key).state in ENDED)
    with transaction() as session:
        outcome = service.outcome(session, channels.OWNER, key)
        if outcome.state not in PAID:
            raise Conflict(f"not merged: {outcome.reason}")
        source = session.get_one(Treasury, payer)
        _book_merged(session, source, channel_address, outcome.transaction_hash)
        channels.forget(session, channel_address)
        founding.stop_lending(session, source.organization_id)
    click.echo(f"{channel_address} is merged into {payer}")


def _audited(address: str, bid_max: int) -> audits.Finding | None:
    """Look at a channel until it did not move on meanwhile, a few times at most."""
    for _ in range(AUDIT_TRIES):
        with transaction() as session:
            asked = audits.question(session, channels.channel(session, address))
        seen = audits.look(fittings.network(), address, bid_max)
        with transaction() as session:
            finding = audits.compare(session, asked, seen)
        if finding is not None:
            return finding
    return None


def _book_merged(session: Session, source: Treasury, address: str, transaction_hash: str) -> None:
    """Close a merged channel's books: against what the watcher saw arrive, if it follows the treasury."""
    purse = ledger.open_account(session, source.organization_id, f"channel:{address}", NATIVE, "free")
    if session.get(Stream, source.address) is None:
        held = ledger.open_account(session, source.organization_id, f"treasury:{source.address}", NATIVE, "debit")
        ledger.transfer(session, channels.merge_key(address), held, purse, ledger.balance(session, purse).posted)
        return
    seen = select(Observation).where(Observation.inner_hash == transaction_hash, Observation.account == source.address)
    arrival = session.scalars(seen.with_for_update()).first()
    if arrival is None:
        raise Unavailable("merged, and not seen to arrive yet: say it once more when the watcher has read on")
    if arrival.claimed_by != channels.OWNER:
        watcher.claim(session, arrival, channels.OWNER, address, purse)


def _drive(seconds: int, done: Callable[[Session], bool]) -> None:
    """Do the engine's work here, beside any worker, until ``done``; raise Unavailable when ``seconds`` are over."""
    end = time.monotonic() + seconds
    while True:
        drains.run()
        with transaction() as session:
            if done(session):
                return
        if time.monotonic() > end:
            raise Unavailable("the network has not decided yet: say it once more, nothing is done twice")
        time.sleep(0.5)
