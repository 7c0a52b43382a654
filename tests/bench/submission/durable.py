"""What the engine costs beside its floor, Horizon left out: signing and writing down, settling, processor time."""

import time

from flask import Flask
from sqlalchemy import func, select, update

from app.clock import now
from app.db import transaction
from app.money import NATIVE
from app.stellar.facts import AccountFacts, Balance, Ledger, Node, Receipt, TransactionFacts
from app.stellar.receivers import Receivers, Wanted
from app.submission import drains, fittings
from app.submission.drains import FORM, SIGN, TURN
from app.submission.models import Batch, Order
from tests.bench.submission.floor import BATCH, floor
from tests.bench.submission.house import PASSPHRASE, Payer, order, payer
from tests.bench.submission.say import Figure

ORDERS = 10_000


class Still:
    """A network that answers at once: all that is handed in is paid in the next ledger."""

    passphrase = PASSPHRASE
    receivers_max = 0
    last = 100

    def node(self) -> Node:
        return Node(self.last, 5 * self.last, 1, PASSPHRASE)

    def ledger(self) -> Ledger:
        return Ledger(self.last, 5 * self.last, 100, 5_000_000, 1_000)

    def account(self, address: str) -> AccountFacts | None:
        return AccountFacts(address, 0, 0, 0, 0, (), (Balance(NATIVE, 10**15),), 2)

    def receivers(self, wanted: Wanted) -> Receivers:
        return {}

    def transaction(self, hash: str) -> TransactionFacts | None:
        return TransactionFacts(hash, True, self.last, 5 * self.last, 10_000, "", "", 1, "")

    def submit(self, envelope_xdr: str) -> Receipt:
        return Receipt("pending")


def durable(app: Flask) -> list[Figure]:
    """Measure 10,000 orders each way, the bare way first."""
    still = Still()
    fittings._network = lambda *_: still  # type: ignore[assignment]  # nothing else is replaced
    bare = payer("the floor", ORDERS // BATCH)
    order(bare, ORDERS)
    least_signed, least_settled = floor(app.config["DATABASE_URL"].replace("+psycopg", ""), bare, ORDERS)
    ours = payer("ours", ORDERS // BATCH)
    order(ours, ORDERS)
    processor = time.process_time()
    signed = _seconds(FORM, SIGN)
    _seconds(TURN)
    still.last += 3
    _due()
    settled = _seconds(TURN)
    processor = time.process_time() - processor
    _check(ours)
    return [
        Figure("10,000 ready → signed and persisted, s", signed, 2 * least_signed, least_signed),
        Figure("10,000 results settled, s", settled, 2 * least_settled, least_settled),
        Figure("engine CPU a payment, Horizon excluded, ms", processor / ORDERS * 1000, 0.5),
    ]


def _seconds(*errands: drains.Errand) -> float:
    """Run each errand until nothing of it is due; return how long that took."""
    began = time.perf_counter()
    for errand in errands:
        while drains.run([errand], limit=ORDERS // BATCH):
            pass
    return time.perf_counter() - began


def _due() -> None:
    with transaction() as session:
        session.execute(update(Batch).where(Batch.due_at.is_not(None)).values(due_at=now()))


def _check(ours: Payer) -> None:
    paid = select(func.count()).where(Order.organization_id == ours.organization_id, Order.state == "settled")
    with transaction() as session:
        if session.scalar(paid) != ORDERS:
            raise RuntimeError("not all were paid")
