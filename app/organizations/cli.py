"""The operator's commands: organizations, the sending anchors they know, new keys."""

import secrets

import click
from stellar_sdk import Keypair

from app import vault
from app.commands import Commands, whose
from app.db import transaction
from app.organizations import service

organizations = Commands("organizations", help="Who runs what under which home domain.")
anchors = Commands("anchors", help="Sending anchors an organization knows (SEP-31).")
keys = Commands("keys", help="Keys for the settings.")


@organizations.command("add")
@click.argument("name")
@click.argument("host")
@click.option("--face", "faces", multiple=True, default=("sep1", "sep10", "sep12", "sep31"), show_default=True)
@click.option("--public-url", default="", help="Where HOST is reached, if not at PUBLIC_URL.")
@click.option("--signing-seed", envvar="SIGNING_SEED", default="", help="SIGNING_KEY's seed; better in $SIGNING_SEED.")
def add_organization(name: str, host: str, faces: tuple[str, ...], public_url: str, signing_seed: str) -> None:
    """Add organization NAME with its home domain HOST, and print its SIGNING_KEY."""
    signing = Keypair.from_secret(signing_seed) if signing_seed else Keypair.random()
    with transaction() as session:
        owner = service.add_organization(session, name)
        service.add_home_domain(session, owner, host, signing, list(faces), public_url=public_url)
    click.echo(f"{name} lives at {host}, SIGNING_KEY {signing.public_key}")


@anchors.command("add")
@click.argument("account")
@click.argument("name")
@whose
def add_anchor(account: str, name: str, organization: str) -> None:
    """Let the sending anchor in that signs in with ACCOUNT, and call it NAME."""
    with transaction() as session:
        service.add_partner(session, service.organization(session, organization).id, account, name)
    click.echo(f"{name} may send")


@anchors.command("list")
@whose
def list_anchors(organization: str) -> None:
    """Print the sending anchors we know."""
    with transaction() as session:
        for row in service.partners(session, service.organization(session, organization).id):
            click.echo(f"{row.account}  {row.name}")


@anchors.command("remove")
@click.argument("account")
@whose
def remove_anchor(account: str, organization: str) -> None:
    """Let the sending anchor with ACCOUNT in no more."""
    with transaction() as session:
        service.remove_partner(session, service.organization(session, organization).id, account)
    click.echo(f"{account} may send no more")


@keys.command("new", with_appcontext=False)
def new_keys() -> None:
    """Print new secrets, as the settings want them. They are shown once and kept nowhere."""
    signing = Keypair.random()
    click.echo(f"VAULT_KEYS={vault.new_key()}")
    click.echo(f"TREASURY_KEYS={vault.new_key()}")
    click.echo(f"TOKEN_SECRET={secrets.token_urlsafe(48)}")
    click.echo(f"# SIGNING_KEY {signing.public_key}")
    click.echo(f"SIGNING_SEED={signing.secret}")
