"""What is measured against: a private PostgreSQL that keeps its promises, a treasury, channels, orders."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import flask_migrate
from flask import Flask
from stellar_sdk import Keypair

import config
from app import vault
from app.db import db, transaction
from app.factory import create_app
from app.money import NATIVE
from app.organizations.models import Organization
from app.sandbox.services import Postgres
from app.sandbox.state import CHECKOUT, scratch_directory
from app.states import begin
from app.submission import keys
from app.submission.models import Channel, Treasury
from app.submission.service import NewOrder, request_all

PASSPHRASE = "Railhead Sandbox Network ; bench"
PAYEES = [Keypair.random() for _ in range(100)]


@dataclass(frozen=True)
class Payer:
    """Somebody with orders to pay: an organization, its treasury and its channels."""

    organization_id: str
    treasury: Keypair
    channels: tuple[Keypair, ...]


@contextmanager
def house(**settings: str) -> Iterator[Flask]:
    """The application on a fresh database, its context pushed."""
    directory = scratch_directory() / "bench-submission"
    service = Postgres(directory)
    try:
        app = create_app(config.read(_settings(service.start()) | settings))
        with app.app_context():
            flask_migrate.upgrade(directory=str(CHECKOUT / "migrations"))
            yield app
            db.session.remove()
            db.engine.dispose()
    finally:
        service.stop()
        shutil.rmtree(directory)


def _settings(url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "NETWORK_PASSPHRASE": PASSPHRASE,
        "HORIZON_URL": "http://127.0.0.1:1",
        "TREASURY_KEYS": vault.new_key(),
        "VAULT_KEYS": vault.new_key(),
        "PREFLIGHT_READS_MAX": "0",
        "LOG_LEVEL": "WARNING",
    }


def payer(name: str, channels: int, treasury: Keypair | None = None) -> Payer:
    """Add an organization with a treasury and channels."""
    source = treasury or Keypair.random()
    lending = tuple(Keypair.random() for _ in range(channels))
    with transaction() as session:
        owner = Organization(name=name)
        session.add(owner)
        session.flush()
        session.add(Treasury(address=source.public_key, organization_id=owner.id))
        keys.add(session, source.public_key, source)
        for key in lending:
            add_channel(session, owner.id, key, 1)
        return Payer(owner.id, source, lending)


def add_channel(session: Any, organization_id: str, key: Keypair, next_sequence: int) -> None:
    keys.add(session, key.public_key, key)
    row = Channel(address=key.public_key, organization_id=organization_id, next_sequence=next_sequence)
    begin(session, row, state="open")


def order(payer: Payer, count: int, name: str = "bench", bad: int = 0) -> None:
    """Order payments of one stroop each; with ``bad``, every so-many-th goes to an account that is not there."""
    orders = [
        NewOrder(
            organization_id=payer.organization_id,
            owner="anchor",
            owner_key=f"{name} {payer.organization_id} {number}",
            source=payer.treasury.public_key,
            destination=(Keypair.random() if bad and not number % bad else PAYEES[number % len(PAYEES)]).public_key,
            asset=NATIVE,
            amount=1,
        )
        for number in range(count)
    ]
    with transaction() as session:
        request_all(session, orders)
