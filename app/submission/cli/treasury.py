"""``flask treasury``: whose money is sent, who keeps it, who signs for it, and how much of it may leave."""

import os
from typing import TextIO

import click
from flask import current_app
from rich.table import Table
from stellar_sdk import Keypair

import config
from app import commands
from app.assets.cli import units
from app.commands import Commands, whose
from app.db import transaction
from app.errors import Invalid
from app.money import NATIVE, code, show
from app.organizations import service as organizations
from app.submission import caps, custodians, custody, fittings, keys, signatures, treasuries
from app.watcher import service as watcher
from app.watcher.models import Stream

treasury = Commands("treasury", help="Accounts whose money is sent.")


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
