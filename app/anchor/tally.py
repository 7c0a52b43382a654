"""What the anchor says it owes, counted from its own rows: it must be what the ledger says, to the stroop."""

from collections import defaultdict

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.anchor.models import Refund, Transaction
from app.assets.models import Asset


def owed(session: Session) -> dict[tuple[str, str], int]:
    """Return the stroops held for others, by (organization, asset): paid in, and neither paid out nor given back."""
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for organization_id, asset, units in [*_under_way(session), *_coming_back(session), *_not_taken(session)]:
        totals[organization_id, asset] += int(units)
    return dict(totals)


def _under_way(session: Session) -> list[tuple[str, str, int]]:
    """What came in for transactions that have not ended, or ended with the money still here."""
    gone = Transaction.state.in_(["completed", "refunded"]) | Transaction.refunded_by_rail & (
        Transaction.state == "failed"
    )
    return _sums(session, func.sum(Transaction.amount_in), Transaction.amount_in.is_not(None), ~gone)


def _coming_back(session: Session) -> list[tuple[str, str, int]]:
    """What was delivered, came back, and is not with its sender yet."""
    whole = exists().where(Refund.transaction_id == Transaction.id, Refund.whole, Refund.state != "settled")
    return _sums(session, func.sum(Transaction.amount_in), Transaction.state == "completed", whole)


def _not_taken(session: Session) -> list[tuple[str, str, int]]:
    """Payments that were not what was expected, and are not with their sender yet."""
    found = (
        select(Transaction.organization_id, Refund.asset, func.sum(Refund.amount))
        .join(Transaction, Transaction.id == Refund.transaction_id)
        .where(~Refund.whole, Refund.state != "settled")
        .group_by(Transaction.organization_id, Refund.asset)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(found)]


def _sums(session: Session, total: object, *where: object) -> list[tuple[str, str, int]]:
    found = (
        select(Transaction.organization_id, Asset.asset, total)  # type: ignore[call-overload]
        .join(Asset, Asset.id == Transaction.asset_id)
        .where(*where)
        .group_by(Transaction.organization_id, Asset.asset)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(found)]
