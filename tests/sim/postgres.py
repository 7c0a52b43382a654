"""The house in PostgreSQL: the production store and service, on a clock the simulator sets."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from flask import current_app
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.db import db, transaction
from app.ledger import queries
from app.ledger import service as ledger
from app.organizations.models import Organization
from app.states import begin
from app.stellar.nodes import Pool, Watched
from app.stellar.signing import Keys
from app.submission import caps, drafts, forming, service, signatures
from app.submission.acts import Purse
from app.submission.engine import BATCHES_MAX
from app.submission.facts import Source
from app.submission.fittings import store
from app.submission.models import Batch, Channel, Order, Settlement, Treasury
from app.submission.preflight import Candidate
from app.submission.service import NewOrder
from app.submission.states import CIRCULATING, OPEN
from app.submission.store import Store
from app.submission.turns import TurnJob, record_turns
from tests.sim.houses import Balances, Standing, Turn
from tests.sim.scenario import BID, LEASE_SECONDS, ORGANIZATION, SURGE_OPERATIONS_MAX

NOBODY = Pool([Watched("", "")])  # recording asks nobody
SET_CLOCK = text("SELECT set_config('railhead.clock_offset', (to_timestamp(:at) - now())::text, true)")
EPOCH = 1_800_000_000


class InPostgres:
    """See ``House``. Needs an application context, on a database of its own."""

    def __init__(self, clock: Callable[[], float], interval_seconds: int, fees_daily_max: int):
        self.clock = clock
        self.wishes: dict[str, NewOrder] = {}
        settings = {
            "RESOLVE_INTERVAL_SECONDS": interval_seconds,
            "FEES_DAILY_STROOPS_MAX": fees_daily_max,
            "FEE_BID_STROOPS": BID,
            "LEASE_SECONDS": LEASE_SECONDS,
            "SURGE_OPERATIONS_MAX": SURGE_OPERATIONS_MAX,
        }
        current_app.config.update(settings)

    def found(self, sources: Sequence[Source], numbers: Mapping[str, int]) -> None:
        with self._session() as session:
            session.add(Organization(id=ORGANIZATION, name=ORGANIZATION))
            session.flush()
            session.add_all(Treasury(address=row.address, organization_id=ORGANIZATION) for row in sources)
            for address, number in numbers.items():
                row = Channel(address=address, organization_id=ORGANIZATION, next_sequence=number)
                begin(session, row, state="open")

    def cap(self, asset: str, daily_max: int) -> None:
        with self._session() as session:
            caps.cap(session, ORGANIZATION, asset, daily_max)

    @contextmanager
    def transaction(self) -> Iterator[Store]:
        with self._session() as session:
            yield store(session)

    def candidates(self, store: Store, source: Source) -> Sequence[Candidate]:
        return forming.candidates(db.session(), source, BATCHES_MAX)

    def record(self, store: Store, turns: Sequence[Turn]) -> None:
        batches = tuple((batch, Purse(0, Keys())) for batch, _ in turns)
        with unrecorded() as failures:
            record_turns(db.session(), TurnJob(batches, NOBODY), [fact for _, fact in turns])
        if failures:
            raise RuntimeError(failures[0])

    def request(self, wish: NewOrder) -> str:
        with self._session() as session:
            owed = ledger.open_account(session, ORGANIZATION, "owed", wish.asset, "free")
            purse = ledger.open_account(session, ORGANIZATION, f"treasury:{wish.source}", wish.asset, "free")
            ledger.reserve(session, wish.reservation, owed, purse, wish.amount)
            id = service.request(session, wish)
        self.wishes[wish.owner_key] = wish
        return id

    def cancel(self, key: str) -> None:
        with self._session() as session:
            service.cancel(session, self.wishes[key].owner, key)

    def drafts(self) -> list[int]:
        with self._session() as session:
            return list(session.scalars(select(Batch.id).where(Batch.state.in_(CIRCULATING)).order_by(Batch.id)))

    def cosign(self, batch_id: int, signer: str, signature: bytes) -> None:
        with self._session() as session:
            standing = session.get_one(Batch, batch_id, with_for_update=True)
            if standing.state in CIRCULATING:
                signatures.keep(session, drafts.rows_of(session, [batch_id])[-1], signer, signature)

    def orders(self) -> dict[str, Standing]:
        places = Settlement.transaction_hash, Settlement.operation_index, Settlement.ledger
        rows = select(Order.owner_key, Order.state, Order.operation, Order.code, *places)
        with self._session() as session:
            found = session.execute(rows.outerjoin(Settlement, Settlement.order_id == Order.id)).all()
        return {
            key: Standing(key, self.wishes[key], state, operation, code, (hash, index, number) if hash else None)
            for key, state, operation, code, hash, index, number in found
        }

    def open_batches(self) -> list[str]:
        with self._session() as session:
            rows = session.execute(select(Batch.id, Batch.state, Batch.reason).where(Batch.state.in_(OPEN))).all()
        return [f"batch {row.id} is {row.state}: {row.reason}" for row in rows]

    def numbers(self) -> dict[str, int]:
        with self._session() as session:
            return {
                row.address: row.next_sequence
                for row in session.execute(select(Channel.address, Channel.next_sequence))
            }

    def balances(self) -> Balances:
        with self._session() as session:
            return {
                (row.name, row.asset): (
                    row.posted_debits - row.posted_credits,
                    row.pending_debits - row.pending_credits,
                )
                for row in queries.accounts(session)
            }

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with transaction() as session:
            session.execute(SET_CLOCK, {"at": EPOCH + self.clock()})
            yield session


@contextmanager
def unrecorded() -> Iterator[list[str]]:
    """Collect what could not be recorded within the block: production only writes that to its log."""
    failures: list[str] = []
    listener = logging.Handler(logging.ERROR)
    listener.emit = lambda record: failures.append(f"{record.getMessage()}: {record.exc_info}")  # type: ignore[method-assign]
    logger = logging.getLogger("app.submission.turns")
    logger.addHandler(listener)
    try:
        yield failures
    finally:
        logger.removeHandler(listener)
