"""Trades: every offer taken, with who took it."""

from dataclasses import dataclass
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import Asset, Offer, Price
from app.sandbox.network.engine.from_xdr import account_id, asset
from app.sandbox.network.horizon.history import OperationRecord

# An offer that was taken up at once and never rested has no id; its operation's place stands for it, marked.
_NEVER_RESTED = 1 << 62


@dataclass(frozen=True, slots=True)
class TradeRecord:
    """What ``seller``'s offer sold to ``buyer``. Amounts are stroops, ``price`` is the offer's own."""

    place: tuple[int, int]
    operation: OperationRecord
    seller: bytes
    offer: int
    sold: Asset
    sold_amount: int
    buyer: bytes
    buyer_offer: int
    bought: Asset
    bought_amount: int
    price: Price

    @property
    def succeeded(self) -> bool:
        return True


def claims(record: OperationRecord) -> list[Any]:
    """Return the offers that an operation took, garbage collected ones aside."""
    success = getattr(record.result, "success", None)
    atoms = getattr(success, "offers_claimed", None) or getattr(success, "offers", None) or []
    taken = (atom.order_book or atom.v0 for atom in atoms)
    return [atom for atom in taken if atom.amount_sold.int64 or atom.amount_bought.int64]


def trades(record: OperationRecord) -> list[TradeRecord]:
    if not record.succeeded:
        return []
    return [_trade(record, order, atom) for order, atom in enumerate(claims(record))]


def _trade(record: OperationRecord, order: int, atom: X.ClaimOfferAtom) -> TradeRecord:
    seller, id = account_id(atom.seller_id), atom.offer_id.int64
    changes = record.transaction.applied.operations[record.index]
    resting = changes.get(("offer", seller, id), (None, None))[0]
    left = getattr(getattr(record.result.success, "offer", None), "offer", None)
    return TradeRecord(
        place=(record.place, order),
        operation=record,
        seller=seller,
        offer=id,
        sold=asset(atom.asset_sold),
        sold_amount=atom.amount_sold.int64,
        buyer=account_id(record.source),
        buyer_offer=left.offer_id.int64 if left else record.place | _NEVER_RESTED,
        bought=asset(atom.asset_bought),
        bought_amount=atom.amount_bought.int64,
        price=resting.price if isinstance(resting, Offer) else Price(0, 1),
    )
