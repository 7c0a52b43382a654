"""Orders become signed attempts, and results become settled orders: beside the fewest raw statements that do so."""

import time
from collections.abc import Iterator
from functools import partial

import psycopg
from sqlalchemy import func, select

from app.db import transaction
from app.stellar.facts import TransactionFacts
from app.stellar.results import Codes
from app.submission import drains
from app.submission.facts import Batch as Facts
from app.submission.facts import Close, Result
from app.submission.models import Batch
from app.submission.turns import TurnJob
from tasks.drain import Errand, errand
from tasks.submission import resolve_payments, submit_payments
from tests.bench import floors
from tests.bench.figures import Figure, against, seconds
from tests.bench.installation import Installation, Plan, installed, order, over
from tests.bench.population import Population

ROUNDS = 5
CHANNELS = 20  # so many batches are formed in one transaction
PAYMENTS = 100 * CHANNELS  # a round
MOST = 2  # times the floor
CPU_MILLISECONDS = 0.5
WARM, ENOUGH = 1000, 10_000
QUIET = {"RPC_URL": "", "PREFLIGHT_READS_MAX": "0"}  # what the network is asked before has a figure of its own

SETTLED = "settle 10,000 results"
SIGNED = "10,000 ready → signed and persisted"


def signing_and_settling() -> Iterator[Figure]:
    """One worker's drains, and the floor, in turns: each round both do a fifth of the work."""
    plan = Plan("submission", Population(channels=CHANNELS), ledger_seconds=0, settings=QUIET)
    ours: dict[str, list[float]] = {SIGNED: [], SETTLED: []}
    floor: dict[str, list[float]] = {SIGNED: [], SETTLED: []}
    with installed(plan) as (installation, _), psycopg.connect(_address(installation), autocommit=True) as connection:
        channels = plan.population.channel_keys()
        for round in range(-1, ROUNDS):  # the first only warms up
            order(PAYMENTS, plan.population.payee, f"ours {round}")
            signing, settling = seconds(sign), seconds(settle)
            order(PAYMENTS, plan.population.payee, f"floor {round}")
            signed: list[floors.Signed] = []
            floor_signing = seconds(partial(floors.sign_and_persist, connection, channels, signed))
            floor_settling = seconds(partial(floors.settle, connection, signed))
            if round >= 0:
                ours[SIGNED].append(ROUNDS * signing)
                ours[SETTLED].append(ROUNDS * settling)
                floor[SIGNED].append(ROUNDS * floor_signing)
                floor[SETTLED].append(ROUNDS * floor_settling)
    for what in (SIGNED, SETTLED):
        yield against(what, ours[what], floor[what], MOST)


def sign() -> None:
    while _count("live") < CHANNELS:
        submit_payments()


def settle() -> None:
    """Record that every live batch has succeeded; what Horizon would have to say about it is given."""
    told = Errand(drains.TURN.claim, _succeeded, drains.TURN.record, threads=16)
    while _count("live"):
        errand("resolve_payments", "", told)


def _succeeded(job: TurnJob) -> list[Result]:
    return [_paid(batch) for batch, _ in job.turns]


def _paid(batch: Facts) -> Result:
    attempt = batch.attempts[-1]
    fee = 100 * attempt.operations
    facts = TransactionFacts(attempt.hash, True, 5, 0, fee, batch.channel, batch.channel, batch.sequence, "")
    return Result(Close(facts, Codes("tx_success")))


def _count(state: str) -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(Batch).where(Batch.state == state)) or 0


def _address(installation: Installation) -> str:
    return installation.settings["DATABASE_URL"].replace("+psycopg", "")


def processor() -> Iterator[Figure]:
    """What a payment costs this process, from its order to its settlement, what Horizon and PostgreSQL do left out."""
    plan = Plan("processor", Population(channels=10), ledger_seconds=1)
    with installed(plan):
        order(WARM, plan.population.payee, "warm")
        _pay(WARM)
        order(ENOUGH, plan.population.payee)
        began = time.process_time()
        _pay(WARM + ENOUGH)
        milliseconds = (time.process_time() - began) / ENOUGH * 1000
    name = "engine CPU a payment, end to end, Horizon excluded"
    yield Figure(name, f"{milliseconds:.2f} ms", f"≤ {CPU_MILLISECONDS} ms", milliseconds <= CPU_MILLISECONDS)


def _pay(count: int) -> None:
    while not over(count):
        submit_payments()
        resolve_payments()
        time.sleep(0.2)
