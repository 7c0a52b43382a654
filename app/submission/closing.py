"""A batch's number is spent: every order of it gets its place in the ledger, or its reason, in one transaction.

With it go the money set aside for the orders, the network's fee, the channel's next number, and the news to the
owners. Half of it cannot happen.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import case, insert, select, tuple_, update
from sqlalchemy.orm import Session

from app.clock import now
from app.ledger import service as ledger
from app.money import NATIVE
from app.states import move
from app.stellar.facts import TransactionFacts
from app.submission import forming
from app.submission.decisions import fates, unpaid
from app.submission.facts import Batch, Close, Fate, Item
from app.submission.models import AttemptOrder, Channel, Order, Settlement
from app.submission.models import Batch as BatchRow
from app.submission.states import IN_BATCH, RECALLED

SPENT = "fees:network"
ENDS = {"settle": "post", "fail": "void", "cancel": "void"}  # what an order's end does to the money set aside for it


Closing = tuple[Batch, Close]


def close(session: Session, closings: Sequence[Closing]) -> list[Closing]:
    """Account for the orders of every batch that is still held; return those batches, with what closed them."""
    pairs = [(batch.id, batch.fence) for batch, _ in closings]
    fees = case({batch.id: closed.transaction.fee_charged for batch, closed in closings}, value=BatchRow.id)
    ours = tuple_(BatchRow.id, BatchRow.fence).in_(pairs)
    ids = set(move(session, BatchRow, "close", ours, closed_at=now(), fee=fees))
    mine = [closing for closing in closings if closing[0].id in ids]
    _settle(session, [closing for closing in mine if closing[1].transaction.successful])
    for batch, closed in mine:
        if not closed.transaction.successful:
            _split(session, batch, closed)
    _post_fees(session, mine)
    next_one = {"next_sequence": BatchRow.sequence + 1}
    spent = update(Channel).where(Channel.address == BatchRow.channel, BatchRow.id.in_(ids)).values(next_one)
    session.execute(spent.execution_options(synchronize_session=False))
    return mine


def items(session: Session, batch_ids: list[int], lock: bool = False) -> dict[int, list[Item]]:
    """Return the orders of each batch whose fate is open, in a lasting order; with ``lock``, none is recalled now."""
    columns = [getattr(Order, name) for name in forming.ITEM]
    these = (
        select(Order.batch_id, *columns, Order.state.in_(RECALLED))
        .where(Order.batch_id.in_(batch_ids), Order.state.in_(IN_BATCH))
        .order_by(Order.created_at, Order.id)
    )
    found: dict[int, list[Item]] = defaultdict(list)
    for batch_id, *facts in session.execute(these.with_for_update() if lock else these):
        found[batch_id].append(Item(*facts))
    return found


def carried(session: Session, attempt_hash: str) -> dict[str, str]:
    """Return the orders an attempt of an open batch carries, by operation index, each with its operation."""
    places = select(Order.id, Order.operation).join(AttemptOrder, AttemptOrder.order_id == Order.id)
    these = places.where(AttemptOrder.attempt_hash == attempt_hash).order_by(AttemptOrder.operation_index)
    return {row.id: row.operation for row in session.execute(these)}


def account_for(session: Session, items: Sequence[Item], found: dict[str, Fate]) -> None:
    """Give each order its fate, and the money set aside for it with it."""
    _move(session, found)
    _resolve(session, items, found)


def _settle(session: Session, closings: Sequence[Closing]) -> None:
    """Settle all that the transactions carried, whether it was wanted to the last or not; the rest was not paid."""
    if not closings:
        return
    ledgers = {closed.transaction.hash: closed.transaction.ledger for _, closed in closings}
    theirs = AttemptOrder.attempt_hash.in_(ledgers)
    columns = ["order_id", "transaction_hash", "operation_index", "ledger"]
    places = select(AttemptOrder.order_id, AttemptOrder.attempt_hash, AttemptOrder.operation_index)
    placed = places.add_columns(case(ledgers, value=AttemptOrder.attempt_hash)).where(theirs)
    session.execute(insert(Settlement).from_select(columns, placed))
    paid = Order.id.in_(select(AttemptOrder.order_id).where(theirs))
    move(session, Order, "settle", paid, code="", reason="")
    held = session.scalars(select(Order.reservation).where(paid, Order.reservation != ""))
    _end(session, [ledger.Resolution(key, "post") for key in held])
    for left in items(session, [batch.id for batch, _ in closings], lock=True).values():  # as a rule, none
        account_for(session, left, unpaid(left))


def _split(session: Session, batch: Batch, closed: Close) -> None:
    """Judge each order of a transaction that failed by the code of its operation."""
    waiting = items(session, [batch.id], lock=True)[batch.id]
    found = fates(waiting, carried(session, closed.transaction.hash), closed)
    account_for(session, waiting, found)
    for item in waiting:
        if found[item.id].pause:
            forming.pause(session, item.source, found[item.id].pause, found[item.id].reason)


def _move(session: Session, found: dict[str, Fate]) -> None:
    """Move the orders, all of one fate in one statement."""
    alike: dict[Fate, list[str]] = defaultdict(list)
    for id, fate in found.items():
        alike[fate].append(id)
    for fate, ids in alike.items():
        facts: dict[str, object] = {"code": fate.code, "reason": fate.reason}
        if fate.event == "release":
            facts |= {"batch_id": None, "suspect": fate.suspect}
        if fate.operation:
            facts["operation"] = fate.operation
        move(session, Order, fate.event, Order.id.in_(ids), note=fate.reason, **facts)


def _resolve(session: Session, items: Sequence[Item], found: dict[str, Fate]) -> None:
    ends = [(item.reservation, ENDS.get(found[item.id].event)) for item in items if item.reservation]
    _end(session, [ledger.Resolution(key, kind) for key, kind in ends if kind])


def _end(session: Session, resolutions: Sequence[ledger.Resolution]) -> None:
    if resolutions:
        ledger.resolve(session, resolutions)


def _post_fees(session: Session, closings: Sequence[Closing]) -> None:
    fees: dict[str, list[TransactionFacts]] = defaultdict(list)
    for batch, closed in closings:
        if closed.transaction.fee_charged:
            fees[batch.organization_id].append(closed.transaction)
    for owner, transactions in fees.items():
        post_fees(session, owner, transactions)


def post_fees(session: Session, organization_id: str, transactions: Sequence[TransactionFacts]) -> None:
    """Book what the network took, out of the purse of whoever paid it; the same transaction again changes nothing."""
    names = {SPENT, *(_purse(transaction) for transaction in transactions)}
    books = ledger.open_accounts(session, organization_id, names, NATIVE, "free")
    ledger.transfers(session, [_fee(transaction, books) for transaction in transactions])


def _fee(transaction: TransactionFacts, books: Mapping[str, ledger.Account]) -> ledger.Posting:
    purse = books[_purse(transaction)]
    return ledger.Posting(f"fee:{transaction.hash}", books[SPENT], purse, transaction.fee_charged)


def _purse(transaction: TransactionFacts) -> str:
    return f"channel:{transaction.fee_account}"
