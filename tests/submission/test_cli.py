"""The operator's commands, from a treasury's seed to channels that work and are merged back."""

import base64
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session
from stellar_sdk import Keypair, SetOptions, TransactionEnvelope
from stellar_sdk import Signer as NewSigner

from app import vault
from app.clock import after
from app.ledger import service as ledger
from app.ledger.queries import trial_balance
from app.money import NATIVE
from app.organizations.models import Organization
from app.sandbox.network.local import Handle, network
from app.stellar import horizon
from app.submission import caps
from app.submission.facts import Allowance
from app.submission.models import Channel, Pause, SigningKey, Treasury
from app.submission.service import NewOrder, outcome, request
from app.watcher.models import Stream
from tests.submission.conftest import World, add_channel

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
def test_the_list_says_what_a_treasury_holds_and_why_it_cannot_send(runner: FlaskCliRunner, session: Session) -> None:
    say(runner, "treasury", "add")
    session.add(Pause(source=SEED.public_key, asset=NATIVE, until=after(60), reason="it has too little"))
    session.commit()
    listed = say(runner, "treasury", "list")
    assert SEED.public_key in listed
    assert "10000" in listed
    assert "it has too little" in listed


def test_an_asset_is_capped_and_the_cap_is_lifted(
    runner: FlaskCliRunner, session: Session, owner: Organization
) -> None:
    ours = owner.id
    say(runner, "treasury", "cap", NATIVE, "12.5")
    say(runner, "treasury", "cap", NATIVE, "13")
    assert caps.allowances(session, ours) == {NATIVE: Allowance(130_000_000, 130_000_000)}
    session.rollback()
    say(runner, "treasury", "cap", NATIVE)
    assert caps.allowances(session, ours) == {}
    assert runner.invoke(args=["treasury", "cap", "USDC", "1"]).exit_code == 1
    assert runner.invoke(args=["treasury", "cap", NATIVE, "0"]).exit_code == 1


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


@pytest.mark.usefixtures("owner")
def test_a_treasury_with_cosigners_is_added_pays_and_its_seeds_are_sealed_anew(
    runner: FlaskCliRunner, session: Session, handle: Handle, app: Flask
) -> None:
    safe, cosigner, stranger = Keypair.random(), Keypair.random(), Keypair.random()
    handle.fund(safe.public_key)
    world = World(handle)
    also = SetOptions(signer=NewSigner.ed25519_public_key(cosigner.public_key, 1), med_threshold=2, high_threshold=2)
    world.apply(safe, also)
    mine = {"env": {"TREASURY_SEEDS": safe.secret}}
    for words, why in (([], "needs 2"), (["--cosigner", stranger.public_key], "may not sign")):
        refused = runner.invoke(args=["treasury", "add", *words], **mine)
        assert refused.exit_code == 1
        assert why in refused.output
    assert session.scalars(select(Treasury.address)).all() == []
    assert runner.invoke(args=["treasury", "add", "--cosigner", cosigner.public_key], **mine).exit_code == 0

    owner = session.scalars(select(Organization)).one()
    add_channel(world, session, owner)
    request(session, NewOrder(owner.id, "anchor", "a", safe.public_key, SEED.public_key, NATIVE, 10_000_000))
    session.commit()
    world.work()
    words = say(runner, "treasury", "pending")
    batch = re.search(r"batch (\d+)", words)
    assert batch is not None
    assert f"operations 1  from {safe.public_key}: 1.0000000 {NATIVE}" in words
    assert f"signed: nobody  missing: {cosigner.public_key}" in words

    envelope = TransactionEnvelope.from_xdr(say(runner, "treasury", "envelope", batch[1]).strip(), handle.passphrase)
    alone = base64.b64encode(cosigner.sign(envelope.hash())).decode()
    for given, extra in ((envelope.to_xdr(), []), (alone, ["--signer", stranger.public_key]), ("AAAA", [])):
        assert runner.invoke(args=["treasury", "sign", batch[1], *extra], input=given).exit_code == 1
    signed = runner.invoke(args=["treasury", "sign", batch[1], "--signer", cosigner.public_key], input=alone)
    assert signed.output == f"signed by {cosigner.public_key}\n"
    envelope.sign(cosigner)
    assert runner.invoke(args=["treasury", "sign", batch[1]], input=envelope.to_xdr()).exit_code == 0

    old, fresh = app.config["TREASURY_KEYS"], vault.new_key()
    app.config["TREASURY_KEYS"] = [fresh, *old]
    assert say(runner, "treasury", "reseal") == "2 seeds are sealed with the newest key\n"
    app.config["TREASURY_KEYS"] = [fresh]  # the channel's seed and the treasury's open without the old one
    world.settle()
    world.settle()
    assert outcome(session, "anchor", "a").state == "settled"
    assert say(runner, "treasury", "pending") == ""
