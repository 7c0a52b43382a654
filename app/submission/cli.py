"""``flask treasury`` and ``flask channels``: the accounts whose money is sent, and those that lend their numbers."""

import os
import time
from collections.abc import Callable
from typing import TextIO

import click
from flask import current_app
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session
from stellar_sdk import Keypair

import config
from app import commands
from app.assets.cli import units
from app.commands import Commands
from app.db import transaction
from app.errors import Conflict, Invalid, Unavailable
from app.ledger import service as ledger
from app.money import NATIVE, code, show
from app.organizations import service as organizations
from app.submission import (
    audits,
    caps,
    channels,
    custodians,
    custody,
    drains,
    fittings,
    founding,
    keys,
    recovery,
    service,
    signatures,
    treasuries,
)
from app.submission.models import Treasury
from app.submission.states import ENDED, PAID
from app.watcher import service as watcher
from app.watcher.models import Observation, Stream

AUDIT_TRIES = 5

treasury = Commands("treasury", help="Accounts whose money is sent.")
channel = Commands("channels", help="Accounts that lend their sequence numbers to payments, and pay the fees.")

whose = click.option("--organization", default="", help="Whose; needed only where there are several.")
which = click.option(
    "--treasury", "address", default="", help="Which treasury pays; needed only where there are several."
)
patience = click.option("--wait", default=90, show_default=True, help="Seconds to wait for the network.")


@treasury.command("add")
@click.argument("address", default="")
@click.option("--cosigner", "cosigners", multiple=True, help="G…, whose key is elsewhere: waited for where needed.")
@click.option("--custodian", default="", help="Who keeps it and submits by itself: a name in the setting CUSTODIANS.")
@whose
def add_treasury(address: str, cosigners: tuple[str, ...], custodian: str, organization: str) -> None:
    """Send the money of ADDRESS, open its books and follow it. Its seeds are read from $TREASURY_SEEDS, or asked for.

    Without ADDRESS it is the account of the first seed. Several seeds, separated by spaces, sign together, and with
    them those who hold their keys elsewhere. Said again, it adds signers. Where a custodian keeps it, there are none.
    """
    if custodian and cosigners:
        raise Invalid("a custodian signs by itself: there is nothing to sign with it")
    signers = [] if custodian else _seeds(needed=not cosigners)
    address = address or next((signer.public_key for signer in signers), "")
    if not address:
        raise Invalid("say which account")
    account, seen = treasuries.read(fittings.network(), address)
    with transaction() as session:
        owner = organizations.organization(session, organization).id
        if custodian:
            treasuries.entrust(session, owner, address, custodian)
        else:
            treasuries.add(session, owner, address, signers, cosigners)
            treasuries.check_signers(session, account)
        if session.get(Stream, address) is None:
            treasuries.open_books(session, owner, account)
            watcher.follow(session, owner, address, watcher.before_ledger(seen + 1))
    click.echo(f"{address} is a treasury, its books open as of ledger {seen}")


@treasury.command("list")
def list_treasuries() -> None:
    """Print what every treasury holds, and what cannot be sent for now: when that is put right, it goes by itself."""
    table = Table("account", "custodian", "asset", "balance", "set aside", "waits", box=None)
    with transaction() as session:
        for row in treasuries.treasuries(session):
            held, why = treasuries.holdings(session, row), treasuries.pauses(session, row.address)
            for asset in sorted({NATIVE, *held, *why}):
                amounts = (held[asset].posted, held[asset].pending) if asset in held else (0, 0)
                table.add_row(row.address, row.custodian, code(asset), *map(show, amounts), why.get(asset, ""))
    commands.show(table)


@treasury.command("cap")
@click.argument("asset")
@click.argument("amount", default="")
@whose
def cap_asset(asset: str, amount: str, organization: str) -> None:
    """Let no more than AMOUNT of ASSET (stellar:CODE:ISSUER) leave in a day, out of all treasuries together.

    Without AMOUNT any amount may leave.
    """
    with transaction() as session:
        owner = organizations.organization(session, organization).id
        if amount:
            caps.cap(session, owner, asset, units(amount))
        else:
            caps.lift(session, owner, asset)
    click.echo(f"{asset}: {amount or 'any amount'} a day")


@treasury.command("entrusted")
def entrusted() -> None:
    """Print every order that a custodian has, and what is in its way."""
    with transaction() as session:
        for row in custody.waiting(session):
            what = f"{show(row.amount)} {code(row.asset)} to {row.destination}"
            click.echo(f"{row.id}  {row.owner} {row.owner_key}  {what}  {row.named}  {row.reason}".rstrip())


@treasury.command("give-up")
@click.argument("order_id")
@click.confirmation_option(prompt="Did you make sure, at the custodian, that it was not paid and never will be?")
def give_up(order_id: str) -> None:
    """Fail an order that a custodian has: its owner may order anew."""
    with transaction() as session:
        order = custody.consigned(session, order_id)
    found = custodians.look_up(fittings.network(), order)
    with transaction() as session:
        custody.give_up(session, order, found)
    click.echo("given up")


@treasury.command("pending")
def pending() -> None:
    """Print what waits for the signatures of co-signers: the batch, what it pays, who has signed and who has not."""
    with transaction() as session:
        waiting = signatures.pending(session)
    for row in waiting:
        sums = ", ".join(f"{show(amount)} {asset}" for asset, amount in sorted(row.sums.items()))
        click.echo(f"batch {row.batch_id}  {row.hash}  operations {row.operations}  from {row.source}: {sums}")
        click.echo(f"  signed: {' '.join(row.signed) or 'nobody'}  missing: {' '.join(row.missing) or 'nobody'}")


@treasury.command("envelope")
@click.argument("batch", type=int)
def envelope(batch: int) -> None:
    """Print the envelope of BATCH that waits for signatures, in XDR: for Stellar Lab, or a hardware wallet."""
    with transaction() as session:
        click.echo(signatures.draft(session, batch))


@treasury.command("sign")
@click.argument("batch", type=int)
@click.argument("signed", type=click.File(), default="-")
@click.option("--signer", default="", help="G…, who made the signature, where that alone is given.")
def sign(batch: int, signed: TextIO, signer: str) -> None:
    """Take signatures of BATCH from a file or stdin: its envelope, signed, in XDR; or one signature with --signer."""
    given = signed.read().strip()
    with transaction() as session:
        if signer:
            signers = signatures.add_signature(session, batch, signer, given)
        else:
            passphrase = config.need(current_app.config, "NETWORK_PASSPHRASE")
            signers = signatures.add_envelope(session, batch, given, passphrase)
    click.echo(f"signed by {', '.join(signers)}")


@treasury.command("reseal")
def reseal() -> None:
    """Seal every seed anew with the first of TREASURY_KEYS. When it has said so, the older keys can go."""
    with transaction() as session:
        count = keys.reseal(session)
    click.echo(f"{count} seeds are sealed with the newest key")


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
    _drive(wait, lambda session: not founding.unfinished(session, owner))


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


def _seeds(needed: bool) -> list[Keypair]:
    """Return the keys whose seeds the environment or whoever sits there gives; none only if none is ``needed``."""
    seeds = os.environ.get("TREASURY_SEEDS")
    if not seeds and (needed or seeds is None):
        seeds = click.prompt("Seeds", hide_input=True, default=None if needed else "", show_default=False)
    return [_keypair(seed) for seed in (seeds or "").split()]


def _keypair(seed: str) -> Keypair:
    try:
        return Keypair.from_secret(seed)
    except ValueError:
        raise Invalid("that is not a seed, S…") from None
