"""What an account did, and whether everything adds up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Select, case, func, literal, select, true, union_all
from sqlalchemy.orm import Session, aliased

from app.ledger.models import TOTALS, Account, Transfer

PAGE_ROWS = 200


@dataclass(frozen=True)
class Line:
    """One transfer as one of its accounts sees it: what it ``moved`` and ``held``, and the ``balance`` after it."""

    id: int
    at: datetime
    key: str
    kind: str
    other: str  # the account on the other side
    moved: int
    held: int  # changes what is reserved; negative when a reservation ends
    balance: int
    about: str


@dataclass(frozen=True)
class Trial:
    """The totals of one asset of one organization. ``astray`` are accounts whose transfers add up to something else."""

    organization_id: str
    asset: str
    debits: int
    credits: int
    pending_debits: int
    pending_credits: int
    astray: Sequence[str]

    @property
    def difference(self) -> int:
        """What cannot be: stroops that came from nowhere, or went there."""
        return self.debits - self.credits

    @property
    def balanced(self) -> bool:
        return not self.difference and self.pending_debits == self.pending_credits and not self.astray


def accounts(session: Session, name: str = "", organization_id: str = "", asset: str = "") -> list[Account]:
    """Return the accounts that match everything given, by organization, name and asset."""
    given = {Account.name: name, Account.organization_id: organization_id, Account.asset: asset}
    return list(
        session.scalars(
            select(Account)
            .where(*[column == value for column, value in given.items() if value])
            .order_by(Account.organization_id, Account.name, Account.asset)
        )
    )


def statement(session: Session, account: Account, after: int = 0, limit: int = PAGE_ROWS) -> list[Line]:
    """Return up to ``limit`` lines of ``account`` after the line with id ``after``, the oldest first."""
    debited = Transfer.debit_id == account.id
    sign = case((debited, 1), else_=-1) * (-1 if account.rule == "credit" else 1)
    lines = (
        select(
            Transfer.id,
            Transfer.at,
            Transfer.key,
            Transfer.kind,
            case((debited, Transfer.credit_id), else_=Transfer.debit_id).label("other_id"),
            (Transfer.posted * sign).label("moved"),
            (Transfer.pending * sign).label("held"),
            func.sum(Transfer.posted * sign).over(order_by=Transfer.id).label("balance"),
            Transfer.about,
        )
        .where(debited | (Transfer.credit_id == account.id))
        .subquery()
    )
    other = aliased(Account)
    rows = session.execute(
        select(lines, other.name)
        .join(other, other.id == lines.c.other_id)
        .where(lines.c.id > after)
        .order_by(lines.c.id)
        .limit(limit)
    )
    return [
        Line(row.id, row.at, row.key, row.kind, row.name, row.moved, row.held, int(row.balance), row.about)
        for row in rows
    ]


def trial_balance(session: Session, organization_id: str = "") -> list[Trial]:
    """Return one Trial for each organization and asset, all accounts read at one moment; each must be ``balanced``."""
    added_up = _added_up().subquery()
    rows = session.execute(
        select(Account, *[func.coalesce(added_up.c[total], 0) for total in TOTALS])
        .outerjoin(added_up, added_up.c.id == Account.id)
        .where(Account.organization_id == organization_id if organization_id else true())
        .order_by(Account.organization_id, Account.asset, Account.name)
        .execution_options(populate_existing=True)
    )
    by_asset = groupby(rows, key=lambda row: (row[0].organization_id, row[0].asset))
    return [_trial(*key, list(group)) for key, group in by_asset]


def reservations(session: Session) -> dict[str, int]:
    """Return every reservation that is not resolved, by its key, with what it holds."""
    end = aliased(Transfer)
    ended = select(end.id).where(end.reservation_id == Transfer.id).exists()
    held = select(Transfer.key, Transfer.pending).where(Transfer.kind == "reserve", ~ended)
    return {row[0]: row[1] for row in session.execute(held)}


def _added_up() -> Select[Any]:
    """Return, for each account, what its transfers come to."""
    debits = select(Transfer.debit_id.label("id"), Transfer.posted, Transfer.pending, literal(True).label("debit"))
    credits = select(Transfer.credit_id, Transfer.posted, Transfer.pending, literal(False))
    side = union_all(debits, credits).subquery()
    sums = {
        "posted_debits": func.sum(side.c.posted).filter(side.c.debit),
        "posted_credits": func.sum(side.c.posted).filter(~side.c.debit),
        "pending_debits": func.sum(side.c.pending).filter(side.c.debit),
        "pending_credits": func.sum(side.c.pending).filter(~side.c.debit),
    }
    return select(side.c.id, *[total.label(name) for name, total in sums.items()]).group_by(side.c.id)


def _trial(organization_id: str, asset: str, rows: Sequence[Sequence[Any]]) -> Trial:
    totals = {account.name: [getattr(account, name) for name in TOTALS] for account, *_ in rows}
    added_up = {account.name: [int(total) for total in sums] for account, *sums in rows}
    debits, credits, pending_debits, pending_credits = map(sum, zip(*totals.values(), strict=True))
    astray = [name for name in totals if totals[name] != added_up[name]]
    return Trial(organization_id, asset, debits, credits, pending_debits, pending_credits, astray)
