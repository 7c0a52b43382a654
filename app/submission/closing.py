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
from app.submission.decisions import fates
from app.submission.facts import Batch, Close, Fate, Item
from app.submission.models import AttemptOrder, Channel, Order, Settlement

ENDS = {"settle": "post", "fail": "void", "cancel": "void"}  # what an order's end does to the money set aside for it


def close(session: Session, batch: Batch, closing: Close, items: Sequence[Item]) -> None:
    """Account for the orders of ``batch``, which are ``items``; they and the batch are locked."""
    transaction = closing.transaction
    found = fates(items, carried(session, transaction.hash), closing)
    if transaction.successful:
        _settle(session, transaction, found)
    account_for(session, items, found)
    for item in items:
        if found[item.id].pause:
            forming.pause(session, item.source, item.asset, found[item.id].reason)
    _post_fee(session, batch, transaction)
    session.execute(update(Channel).where(Channel.address == batch.channel).values(next_sequence=batch.sequence + 1))


def carried(session: Session, attempt_hash: str) -> list[str]:
    """Return the orders an attempt carries, by operation index."""
    places = select(AttemptOrder.order_id).where(AttemptOrder.attempt_hash == attempt_hash)
    return list(session.scalars(places.order_by(AttemptOrder.operation_index)))


def account_for(session: Session, items: Sequence[Item], found: dict[str, Fate]) -> None:
    """Give each order its fate, and the money set aside for it with it."""
    _move(session, found)
    _resolve(session, items, found)


def _settle(session: Session, transaction: TransactionFacts, found: dict[str, Fate]) -> None:
    places = select(
        AttemptOrder.order_id,
        AttemptOrder.attempt_hash,
        AttemptOrder.operation_index,
        literal(transaction.ledger),
    ).where(AttemptOrder.attempt_hash == transaction.hash)
    columns = ["order_id", "transaction_hash", "operation_index", "ledger"]
    session.execute(insert(Settlement).from_select(columns, places))


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
    resolutions = [ledger.Resolution(key, kind) for key, kind in ends if kind]
    if resolutions:
        ledger.resolve(session, resolutions)


def _post_fee(session: Session, batch: Batch, transaction: TransactionFacts) -> None:
    spent = ledger.open_account(session, batch.organization_id, "fees:network", NATIVE, "free")
    purse = ledger.open_account(session, batch.organization_id, f"channel:{transaction.fee_account}", NATIVE, "free")
    if transaction.fee_charged:
        ledger.transfer(session, f"fee:{transaction.hash}", spent, purse, transaction.fee_charged)
