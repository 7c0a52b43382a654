"""How fast the watcher catches up with what happened while nobody watched; the floor is to read, and write nothing."""

from collections.abc import Iterator

from sqlalchemy import event

from app.db import db
from app.sandbox.network.handle import Handle
from app.stellar import envelopes, horizon, operations, signing
from app.stellar.operations import Instruction
from app.watcher import feed, run
from tests.bench.figures import Figure, seconds
from tests.bench.installation import Plan, installed
from tests.bench.population import TREASURY, Population

SENDERS = 100
LEDGERS = 2
OPERATIONS = 100 * SENDERS * LEDGERS
RATE = 2000  # operations a second, at least


def catching_up() -> Iterator[Figure]:
    """Read, write down and book 20,000 payments that came in, a page a commit."""
    plan = Plan("watching", Population(channels=SENDERS), ledger_seconds=0, operations_max=OPERATIONS)
    commits: list[object] = []
    with installed(plan) as (installation, _):
        for sequence in range(1, LEDGERS + 1):
            _donate(installation.network, plan.population, sequence)
        reading = seconds(lambda: _read(installation.horizon_url))
        event.listen(db.engine, "commit", commits.append)
        found: list[int] = []
        took = seconds(lambda: found.append(run.catch_up(installation.app)))
    if found != [OPERATIONS]:
        raise RuntimeError(f"{found} operations were found")
    rate, pages = int(OPERATIONS / took), OPERATIONS // horizon.RECORDS_MAX
    floor, ratio = f"{int(OPERATIONS / reading):,}", f"{took / reading:.2f}"
    yield Figure("watcher catch-up, operations a second", f"{rate:,}", f"≥ {RATE:,}", rate >= RATE, floor, ratio)
    extra = 5  # to look which streams there are, to remember the network
    name = f"watcher catch-up, commits for {pages} pages"
    yield Figure(name, str(len(commits)), f"≤ {pages + extra}", len(commits) <= pages + extra, str(pages))


def _read(url: str) -> None:
    """Read all that happened on the treasury, as the watcher does, and forget it."""
    for _ in feed.pages(url, TREASURY.public_key, 0):
        pass


def _donate(network: Handle, population: Population, sequence: int) -> None:
    """Let every channel send the treasury a hundred payments, in one ledger."""
    for key in population.channel_keys():
        gift = operations.octets(Instruction("payment", key.public_key, TREASURY.public_key, amount=10**7))
        body = envelopes.build(envelopes.Plan(key.public_key, sequence, 100_000, 0, [gift] * 100), network.passphrase)
        horizon.submit(network.url, envelopes.seal(body, signing.sign(body.hash, [key])))
    network.close()
