"""SEP-1: stellar.toml, written from our own tables."""

from typing import Any

import tomli_w
from flask import Response, current_app
from sqlalchemy.orm import Session
from stellar_sdk import Network

import config
from app.assets import service as assets
from app.assets.models import Asset
from app.db import transaction
from app.organizations import service as organizations
from app.organizations.models import HomeDomain
from app.sep.auth import public
from app.sep.frame import door, home

VERSION = "2.7.0"
CACHE_SECONDS = 60  # for so long others may go by what we were

# face, its line in the toml, where it is below the public URL
ENDPOINTS = (
    ("sep6", "TRANSFER_SERVER", "/sep6"),
    ("sep10", "WEB_AUTH_ENDPOINT", "/sep10/auth"),
    ("sep12", "KYC_SERVER", "/sep12"),
    ("sep24", "TRANSFER_SERVER_SEP0024", "/sep24"),
    ("sep31", "DIRECT_PAYMENT_SERVER", "/sep31"),
    ("sep38", "ANCHOR_QUOTE_SERVER", "/sep38"),
)

blueprint = door("sep1", "/.well-known")


@blueprint.get("/stellar.toml")
@public
def stellar_toml() -> Response:
    with transaction() as session:
        domain = organizations.home_domain(session, home().host)
        written = tomli_w.dumps(contents(session, domain), multiline_strings=True)
    response = Response(written, content_type="text/plain; charset=utf-8")
    response.cache_control.max_age = CACHE_SECONDS
    return response


def contents(session: Session, domain: HomeDomain) -> dict[str, Any]:
    """Return what the toml says: what an operator wrote in ``home_domain.toml``, under what we know better."""
    held = assets.assets(session, domain.organization_id)
    passphrase = config.need(current_app.config, "NETWORK_PASSPHRASE")
    url = organizations.public_url(domain)
    return {
        **domain.toml,
        "VERSION": VERSION,
        "NETWORK_PASSPHRASE": passphrase,
        "SIGNING_KEY": domain.signing_key,
        "ACCOUNTS": sorted({asset.distribution for asset in held}),
        **{line: url + path for face, line, path in ENDPOINTS if face in domain.faces},
        "DOCUMENTATION": {"ORG_NAME": domain.organization.name, "ORG_URL": url, **domain.toml.get("DOCUMENTATION", {})},
        "CURRENCIES": [currency(asset, passphrase) for asset in held],
    }


def currency(asset: Asset, passphrase: str) -> dict[str, Any]:
    """Return one of [[CURRENCIES]]; ``asset.toml`` says what the tables do not."""
    live = passphrase == Network.PUBLIC_NETWORK_PASSPHRASE
    usual = {
        "status": "live" if live else "test",
        "display_decimals": asset.significant_decimals,
        "desc": asset.code,
        "is_asset_anchored": False,
        "anchor_asset_type": "other",
    }
    issuer = {"issuer": asset.issuer} if asset.issuer else {}
    return {**usual, **asset.toml, "code": asset.code, **issuer}
