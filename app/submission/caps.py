"""How much of an asset may leave an organization's accounts in a day: whoever has broken in cannot take more.

A day is the last twenty-four hours. What is on its way counts as what has left.
"""

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.clock import after
from app.errors import Invalid
from app.stellar import operations
from app.stellar.operations import TAKE_BACK
from app.submission.facts import Allowance
from app.submission.models import Batch, Cap, Order
from app.submission.states import ENTRUSTED, IN_BATCH, PAID

DAY_SECONDS = 86_400


def cap(session: Session, organization_id: str, asset: str, daily_max: int) -> None:
    """Let no more than ``daily_max`` stroops of ``asset`` leave in a day; raise Invalid."""
    operations.asset(asset)
    if daily_max < 1:
        raise Invalid("a cap of nothing would fail every payment: cap at what may leave", code="invalid_amount")
    row = {"organization_id": organization_id, "asset": asset, "daily_max": daily_max}
    session.execute(
        insert(Cap).values(row).on_conflict_do_update(index_elements=["organization_id", "asset"], set_=row)
    )


def lift(session: Session, organization_id: str, asset: str) -> None:
    """Let any amount of ``asset`` leave."""
    session.execute(delete(Cap).where(Cap.organization_id == organization_id, Cap.asset == asset))


def allowances(session: Session, organization_id: str) -> dict[str, Allowance]:
    """Return what may still leave today of every asset that is capped, and keep it until the transaction ends: two
    treasuries that send the same asset cannot both use it."""
    mine = select(Cap).where(Cap.organization_id == organization_id).order_by(Cap.asset).with_for_update()
    caps = {row.asset: row.daily_max for row in session.scalars(mine)}
    gone = _gone_today(session, organization_id, list(caps)) if caps else {}
    return {asset: Allowance(most, max(most - gone.get(asset, 0), 0)) for asset, most in caps.items()}


def _gone_today(session: Session, organization_id: str, assets: list[str]) -> dict[str, int]:
    """Return what has left in a day, and what may have."""
    yesterday, paid = after(-DAY_SECONDS), Order.state.in_(PAID)
    lately = func.coalesce(Batch.closed_at, Order.updated_at) > yesterday  # a custodian's payments have no batch
    ours = (Order.organization_id == organization_id, Order.asset.in_(assets), Order.kind != TAKE_BACK)
    leaving = or_(Order.state.in_([*IN_BATCH, *ENTRUSTED]), and_(paid, lately))
    sums = select(Order.asset, func.sum(Order.amount)).outerjoin(Batch, Batch.id == Order.batch_id)
    return {row[0]: int(row[1]) for row in session.execute(sums.where(*ours, leaving).group_by(Order.asset))}
