"""``flask assets``: what the organization holds, and the ways out."""

from decimal import Decimal, InvalidOperation

import click

from app.assets import service
from app.commands import Commands, whose
from app.db import transaction
from app.money import parse, show
from app.organizations import service as organizations

assets = Commands("assets", help="What an organization holds on Stellar, and the methods it goes by.")


def units(text: str) -> int:
    """Return an amount as stroops; raise a usage error that says why not."""
    try:
        return parse(text)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from None


def _percent(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise click.BadParameter(f"{text} is not a number") from None


@assets.command("add")
@click.argument("asset")
@click.argument("distribution")
@click.option("--decimals", default=2, show_default=True, help="How finely amounts are shown and taken.")
@click.option("--policy", type=click.Choice(["exact", "tolerance", "rail"]), default="exact", show_default=True)
@click.option("--tolerance", default="0", help="How far off a payment may be, under the policy tolerance.")
@whose
def add_asset(asset: str, distribution: str, decimals: int, policy: str, tolerance: str, organization: str) -> None:
    """Add ASSET (stellar:CODE:ISSUER or stellar:native), held by the account DISTRIBUTION, and print its id."""
    with transaction() as session:
        owner = organizations.organization(session, organization).id
        new = service.NewAsset(owner, asset, distribution, decimals, policy, units(tolerance))
        click.echo(service.add_asset(session, new).id)


@assets.command("add-method")
@click.argument("asset_id")
@click.argument("name")
@click.option("--kind", type=click.Choice(["send", "withdrawal", "deposit"]), default="send", show_default=True)
@click.option("--rail", required=True, help="A name in the setting RAILS.")
@click.option("--pays", required=True, help="What the rail pays, unit for unit: iso4217:USD.")
@click.option("--minimum", default="0.01", show_default=True)
@click.option("--maximum", default="1000000", show_default=True)
@click.option("--fee-fixed", default="0", show_default=True)
@click.option("--fee-percent", default="0", show_default=True)
@click.option("--sender-type", default="", help="The SEP-12 type a sender must be.")
@click.option("--receiver-type", default="", help="The SEP-12 type a receiver must be.")
def add_method(asset_id: str, name: str, **options: str) -> None:
    """Let an asset go by the method NAME, a SEP funding_method."""
    amounts = {key: units(options.pop(key)) for key in ("minimum", "maximum", "fee_fixed")}
    percent = _percent(options.pop("fee_percent"))
    with transaction() as session:
        service.add_method(session, asset_id, name, fee_percent=percent, **amounts, **options)


@assets.command("list")
def list_assets() -> None:
    """List assets and methods."""
    with transaction() as session:
        for asset in service.every_asset(session):
            click.echo(f"{asset.id} {asset.asset} held by {asset.distribution}, {asset.amount_policy}")
            for method in asset.methods:
                limits = f"{show(method.minimum, 2)} to {show(method.maximum, 2)}"
                click.echo(f"  {method.kind} by {method.name} → {method.rail}, {limits}")
