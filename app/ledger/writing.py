"""Transfers on their way into the ledger: what is new is written in one statement, what is not is compared."""

from collections.abc import Collection, Iterable, Sequence
from types import NoneType
from typing import Any, NamedTuple

from psycopg.errors import UniqueViolation
from sqlalchemy import ARRAY, ColumnElement, Select, Text, any_, case, exists, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from app.db import as_table
from app.errors import Conflict
from app.ledger.models import TOTALS, Account, Transfer
from app.money import show


class Draft(NamedTuple):
    """A transfer to write: the columns of its row."""

    key: str
    kind: str
    organization_id: str
    asset: str
    debit_id: int
    credit_id: int
    posted: int
    pending: int
    reservation_id: int | None
    about: str

    @property
    def facts(self) -> tuple[object, ...]:
        """What a second transfer with the same key must agree on: all but ``about``."""
        return self[:-1]


class Resolution(NamedTuple):
    """End the reservation ``key``: "post" (``amount`` of it, all if None), "void" or "expire"."""

    key: str
    kind: str
    amount: int | None = None


def write(session: Session, drafts: Sequence[Draft]) -> None:
    """Write the drafts that are new.

    Raises Conflict, before anything is written, for a key that stands for something else and for a rule that would
    be broken.
    """
    accounts = _locked(session, {id for draft in drafts for id in (draft.debit_id, draft.credit_id)})
    standing = written(session, [draft.key for draft in drafts])
    fresh: dict[str, Draft] = {}
    for draft in drafts:
        first = standing.get(draft.key) or fresh.setdefault(draft.key, draft)
        if first is not draft and first.facts != draft.facts:
            raise _contradiction(draft.key, first)
    if fresh:
        _check_rules(accounts, fresh.values())
        _insert(session, list(fresh.values()))
    for account in accounts.values():
        session.expire(account, TOTALS)


def end(session: Session, resolutions: Sequence[Resolution]) -> bool:
    """End all these reservations in one statement; or return False, having written nothing.

    It can be done where each of them is there, has not ended, and holds enough: whatever is unusual is looked into one
    by one. No account can be overdrawn by it, for what is moved was held.
    """
    keys = [resolution.key for resolution in resolutions]
    if len(set(keys)) < len(keys) or not all(type(row.amount) in (int, NoneType) for row in resolutions):
        return False
    sides = session.execute(select(Transfer.debit_id, Transfer.credit_id).where(_among(keys))).all()
    if len(sides) < len(keys):
        return False
    accounts = _locked(session, {id for side in sides for id in side})
    given = as_table([Transfer.key, Transfer.kind, Transfer.posted], resolutions)
    if session.scalar(_open(given)) != len(keys):
        return False
    session.execute(insert(Transfer).from_select(Draft._fields, _endings(given)))
    for account in accounts.values():
        session.expire(account, TOTALS)
    return True


def _locked(session: Session, ids: Collection[int]) -> dict[int, Account]:
    """Lock the accounts with these ids, in their order, and return them as they stand."""
    locked = session.scalars(
        select(Account)
        .where(Account.id.in_(ids))
        .order_by(Account.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {account.id: account for account in locked}


def _open(given: Any) -> Select[Any]:
    """Count the reservations among those ``given`` that can be ended so."""
    ended = aliased(Transfer)
    there = (Transfer.kind == "reserve") & (func.coalesce(given.c.posted, 1).between(1, Transfer.pending))
    still = ~exists().where(ended.reservation_id == Transfer.id)
    return select(func.count()).join_from(given, Transfer, Transfer.key == given.c.key).where(there, still)


def _endings(given: Any) -> Select[Any]:
    """Select the rows that end the reservations ``given``."""
    held = Transfer
    posted = case((given.c.kind == "post", func.coalesce(given.c.posted, held.pending)), else_=0)
    sides = held.organization_id, held.asset, held.debit_id, held.credit_id
    row = (held.key + ":resolved", given.c.kind, *sides, posted, -held.pending, held.id, held.about)
    return select(*row).join_from(given, held, held.key == given.c.key)


def written(session: Session, keys: Sequence[str]) -> dict[str, Transfer]:
    """Return the transfers that stand under ``keys``, by key."""
    return {transfer.key: transfer for transfer in session.scalars(select(Transfer).where(_among(keys)))}


def _among(keys: Sequence[str]) -> ColumnElement[bool]:
    return Transfer.key == any_(literal(keys, ARRAY(Text)))


def _insert(session: Session, drafts: Sequence[Draft]) -> None:
    """Write ``drafts`` in one statement: the database adds up the accounts as it does so."""
    columns = [Transfer.__table__.c[name] for name in Draft._fields]
    try:
        session.execute(insert(Transfer).from_select(columns, select(as_table(columns, drafts))))
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        # another transaction took one of the keys just now, for other accounts: else it would have waited for ours
        raise Conflict("a transfer contradicts one that was just written", key=drafts[0].key) from error


def _contradiction(key: str, first: Transfer | Draft) -> Conflict:
    amount = show(first.posted or abs(first.pending))
    return Conflict(f"{key} is written already, as {first.kind} of {amount}", key=key, kind=first.kind)


def _check_rules(accounts: dict[int, Account], drafts: Iterable[Draft]) -> None:
    """Raise Conflict if an account could not bear the drafts, one after the other."""
    left = {id: account.balance.available for id, account in accounts.items()}
    growing = {id: "credit" if account.rule == "credit" else "debit" for id, account in accounts.items()}
    bound = {id for id, account in accounts.items() if account.rule != "free"}
    for draft in drafts:
        for side, id in (("debit", draft.debit_id), ("credit", draft.credit_id)):
            left[id] += draft.posted if side == growing[id] else -draft.posted - draft.pending
            if left[id] < 0 and id in bound:
                raise _insufficient(accounts[id], -left[id], draft.key)


def _insufficient(account: Account, shortage: int, key: str) -> Conflict:
    return Conflict(
        f"insufficient funds: {account.name} lacks {show(shortage)} {account.asset}",
        code="insufficient_funds",
        account=account.name,
        asset=account.asset,
        shortage=shortage,
        key=key,
    )
