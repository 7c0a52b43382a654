"""A batch's number is spent: every order of it gets its place in the ledger, or its reason, in one transaction.

With it go the money set aside for the orders, the network's fee, the channel's next number, and the news to the
owners. Half of it cannot happen.
"""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import insert, literal, select, update
from sqlalchemy.orm import Session

from app.ledger import service as ledger
from app.money import NATIVE
from app.states import move
from app.stellar.facts import TransactionFacts
from app.submission import forming
from app.submission.decisions import fates, unpaid
from app.submission.facts import Batch, Close, Fate, Item
from app.submission.models import AttemptOrder, Channel, Order, Settlement
from app.submission.states import IN_BATCH, RECALLED

ENDS = {"settle": "post", "fail": "void", "cancel": "void"}  # what an order's end does to the money set aside for it


def close(session: Session, batch: Batch, closing: Close) -> None:
    """Account for the orders of ``batch``, which is locked."""
    if closing.transaction.successful:
        _settle(session, closing.transaction)
        left = items(session, [batch.id], lock=True)[batch.id]  # as a rule, none
        account_for(session, left, unpaid(left))
    else:
        waiting = items(session, [batch.id], lock=True)[batch.id]
        found = fates(waiting, carried(session, closing.transaction.hash), closing)
        account_for(session, waiting, found)
        for item in waiting:
            if found[item.id].pause:
                forming.pause(session, item.source, item.asset, found[item.id].reason)
    _post_fee(session, batch, closing.transaction)
    session.execute(update(Channel).where(Channel.address == batch.channel).values(next_sequence=batch.sequence + 1))


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


def carried(session: Session, attempt_hash: str) -> list[str]:
    """Return the orders an attempt carries, by operation index."""
    places = select(AttemptOrder.order_id).where(AttemptOrder.attempt_hash == attempt_hash)
    return list(session.scalars(places.order_by(AttemptOrder.operation_index)))


def account_for(session: Session, items: Sequence[Item], found: dict[str, Fate]) -> None:
    """Give each order its fate, and the money set aside for it with it."""
    _move(session, found)
    _resolve(session, items, found)


def _settle(session: Session, transaction: TransactionFacts) -> None:
    """Settle all that the transaction carried, whether it was wanted to the last or not."""
    mine = AttemptOrder.attempt_hash == transaction.hash
    places = select(AttemptOrder.order_id, AttemptOrder.attempt_hash, AttemptOrder.operation_index)
    columns = ["order_id", "transaction_hash", "operation_index", "ledger"]
    ledgered = places.add_columns(literal(transaction.ledger)).where(mine)
    session.execute(insert(Settlement).from_select(columns, ledgered))
    paid = Order.id.in_(select(AttemptOrder.order_id).where(mine))
    move(session, Order, "settle", paid, code="", reason="")
    held = session.scalars(select(Order.reservation).where(paid, Order.reservation != ""))
    _end(session, [ledger.Resolution(key, "post") for key in held])


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


def _post_fee(session: Session, batch: Batch, transaction: TransactionFacts) -> None:
    spent = ledger.open_account(session, batch.organization_id, "fees:network", NATIVE, "free")
    purse = ledger.open_account(session, batch.organization_id, f"channel:{transaction.fee_account}", NATIVE, "free")
    if transaction.fee_charged:
        ledger.transfer(session, f"fee:{transaction.hash}", spent, purse, transaction.fee_charged)
