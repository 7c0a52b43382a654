"""How many ledgers payments take: everything as in production, ledgers of 5 s by the clock on the wall."""

from collections.abc import Iterator

from sqlalchemy import func, select

from app.db import transaction
from app.submission.models import Attempt, AttemptOrder, Order, Settlement
from tests.bench.figures import Figure
from tests.bench.installation import Plan, installed, order, over, standing
from tests.bench.population import Population

PAYMENTS = 10_000
CHANNELS = 10
LEDGERS = 12  # for all of them, at most
RATE = 90  # payments a ledger a channel, at least
DIRTY = 1000
LATE_LEDGERS = 2
PATIENCE_SECONDS = 600


def clean() -> Iterator[Figure]:
    """Pay everybody, on one worker's two processes, and count the ledgers from the first payment's to the last's."""
    plan = Plan("paying", Population(CHANNELS, payees=1000), ledger_seconds=5, workers=1)
    with installed(plan) as (_, supervisor):
        order(PAYMENTS, plan.population.payee)
        supervisor.until(lambda: over(PAYMENTS), PATIENCE_SECONDS)
        _expect({"settled": PAYMENTS})
        with transaction() as session:
            span = select(func.max(Settlement.ledger) - func.min(Settlement.ledger) + 1)
            ledgers = session.scalars(span).one()
    rate = PAYMENTS // (ledgers * CHANNELS)
    least = PAYMENTS // (100 * CHANNELS)
    yield Figure("payments a ledger a channel, 5 s ledgers", str(rate), f"≥ {RATE}", rate >= RATE, "100")
    name = f"ledgers for {PAYMENTS:,} payments on {CHANNELS} channels, 1,000 operations a ledger"
    yield Figure(name, str(ledgers), f"≤ {LEDGERS}", ledgers <= LEDGERS, str(least), f"{ledgers / least:.2f}")


def dirty() -> Iterator[Figure]:
    """One payment of a hundred goes to somebody without a trustline, and nobody looks before: who is held up?"""
    people = Population(CHANNELS, payees=1000, strangers=DIRTY // 100)
    blind = {"RPC_URL": "", "PREFLIGHT_READS_MAX": "0"}
    with installed(Plan("dirty", people, ledger_seconds=5, workers=1, settings=blind)) as (_, supervisor):
        order(DIRTY, lambda number: people.payee(number) if number % 100 else people.stranger(number // 100))
        supervisor.until(lambda: over(DIRTY), PATIENCE_SECONDS)
        _expect({"settled": DIRTY - DIRTY // 100, "failed": DIRTY // 100})
        late = _lateness()
    name = "a batch with 1 % bad destinations: good payments later by, at most"
    yield Figure(name, f"{late} ledgers", f"≤ {LATE_LEDGERS} ledgers", late <= LATE_LEDGERS)


def _lateness() -> int:
    """Return by how many ledgers the latest payment missed the ledger its first envelope was meant for."""
    first = (
        select(AttemptOrder.order_id, func.min(Attempt.after_ledger).label("ledger"))
        .join(Attempt, Attempt.hash == AttemptOrder.attempt_hash)
        .group_by(AttemptOrder.order_id)
        .subquery()
    )
    late = select(func.max(Settlement.ledger - first.c.ledger - 1)).join(first, first.c.order_id == Settlement.order_id)
    with transaction() as session:
        return session.scalar(late.join(Order, Order.id == Settlement.order_id)) or 0


def _expect(wanted: dict[str, int]) -> None:
    if standing() != wanted:
        raise RuntimeError(f"orders stand as {standing()}, not as {wanted}")
