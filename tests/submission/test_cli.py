"""The operator's commands, from a treasury's seed to channels that work and are merged back."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session
from stellar_sdk import Keypair

from app.ledger import service as ledger
from app.ledger.queries import trial_balance
from app.money import NATIVE
from app.organizations.models import Organization
from app.sandbox.network.local import Handle, network
from app.stellar import horizon
from app.submission.models import Channel, SigningKey, Treasury
from app.watcher.models import Stream

SEED = Keypair.random()


@pytest.fixture(scope="module")
def handle() -> Iterator[Handle]:
    with network(close_seconds=0.2) as handle:
        handle.fund(SEED.public_key)
        yield handle


@pytest.fixture
def runner(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskCliRunner:
    monkeypatch.setattr("app.stellar.network.NODE_SECONDS", 0)
    return app.test_cli_runner(env={"TREASURY_SEEDS": SEED.secret}, catch_exceptions=False)


@pytest.fixture
def owner(session: Session) -> Organization:
    row = Organization(name="Ours")
    session.add(row)
    session.commit()
    return row


def say(runner: FlaskCliRunner, *words: str) -> str:
    result = runner.invoke(args=words)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.usefixtures("owner")
def test_a_treasury_is_added_sealed_booked_and_followed(runner: FlaskCliRunner, session: Session) -> None:
    assert SEED.secret not in say(runner, "treasury", "add")
    say(runner, "treasury", "add")
    assert session.scalars(select(Treasury.address)).all() == [SEED.public_key]
    assert SEED.secret.encode() not in session.scalars(select(SigningKey.sealed_seed)).one()
    books = ledger.open_account(
        session, session.scalar(select(Organization.id)), f"treasury:{SEED.public_key}", NATIVE, "debit"
    )
    assert ledger.balance(session, books).posted == 100_000_000_000
    assert session.get_one(Stream, SEED.public_key).cursor >> 32 >= 1
    assert all(trial.balanced for trial in trial_balance(session))


@pytest.mark.usefixtures("owner")
def test_channels_are_founded_by_the_engine_verified_and_merged_back(
    runner: FlaskCliRunner, session: Session, handle: Handle
) -> None:
    say(runner, "treasury", "add")
    say(runner, "channels", "ensure", "2")
    assert "none to be founded" in say(runner, "channels", "ensure", "2")
    session.expire_all()
    rows = session.execute(select(Channel.address, Channel.state)).all()
    assert sorted(row.state for row in rows) == ["open", "open", "retired"]
    assert say(runner, "channels", "verify").count("  ok") == 2
    assert say(runner, "channels", "list").count("free") == 2

    gone = next(row.address for row in rows if row.state == "open")
    session.query(Stream).delete()  # nobody follows the treasury: its books are closed without a watcher
    session.commit()
    say(runner, "channels", "remove", gone)
    assert horizon.account(handle.url, gone) is None
    assert "none to be founded" in say(runner, "channels", "ensure", "1")
    assert all(trial.balanced for trial in trial_balance(session))
