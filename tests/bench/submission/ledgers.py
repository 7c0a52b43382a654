"""How many payments a ledger takes: a network with 5 s between ledgers, Celery workers beside it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, func, select
from stellar_sdk import CreateAccount, Keypair

from app.db import transaction
from app.sandbox.network.local import Handle
from app.sandbox.services import Redis
from app.sandbox.state import CHECKOUT, scratch_directory
from app.stellar import envelopes, horizon, signing
from app.submission.models import Attempt, AttemptOrder, Order, Settlement
from tests.bench.submission.house import PASSPHRASE, PAYEES, Payer, add_channel, house, order, payer
from tests.bench.submission.say import Figure

CHANNELS = 10
ORDERS = 10_000
CLOSE_SECONDS = 5
PORT = 18_731
PATIENCE_SECONDS = 200


def ledgers() -> list[Figure]:
    """Pay 10,000 orders on 10 channels; then 1,000 more, of which ten go to accounts that do not exist."""
    with network() as handle, broker() as broker_url, house(HORIZON_URL=handle.url) as app:
        ours = founded(handle)
        order(ours, ORDERS)
        handle.interval(CLOSE_SECONDS)
        with worker(app.config, broker_url):
            used = _ledgers(_settled(ORDERS))
            order(ours, ORDERS // 10, name="dirty", bad=100)
            late = _lateness(_settled(ORDERS // 10 - 10, "dirty"))
    return [
        Figure("payments a ledger a channel, clean", ORDERS / used / CHANNELS, 90, 100, more_is_better=True),
        Figure("ledgers for 10,000 payments on 10 channels", used, 12, 10),
        Figure("1 % bad, unseen: ledgers a good payment is late, at most", late, 2),
    ]


@contextmanager
def network() -> Iterator[Handle]:
    """A network in a program of its own, quick until told otherwise."""
    options = ["--port", str(PORT), "--close-seconds", "0.2", "--network-passphrase", PASSPHRASE]
    program = subprocess.Popen([sys.executable, "-m", "app.sandbox.network", *options], cwd=CHECKOUT)
    handle = Handle([f"http://127.0.0.1:{PORT}"])
    try:
        _until(lambda: _answers(handle))
        yield handle
    finally:
        program.terminate()
        program.wait()


@contextmanager
def broker() -> Iterator[str]:
    """A Redis of our own."""
    directory = scratch_directory() / "bench-broker"
    service = Redis(directory)
    try:
        yield service.start()
    finally:
        service.stop()
        shutil.rmtree(directory)


@contextmanager
def worker(settings: Any, broker_url: str) -> Iterator[None]:
    """A Celery worker with two children, and beat."""
    names = ("DATABASE_URL", "HORIZON_URL", "NETWORK_PASSPHRASE", "PREFLIGHT_READS_MAX", "LOG_LEVEL")
    ours = {name: str(settings[name]) for name in names} | {"TREASURY_KEYS": " ".join(settings["TREASURY_KEYS"])}
    celery = [sys.executable, "-m", "celery", "-q", "-A", "tasks"]
    with tempfile.TemporaryDirectory() as place:
        beat = ["beat", "-s", f"{place}/schedule", "--pidfile="]
        commands = [
            celery + ["worker", "-Q", "stellar", "-c", "2", "--without-gossip", "--without-mingle"],
            celery + beat,
        ]
        environment = os.environ | ours | {"CELERY_BROKER_URL": broker_url}
        programs = [subprocess.Popen(command, cwd=CHECKOUT, env=environment) for command in commands]
        try:
            yield
        finally:
            for program in programs:
                program.terminate()
            for program in programs:
                program.wait()


def founded(handle: Handle) -> Payer:
    """Return a payer whose treasury, channels and payees live on the network."""
    treasury, lending = Keypair.random(), [Keypair.random() for _ in range(CHANNELS)]
    handle.fund(treasury.public_key)
    _create(handle, treasury, lending, "50")
    _create(handle, treasury, PAYEES, "2")
    ours = payer("ours", 0, treasury)
    with transaction() as session:
        for key in lending:
            account = horizon.account(handle.url, key.public_key)
            add_channel(session, ours.organization_id, key, account.sequence + 1 if account else 0)
    return ours


def _create(handle: Handle, source: Keypair, accounts: Sequence[Keypair], amount: str) -> None:
    account = horizon.account(handle.url, source.public_key)
    parts = [CreateAccount(each.public_key, amount) for each in accounts]
    plan = envelopes.Plan(source.public_key, account.sequence + 1 if account else 0, 100_000, 0, parts)
    body = envelopes.build(plan, PASSPHRASE)
    horizon.submit(handle.url, envelopes.seal(body, signing.sign(body.hash, [source])))
    _until(lambda: horizon.transaction(handle.url, body.hash.hex()) is not None)


def _settled(count: int, name: str = "bench") -> ColumnElement[bool]:
    """Wait until so many of the orders called ``name`` have settled; return the condition that it is one of them."""
    these = Order.owner_key.startswith(f"{name} ")
    done = select(func.count()).where(these, Order.state == "settled")

    def enough() -> bool:
        with transaction() as session:
            return session.scalar(done) == count

    _until(enough)
    return these


def _ledgers(these: ColumnElement[bool]) -> int:
    """Return how many ledgers the orders took, from the first to the last."""
    places = select(func.max(Settlement.ledger) - func.min(Settlement.ledger) + 1)
    with transaction() as session:
        return session.scalar(places.join(Order, Order.id == Settlement.order_id).where(these)) or 0


def _lateness(these: ColumnElement[bool]) -> int:
    """Return how many ledgers after its first attempt's the last good order settled."""
    first = (
        select(AttemptOrder.order_id, (func.min(Attempt.after_ledger) + 1).label("ledger"))
        .join(Attempt, Attempt.hash == AttemptOrder.attempt_hash)
        .group_by(AttemptOrder.order_id)
        .subquery()
    )
    late = select(func.max(Settlement.ledger - first.c.ledger)).join(first, first.c.order_id == Settlement.order_id)
    with transaction() as session:
        return session.scalar(late.join(Order, Order.id == Settlement.order_id).where(these)) or 0


def _answers(handle: Handle) -> bool:
    try:
        return bool(handle.show())
    except OSError:
        return False


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("the network, or the engine, does not get on")
        time.sleep(0.2)
