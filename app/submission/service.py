"""What owners ask of the engine: do this once; never mind; what became of it?"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, select
from sqlalchemy.orm import Session

from app.clock import after
from app.db import new_id
from app.errors import Conflict, Invalid, NotFound, WrongState
from app.ledger import service as ledger
from app.states import begin_all, hurry, move, move_one
from app.stellar import addresses, balances, memos, operations
from app.submission.models import Attempt, Batch, Order, Settlement, Treasury
from app.submission.states import CIRCULATING, ENDED, IN_BATCH, OVER, READY

RECALL_LOOK_SECONDS = 3600


@dataclass(frozen=True)
class NewOrder:
    """One thing to do on Stellar. ``owner`` and ``owner_key`` name it for ever; ``amount`` is in stroops.

    ``kind`` is payment, or create_account where the destination may not exist yet (native only: it is created with
    the amount, or paid if it does exist). ``reservation`` is the ledger's key of the money set aside: posted when
    the order settles, voided when it fails or is cancelled.

    ``otherwise`` is what to do where the destination of a payment does not exist, has no trustline or cannot receive
    that much: ``fail``, or put the amount into a ``claimable_balance`` for it. To take that back (if nobody has
    claimed it within CLAIM_BACK_SECONDS) order a claim_claimable_balance of the same asset and amount, with the
    balance's id as destination; what arrives lies in suspense.
    """

    organization_id: str
    owner: str
    owner_key: str
    source: str
    destination: str
    asset: str
    amount: int
    memo_type: str = memos.NONE
    memo: str = ""
    kind: str = "payment"
    reservation: str = ""
    about: str = ""
    otherwise: str = "fail"


@dataclass(frozen=True)
class Outcome:
    """Where an order stands. Once settled: where in the ledger, by which operation, and the id (hex) of the claimable
    balance if it made one. Once failed: the network's code, and it in words."""

    id: str
    owner_key: str
    state: str
    code: str = ""
    reason: str = ""
    transaction_hash: str = ""
    operation_index: int = 0
    ledger: int = 0
    operation: str = ""
    balance_id: str = ""


def request(session: Session, order: NewOrder) -> str:
    """Order something and return the order's id; the same again returns the same id.

    Raises Invalid for what could never be sent, Conflict if the key was used for something else.
    """
    return request_all(session, [order])[0]


def request_all(session: Session, orders: Sequence[NewOrder]) -> list[str]:
    """Order many things at once; return their ids, in the same order."""
    wishes = [_checked(order) for order in orders]
    _check_sources(session, wishes)
    begin_all(session, Order, wishes, unique=["owner", "owner_key"])
    known = _standing(session, wishes)
    for wish in wishes:
        if not _same(known[wish["owner"], wish["owner_key"]], wish):
            name = f"{wish['owner']} {wish['owner_key']}"
            raise Conflict(f"{name} has been ordered already, as something else", code="order_differs")
    return [known[wish["owner"], wish["owner_key"]].id for wish in wishes]


def cancel(session: Session, owner: str, owner_key: str) -> Outcome:
    """Call an order off and return where it stands now.

    *cancelled* if nothing was signed; *recalled* if an envelope is out: what becomes of it only the ledger can say. Of
    what others have yet to sign, it is left out.
    Cancelling again changes nothing. Raises NotFound, or WrongState if it has settled or failed, or a custodian
    has it.
    """
    this = (Order.owner == owner, Order.owner_key == owner_key)
    order = session.scalar(select(Order).where(*this).with_for_update().execution_options(populate_existing=True))
    if order is None:
        raise NotFound(f"{owner} has ordered nothing called {owner_key}")
    if order.state in ENDED:
        raise WrongState(f"order {owner_key} has {order.state} already", state=order.state)
    if order.state not in OVER and order.entrusted_at is not None:
        raise WrongState(f"order {owner_key} is with a custodian: it cannot be called off any more", state=order.state)
    if order.state in READY and move_one(session, order, "cancel") and order.reservation:
        ledger.void(session, order.reservation)
    if order.state in IN_BATCH:
        move(session, Order, "recall", *this, due_at=after(RECALL_LOOK_SECONDS))
        hurry(session, Batch, Batch.id == order.batch_id, Batch.state.in_(CIRCULATING))
    return outcome(session, owner, owner_key)


def outcome(session: Session, owner: str, owner_key: str) -> Outcome:
    """Return where an order stands; raise NotFound."""
    found = outcomes(session, owner, [owner_key])
    if not found:
        raise NotFound(f"{owner} has ordered nothing called {owner_key}")
    return found[owner_key]


def outcomes(session: Session, owner: str, owner_keys: Iterable[str]) -> dict[str, Outcome]:
    """Return where each order stands, by the owner's key; unknown keys are left out."""
    found = session.execute(
        select(Order.id, Order.owner_key, Order.state, Order.code, Order.reason)
        .add_columns(Settlement.transaction_hash, Settlement.operation_index, Settlement.ledger, Order.operation)
        .add_columns(Batch.channel, Batch.sequence)
        .outerjoin(Settlement, Settlement.order_id == Order.id)
        .outerjoin(Attempt, Attempt.hash == Settlement.transaction_hash)
        .outerjoin(Batch, Batch.id == Attempt.batch_id)
        .where(Order.owner == owner, Order.owner_key.in_(list(owner_keys)))
    )
    return {row.owner_key: _outcome(row) for row in found}


def _outcome(row: Any) -> Outcome:
    found = Outcome(*row[: 9 if row.ledger else 5])
    if found.operation != operations.SET_ASIDE:
        return found
    return replace(found, balance_id=balances.balance_id(row.channel, row.sequence, row.operation_index))


def ended(owner: str, owner_key: SQLColumnExpression[str]) -> ColumnElement[bool]:
    """Return the condition, for an owner's query, that the order called ``owner_key`` has come to its end."""
    over = select(Order.id).where(Order.owner == owner, Order.owner_key == owner_key, Order.state.in_(OVER))
    return over.exists()


def _checked(order: NewOrder) -> dict[str, Any]:
    """Return the order's columns, or raise Invalid for what no network would take."""
    memo_type = order.memo_type or memos.NONE
    if order.kind not in ORDERED:
        raise Invalid(f"{order.kind!r} cannot be ordered", code="invalid_operation")
    if order.amount < 1 and order.kind != "account_merge":
        raise Invalid("there is nothing to send", code="invalid_amount")
    if order.kind != operations.TAKE_BACK:
        addresses.checked(order.destination)
    if order.otherwise != "fail":
        _check_otherwise(order)
    operations.operation(operations.Instruction(order.kind, order.source, order.destination, order.asset, order.amount))
    memos.memo(memo_type, order.memo)
    return {**asdict(order), "memo_type": memo_type, "id": new_id(), "operation": order.kind}


def _check_otherwise(order: NewOrder) -> None:
    """Raise Invalid where what cannot be paid cannot be set aside in a claimable balance either."""
    objections = [
        (order.otherwise != "claimable_balance", f"{order.otherwise!r} is neither fail nor claimable_balance"),
        (order.kind != "payment", f"only what a payment cannot do is set aside, not what {order.kind} cannot"),
        (
            not order.destination.startswith("G"),
            "a claimable balance is for an account: the number in the destination M… would be lost; give it as G…",
        ),
        (order.destination == order.source, "the sending account cannot set its money aside for itself"),
    ]
    for wrong, why in objections:
        if wrong:
            raise Invalid(why, code="invalid_otherwise")


ORDERED = ("payment", "create_account", "account_merge", operations.TAKE_BACK)


def _check_sources(session: Session, wishes: Sequence[dict[str, Any]]) -> None:
    sources = {(wish["source"], wish["organization_id"]) for wish in wishes}
    known = select(Treasury.address, Treasury.organization_id, Treasury.custodian)
    found = session.execute(known.where(Treasury.address.in_([address for address, _ in sources]))).all()
    strangers = sources - {(row.address, row.organization_id) for row in found}
    if strangers:
        names = ", ".join(sorted(address for address, _ in strangers))
        raise Invalid(f"{names}: no account of this organization; see `flask treasury add`", code="unknown_source")
    kept = {row.address: row.custodian for row in found if row.custodian}
    for wish in wishes:
        if wish["source"] in kept and (wish["kind"], wish["otherwise"]) != ("payment", "fail"):
            words = f"{wish['source']} is kept by {kept[wish['source']]}: a custodian is asked for payments only"
            raise Invalid(words, code="custodian_pays_only")


def _standing(session: Session, wishes: Sequence[dict[str, Any]]) -> dict[tuple[str, str], Order]:
    owners, keys = {wish["owner"] for wish in wishes}, {wish["owner_key"] for wish in wishes}
    found = session.scalars(select(Order).where(Order.owner.in_(owners), Order.owner_key.in_(keys)))
    return {(order.owner, order.owner_key): order for order in found}


def _same(order: Order, wish: dict[str, Any]) -> bool:
    return all(getattr(order, name) == wish[name] for name in FACTS)


# fmt: off
FACTS = (
    "organization_id", "kind", "source", "destination", "asset", "amount", "memo_type", "memo", "reservation",
    "otherwise",
)
# fmt: on
