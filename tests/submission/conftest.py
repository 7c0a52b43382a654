"""An organization with a treasury and channels on a network of its own, whose ledgers close when a test says so."""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session
from stellar_sdk import BumpSequence, ChangeTrust, CreateAccount, Keypair, Operation, Payment

from app import money
from app.clock import now
from app.db import transaction
from app.organizations.models import Organization
from app.sandbox.network.local import Handle, network
from app.states import begin
from app.stellar import envelopes, horizon, operations, signing
from app.submission import drains, keys
from app.submission.models import Batch, Channel, Order, Treasury
from app.submission.service import NewOrder


def key(name: str) -> Keypair:
    """A keypair that is always the same for the same name."""
    return Keypair.from_raw_ed25519_seed(hashlib.sha256(name.encode()).digest())


TREASURY, ISSUER, PAYEE = key("treasury"), key("issuer"), key("payee")
USDC = f"stellar:USDC:{ISSUER.public_key}"
USDC_ASSET = operations.asset(USDC)
PAYEES = [key(f"payee {number}").public_key for number in range(100)]

_numbers = itertools.count()


class World:
    """The network as a test drives it, and the engine's rounds upon it."""

    def __init__(self, handle: Handle):
        self.network = handle

    def apply(self, source: Keypair, *parts: Operation, signers: tuple[Keypair, ...] = (), own: bool = True) -> None:
        """Have somebody's transaction applied now, signed by ``signers`` and, unless its key is worth nothing, by
        itself."""
        account = horizon.account(self.network.url, source.public_key)
        if account is None:
            raise LookupError(source.public_key)
        plan = envelopes.Plan(source.public_key, account.sequence + 1, 1_000_000, 0, parts)
        body = envelopes.build(plan, self.network.passphrase)
        receipt = horizon.submit(
            self.network.url, envelopes.seal(body, signing.sign(body.hash, [*[source] * own, *signers]))
        )
        self.network.close()
        found = horizon.transaction(self.network.url, body.hash.hex())
        if found is None or not found.successful:
            raise RuntimeError(f"not applied: {receipt} {found}")

    def spend(self, source: Keypair) -> None:
        """Spend the account's next number on something of no meaning."""
        self.apply(source, BumpSequence(0))

    def work(self, rounds: int = 2) -> None:
        """Let the engine do all it can without another ledger. Nothing here waits for a lease or a pause to end."""
        for _ in range(rounds):
            hurry()
            drains.run()

    def settle(self) -> None:
        """Work, close a ledger, work: what can be paid is paid."""
        self.work()
        self.network.close()
        self.work()

    def held(self, address: str, asset: str = USDC) -> int:
        """Return what an account holds."""
        account = horizon.account(self.network.url, address)
        balance = account.balance(asset) if account else None
        return balance.amount if balance else 0

    def expire(self) -> None:
        """Let the ledger's clock pass every envelope's end."""
        self.network.advance(120)
        self.network.close()


def hurry() -> None:
    """Make everything due now."""
    with transaction() as session:
        session.execute(update(Batch).where(Batch.due_at.is_not(None)).values(due_at=now()))
        session.execute(update(Treasury).values(due_at=now()))
        session.execute(update(Order).where(Order.state == "ready").values(due_at=now()))


@pytest.fixture(scope="module")
def handle() -> Iterator[Handle]:
    with network(close_seconds=0) as handle:
        yield handle


@pytest.fixture
def settings(settings: dict[str, Any], handle: Handle) -> dict[str, Any]:
    ours = {"HORIZON_URL": handle.url, "NETWORK_PASSPHRASE": handle.passphrase, "RESOLVE_INTERVAL_SECONDS": 0}
    return settings | ours | {"PREFLIGHT_READS_MAX": 0}  # what slips past is the harder case


@pytest.fixture
def organization(session: Session) -> Organization:
    """An organization with a treasury whose key we hold."""
    row = Organization(name="Ours")
    session.add(row)
    session.flush()
    session.add(Treasury(address=TREASURY.public_key, organization_id=row.id))
    keys.add(session, TREASURY.public_key, TREASURY)
    session.commit()
    return row


@pytest.fixture
def wish(organization: Organization) -> Callable[..., NewOrder]:
    """Make an order of 1 USDC, or of whatever is said instead."""
    organization_id = organization.id

    def make(**facts: Any) -> NewOrder:
        plain: dict[str, Any] = {
            "organization_id": organization_id,
            "owner": "anchor",
            "owner_key": f"t{next(_numbers)}",
            "source": TREASURY.public_key,
            "destination": PAYEE.public_key,
            "asset": USDC,
            "amount": 10_000_000,
        }
        return NewOrder(**plain | facts)

    return make


@pytest.fixture(scope="module")
def populated(handle: Handle) -> World:
    """A network on which treasury, payee and issuer live, and the treasury has 1,000,000 USDC."""
    world = World(handle)
    handle.fund(TREASURY.public_key, ISSUER.public_key, PAYEE.public_key)
    for holder in (TREASURY, PAYEE):
        world.apply(holder, ChangeTrust(USDC_ASSET))
    world.apply(ISSUER, Payment(TREASURY.public_key, USDC_ASSET, "1000000"))
    world.apply(TREASURY, *[CreateAccount(payee, "1") for payee in PAYEES])
    return world


@pytest.fixture
def world(populated: World, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The same network, in a moment when nothing is wrong with it."""
    monkeypatch.setattr("app.stellar.network.NODE_SECONDS", 0)  # ledgers close faster here
    yield populated
    populated.network.heal()
    populated.network.lag(0)


@pytest.fixture
def channel(world: World, session: Session, organization: Organization) -> str:
    return add_channel(world, session, organization)


def add_channel(world: World, session: Session, organization: Organization, lending: Keypair | None = None) -> str:
    """Create an account and let it be a channel."""
    lending = lending or Keypair.random()
    if horizon.account(world.network.url, lending.public_key) is None:
        world.network.fund(lending.public_key)
    account = horizon.account(world.network.url, lending.public_key)
    keys.add(session, lending.public_key, lending)
    row = Channel(address=lending.public_key, organization_id=organization.id)
    row.next_sequence = account.sequence + 1 if account else 0
    begin(session, row, state="open")
    session.commit()
    return lending.public_key


def top_up(world: World) -> None:
    """Give the treasury as much USDC as it has, and a bit."""
    amount = money.show(world.held(TREASURY.public_key) + 1000)
    world.apply(ISSUER, Payment(TREASURY.public_key, USDC_ASSET, amount))
