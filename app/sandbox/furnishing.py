"""Furnishes a house: accounts on the sandbox network, and the rows an operator would make. Again does no harm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import flask_migrate
import requests
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from stellar_sdk import Account, Asset, ChangeTrust, Keypair, Operation, Payment, TransactionBuilder

import config
from app.assets import service as assets
from app.db import db, transaction
from app.factory import create_app
from app.money import parse
from app.organizations import service as organizations
from app.organizations.models import HomeDomain, Organization
from app.sandbox.network.local import Handle
from app.sandbox.state import CHECKOUT
from app.stellar import horizon

ACCOUNTS = ("signing", "issuer", "distribution", "sender")  # each with a key
CODE = "USDC"
OWNER = "Sandbox Anchor"
SENDERS_PURSE = "1000000"
FACES = ["sep1", "sep10", "sep12", "sep31"]
HURRY_SECONDS = 0.1  # between ledgers, until the accounts are there
CHANNELS = 2


class Unfurnished(Exception):
    """Something needed could not be set up."""


@dataclass(frozen=True)
class Furniture:
    """What a house is furnished with: its settings, the keys of ACCOUNTS, and how fast its network goes afterwards."""

    settings: Mapping[str, str] = field(repr=False)
    seeds: Mapping[str, str] = field(repr=False)
    ledger_seconds: float

    def key(self, name: str) -> Keypair:
        return Keypair.from_secret(self.seeds[name])

    def address(self, name: str) -> str:
        return self.key(name).public_key

    @property
    def asset(self) -> str:
        return f"stellar:{CODE}:{self.address('issuer')}"

    @property
    def horizon_url(self) -> str:
        return self.settings["HORIZON_URL"].split()[0]


def build(furniture: Furniture) -> None:
    """Bring the database up to date."""
    with application(furniture.settings).app_context():
        flask_migrate.upgrade(directory=str(CHECKOUT / "migrations"))
        db.engine.dispose()


def furnish(furniture: Furniture) -> None:
    """Bring accounts onto the network and rows into the tables."""
    network = Handle([furniture.horizon_url])
    app = application({**furniture.settings, "RESOLVE_INTERVAL_SECONDS": "0"})
    with app.app_context():
        _found_accounts(furniture, network)
        network.interval(furniture.ledger_seconds)
        with transaction() as session:
            _found_organization(session, furniture)
        _operate(app, "treasury", "add", TREASURY_SEEDS=furniture.seeds["distribution"])
        _operate(app, "channels", "ensure", str(CHANNELS))
        db.engine.dispose()


def application(settings: Mapping[str, str]) -> Flask:
    """Return the application with these settings, for whoever works beside the processes; it keeps quiet."""
    return create_app(config.read({**settings, "LOG_LEVEL": "WARNING"}))


def _operate(app: Flask, *words: str, **environment: str) -> None:
    """Give an operator's command. Raises Unfurnished if it fails."""
    result = app.test_cli_runner().invoke(args=words, env=environment)
    if result.exit_code:
        raise Unfurnished(f"flask {' '.join(words)}: {result.output}{result.exception}")


def _found_accounts(furniture: Furniture, network: Handle) -> None:
    """Let the issuer give the sender a purse, and both sides trust the asset."""
    issuer, distribution, sender = keys = [furniture.key(name) for name in ACCOUNTS[1:]]
    network.fund(*[key.public_key for key in keys if horizon.account(network.url, key.public_key) is None])
    purse = horizon.account(network.url, sender.public_key)
    if purse and purse.balance(furniture.asset):
        return
    asset = Asset(CODE, issuer.public_key)
    wishes = [
        ChangeTrust(asset, source=distribution.public_key),
        ChangeTrust(asset, source=sender.public_key),
        Payment(sender.public_key, asset, SENDERS_PURSE),
    ]
    _hand_in(furniture, wishes, [issuer, distribution, sender])


def _hand_in(furniture: Furniture, wishes: Sequence[Operation], signers: Sequence[Keypair]) -> None:
    """Have the operations done in one transaction of the first signer's."""
    source = horizon.account(furniture.horizon_url, signers[0].public_key)
    if source is None:
        raise Unfurnished(f"the network has forgotten {signers[0].public_key}")
    builder = TransactionBuilder(Account(source.address, source.sequence), furniture.settings["NETWORK_PASSPHRASE"])
    for wish in wishes:
        builder.append_operation(wish)
    envelope = builder.add_time_bounds(0, 0).build()
    for signer in signers:
        envelope.sign(signer)
    with requests.Session() as session:
        session.trust_env = False  # a proxy knows no way to this machine
        session.post(f"{furniture.horizon_url}/transactions", {"tx": envelope.to_xdr()}, timeout=30).raise_for_status()


def _found_organization(session: Session, furniture: Furniture) -> None:
    """Make the rows: who we are, what we take, whom we know, where we look."""
    port = furniture.settings["PUBLIC_URL"].rpartition(":")[2]
    owner = session.scalar(select(Organization)) or organizations.add_organization(session, OWNER)
    domain = session.scalar(select(HomeDomain))
    if domain is None:
        toml = {"HORIZON_URL": furniture.horizon_url}
        domain = organizations.add_home_domain(session, owner, "localhost", furniture.key("signing"), FACES, toml=toml)
    domain.host, domain.toml = f"localhost:{port}", {"HORIZON_URL": furniture.horizon_url}
    organizations.add_partner(session, owner.id, furniture.address("sender"), "Sandbox Sender")
    if not assets.assets(session, owner.id):
        _found_asset(session, furniture, owner.id)


def _found_asset(session: Session, furniture: Furniture, organization_id: str) -> None:
    new = assets.NewAsset(organization_id, furniture.asset, furniture.address("distribution"))
    asset = assets.add_asset(session, new)
    assets.add_method(
        session,
        asset.id,
        "bank_account",
        kind="send",
        rail="bank",
        pays="iso4217:USD",
        minimum=parse("1"),
        maximum=parse("10000"),
        fee_fixed=parse("1"),
        fee_percent=Decimal("0.5"),
        sender_type="sep31-sender",
        receiver_type="sep31-receiver",
    )
