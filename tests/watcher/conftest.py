"""An account that is followed, on a network of its own whose ledgers close when a test says so."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from stellar_sdk import Asset, ChangeTrust, Keypair, Memo, Operation, Payment, Server, TransactionBuilder

from app.ledger import queries as books
from app.organizations.service import add_organization
from app.sandbox.network.local import Handle, network
from app.stellar import horizon
from app.watcher import service
from app.watcher.models import Observation
from app.watcher.run import catch_up
from tests.statements import statements as statements

ISSUER = Keypair.random()
USD = Asset("USD", ISSUER.public_key)
USD_NAME = f"stellar:USD:{ISSUER.public_key}"


class World:
    """The network as a test drives it, with somebody who pays."""

    def __init__(self, handle: Handle):
        self.network = handle
        self.url = handle.url
        self.payer = self.somebody()

    def somebody(self, *assets: Asset) -> Keypair:
        """Return somebody new with 10,000 XLM, who trusts ``assets``."""
        person = Keypair.random()
        self.network.fund(person.public_key)
        for asset in assets:
            self.apply(person, ChangeTrust(asset))
        return person

    def apply(self, source: Keypair, *operations: Operation, memo: Memo | None = None, close: bool = True) -> str:
        """Have a transaction applied now; return its hash."""
        account = Server(self.url).load_account(source.public_key)
        builder = TransactionBuilder(account, self.network.passphrase, base_fee=1000).set_timeout(3600)
        for operation in operations:
            builder.append_operation(operation)
        if memo:
            builder.add_memo(memo)
        envelope = builder.build()
        envelope.sign(source)
        receipt = horizon.submit(self.url, envelope.to_xdr())
        if receipt.status != "pending":
            raise RuntimeError(receipt)
        if close:
            self.network.close()
        return envelope.hash_hex()

    def pay(self, to: str, amount: str = "1", count: int = 1, memo: Memo | None = None) -> str:
        """Pay lumens ``count`` times, in one transaction."""
        return self.apply(self.payer, *[Payment(to, Asset.native(), amount)] * count, memo=memo)

    @property
    def ledger(self) -> int:
        return horizon.node(self.url).ledger


@pytest.fixture(scope="module")
def populated() -> Iterator[World]:
    with network(close_seconds=0) as handle:
        world = World(handle)
        handle.fund(ISSUER.public_key)
        yield world


@pytest.fixture
def world(populated: World) -> Iterator[World]:
    """The same network, in a moment when nothing is wrong with it."""
    yield populated
    populated.network.heal()
    populated.network.interval(0)
    populated.network.lag(0)


@pytest.fixture
def settings(settings: dict[str, Any], populated: World) -> dict[str, Any]:
    ours = {"HORIZON_URL": populated.url, "NETWORK_PASSPHRASE": populated.network.passphrase}
    return settings | ours | {"WATCH_SILENCE_SECONDS": 1}


@pytest.fixture
def organization_id(session: Session) -> str:
    id = add_organization(session, "acme").id
    session.commit()
    return id


@pytest.fixture
def treasury(world: World) -> Keypair:
    """An account of ours, which trusts USD."""
    return world.somebody(USD)


@pytest.fixture
def account(world: World, session: Session, organization_id: str, treasury: Keypair) -> str:
    """The address of an account of ours, followed from here on."""
    service.follow(session, organization_id, treasury.public_key, service.before_ledger(world.ledger + 1))
    session.commit()
    return treasury.public_key


def observed(session: Session) -> list[Observation]:
    """Return everything observed, in the order of the ledger."""
    session.expire_all()
    return list(session.scalars(select(Observation).order_by(Observation.operation_id, Observation.id)))


def read(app: Flask, session: Session) -> list[Observation]:
    """Let the watcher read to the end; return everything observed."""
    catch_up(app)
    return observed(session)


def in_suspense(session: Session, asset: str = "stellar:native") -> int:
    """Return what lies in suspense, having made sure that the books balance."""
    session.expire_all()
    assert all(trial.balanced for trial in books.trial_balance(session))
    return sum(account.balance.posted for account in books.accounts(session, "suspense", asset=asset))
