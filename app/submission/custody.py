"""Orders of treasuries that a custodian keeps: handed over, and asked about until the ledger shows them.

    entrust_payments    ENTRUST   hand over what is ready, one order after the other
                        INQUIRE   ask about what was handed over, and look for it in the ledger

Claim (committed: from then on the custodian may know of it) → act (no session) → record (under the claim's fence).
Whatever happens to us or to the custodian in between, an order once entrusted is asked about before anything else.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.clock import after, now, read
from app.errors import Conflict, NotFound
from app.ledger import service as ledger
from app.money import STROOPS_MAX, Money
from app.states import claim, held, move, put_off
from app.stellar.facts import TransactionFacts
from app.submission import closing, forming
from app.submission.caps import allowances
from app.submission.consignments import Consignment, Fail, Found, News, Release, Settle, Wait, judge, paid
from app.submission.custodians import Desk, Question, hand_over, inquire
from app.submission.drains import Errand
from app.submission.facts import Holdings, Item
from app.submission.models import Order, Settlement, Treasury
from app.submission.packing import Rooms, pack
from app.submission.states import ENTRUSTED, READY
from app.submission.turns import recorded
from rails.custody import State, Transfer, Word

log = logging.getLogger(__name__)

QUESTION_MAX = 20  # orders asked about together
LOOK_SECONDS = 2
LOOK_SECONDS_MAX = 300
GIVEN_UP = "given_up"
STUCK_SECONDS = 600  # how often an order is looked at, and called out, when only a person can see to it


def errands(desk: Desk) -> tuple[Errand, Errand]:
    """Return what is to be done with one custodian: hand over, inquire."""
    entrust = Errand(partial(claim_ready, desk), partial(hand_over, desk), partial(record_word, desk))
    return entrust, Errand(partial(claim_entrusted, desk), partial(inquire, desk), partial(record_news, desk))


def claim_ready(desk: Desk, session: Session, limit: int) -> list[Consignment]:
    """Take up to ``limit`` orders that are ready; from this commit on the custodian may know of them."""
    mine = (_kept(desk), ~forming.paused())
    due = claim(session, Order, READY, *mine, limit=limit, lease_seconds=desk.lease_seconds)
    consignments = {row.id: _consignment(row) for row in due}
    facts = {"due_at": after(desk.lease_seconds), "entrusted_at": func.coalesce(Order.entrusted_at, now())}
    taken = move(session, Order, "entrust", Order.id.in_(_allowed(session, due)), note=desk.name, **facts)
    return [consignments[id] for id in taken]


def claim_entrusted(desk: Desk, session: Session, limit: int) -> list[Question]:
    """Take what is due to be asked about."""
    due = claim(session, Order, ENTRUSTED, _kept(desk), limit=QUESTION_MAX, lease_seconds=desk.lease_seconds)
    return [Question(desk.name, [_consignment(row) for row in due])] if due else []


def record_word(desk: Desk, session: Session, order: Consignment, fact: News | Exception) -> None:
    """Write down what the custodian said to an order."""
    _draw(desk, session, order, fact if isinstance(fact, News) else _nothing(order, fact))


def record_news(desk: Desk, session: Session, question: Question, fact: Sequence[News] | Exception) -> None:
    """Write down what was found out about each order; one that cannot be written down keeps no other from it."""
    told = [_nothing(order, fact) for order in question.orders] if isinstance(fact, Exception) else fact
    for order, news in zip(question.orders, told, strict=True):
        recorded(session, partial(_draw, desk, session, order, news))


def waiting(session: Session) -> list[Order]:
    """Return the orders custodians have, the oldest first."""
    entrusted = select(Order).where(Order.state.in_(ENTRUSTED))
    return list(session.scalars(entrusted.order_by(Order.entrusted_at, Order.id)))


def consigned(session: Session, order_id: str) -> Consignment:
    """Return an order that a custodian has; raise NotFound."""
    row = session.scalar(select(Order).where(Order.id == order_id, Order.state.in_(ENTRUSTED)))
    if row is None:
        raise NotFound(f"no custodian has an order {order_id}: see `flask treasury entrusted`")
    return _consignment(row)


def give_up(session: Session, order: Consignment, found: Sequence[Found]) -> None:
    """Fail an order, by an operator's word and only where the network bears it out; raise Conflict if it was paid, or
    has moved since."""
    settled = paid(found)
    if settled is not None:
        raise Conflict(f"transaction {settled.named} pays it: wait, it will be looked at again")
    row = session.scalar(_held(order))
    if row is None:
        raise Conflict(f"order {order.id} is being looked at: see how it stands, and say it once more")
    _fail(session, row, News(), Fail(GIVEN_UP, "given up by an operator"))


def _nothing(order: Consignment, error: Exception) -> News:
    """Nothing could be found out."""
    return News(Word(order.transfer.key, State.UNKNOWN, message=f"it could not be looked up: {type(error).__name__}"))


def _allowed(session: Session, rows: Sequence[Order]) -> list[str]:
    """Return which orders may leave today. The others are given back, until more may; what never may fails.

    What there is to spend is the custodian's to judge.
    """
    sources: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.created_at):
        item = Item(*(getattr(row, name) for name in forming.ITEM))
        sources[row.organization_id, row.source].append(item)
    allowed, left = [], {owner: allowances(session, owner) for owner in sorted({owner for owner, _ in sources})}
    for (owner, source), items in sources.items():
        plenty = {item.asset: len(items) * STROOPS_MAX for item in items}
        rooms = Rooms(source, Holdings(0, plenty), {}, left[owner])
        packed = pack(items, rooms, set(), len(items))
        left[owner] = rooms.allowances
        forming.judge(session, packed.never)
        for asset, why in packed.short.items():
            forming.pause(session, source, asset, why)
        allowed += [item.id for item in packed.chosen]
    given_back = Order.id.in_({row.id for row in rows} - set(allowed))
    session.execute(update(Order).where(given_back, Order.state.in_(READY)).values(due_at=now()))
    return allowed


def _kept(desk: Desk) -> Any:
    return Order.source.in_(select(Treasury.address).where(Treasury.custodian == desk.name))


def _consignment(row: Order) -> Consignment:
    transfer = Transfer(
        key=row.id,
        source=row.source,
        destination=row.destination,
        amount=Money(row.amount, row.asset),
        memo_type=row.memo_type,
        memo=row.memo,
        ref=row.ref,
    )
    return Consignment(row.id, row.fence, row.attempts, transfer, row.named, row.code)


def _held(order: Consignment) -> Any:
    """Select an order, and lock it, if nobody else has taken it up since."""
    mine = select(Order).where(*held(Order, order.id, order.fence), Order.state.in_(ENTRUSTED))
    return mine.with_for_update().execution_options(populate_existing=True)


def _draw(desk: Desk, session: Session, order: Consignment, news: News) -> None:
    """Draw the consequence of ``news``, unless somebody else holds the order by now."""
    row = session.scalar(_held(order))
    if row is None:
        log.warning("a custodian's answer came after its lease", extra={"order": order.id})
        return
    fate = judge(order, news)
    if isinstance(fate, Settle):
        fate = _settled(session, row, fate.found) or fate
    if not isinstance(fate, Settle):
        _conclude(desk, session, row, news, fate)
    _book_fees(session, row.organization_id, [found.transaction for found in news.found if found.places])


def _settled(session: Session, row: Order, found: Found) -> Wait | None:
    """Settle an order where it was paid; if each such place is another order's already, say so instead."""
    place = next((index for index in found.places if _placed(session, row.id, found.transaction, index)), None)
    if place is None:
        return Wait(f"the custodian names transaction {found.named}, which has paid other orders already", alarm=True)
    move(session, Order, "settle", Order.id == row.id, code="", reason="", named=found.named)
    if row.reservation:
        ledger.post(session, row.reservation)
    return None


def _placed(session: Session, order_id: str, transaction: TransactionFacts, index: int) -> bool:
    """Give the order this place in the ledger, unless another has it."""
    row = {"order_id": order_id, "transaction_hash": transaction.hash, "operation_index": index}
    placed = insert(Settlement).values(row | {"ledger": transaction.ledger}).on_conflict_do_nothing()
    return session.scalar(placed.returning(Settlement.order_id)) is not None


def _conclude(desk: Desk, session: Session, row: Order, news: News, fate: Fail | Release | Wait) -> None:
    if isinstance(fate, Fail):
        _fail(session, row, news, fate)
    elif isinstance(fate, Release):
        _release(session, row)
    else:
        _wait(desk, session, row, news, fate)


def _fail(session: Session, row: Order, news: News, fate: Fail) -> None:
    facts = {"code": fate.code, "reason": fate.reason, **_said(row, news)}
    move(session, Order, "fail", Order.id == row.id, note=fate.reason, **facts)
    if row.reservation:
        ledger.void(session, row.reservation)


def _release(session: Session, row: Order) -> None:
    """Let it be handed over again, at once the first time, later where it keeps getting lost."""
    seconds = 0 if row.attempts <= 2 else _pause(row.attempts)
    move(session, Order, "release", Order.id == row.id, due_at=after(seconds), note="the custodian never had it")


def _wait(desk: Desk, session: Session, row: Order, news: News, fate: Wait) -> None:
    """Ask again later; call an operator where nothing can be right any more, or it takes too long."""
    said, started = _said(row, news), row.entrusted_at or row.created_at
    reason, seconds = fate.reason, fate.seconds or _pause(row.attempts)
    if (read(session) - started).total_seconds() > desk.patience_seconds:
        reason, seconds = f"not in the ledger since {started:%Y-%m-%d %H:%M} UTC; {reason}".rstrip("; "), STUCK_SECONDS
    if fate.alarm or seconds == STUCK_SECONDS:
        log.error("an order waits for an operator", extra={"order": row.id, "custodian": desk.name, "why": reason})
    if said != {"ref": row.ref, "named": row.named}:
        seconds, said = min(seconds, LOOK_SECONDS), said | {"attempts": 0}
    put_off(session, Order, row.id, row.fence, seconds, code=fate.code, reason=reason, **said)


def _said(row: Order, news: News) -> dict[str, Any]:
    """Return what the custodian calls the order and the transaction it names, as far as it ever said."""
    word = news.word
    return {"ref": word and word.ref or row.ref, "named": word and word.transaction_hash or row.named}


def _pause(attempts: int) -> int:
    return min(LOOK_SECONDS * attempts, LOOK_SECONDS_MAX)


def _book_fees(session: Session, organization_id: str, transactions: Sequence[TransactionFacts]) -> None:
    """Book what the network took for these, out of accounts of the organization's."""
    mine = select(Treasury.address).where(Treasury.organization_id == organization_id)
    ours = set(session.scalars(mine)) if transactions else set()
    paid = [row for row in transactions if row.fee_account in ours and row.fee_charged]
    if paid:
        closing.post_fees(session, organization_id, paid)
