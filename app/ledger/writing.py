"""Transfers on their way into the ledger: what is new is written in one statement, what is not is compared."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from psycopg.errors import UniqueViolation
from sqlalchemy import ARRAY, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

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


def write(session: Session, drafts: Sequence[Draft]) -> list[Transfer]:
    """Write the drafts that are new and return, in the order of the drafts, what stands under their keys.

    Raises Conflict, before anything is written, for a key that stands for something else and for a rule that would
    be broken.
    """
    accounts = _locked(session, drafts)
    standing = written(session, [draft.key for draft in drafts])
    fresh: dict[str, Draft] = {}
    for draft in drafts:
        first = standing.get(draft.key) or fresh.setdefault(draft.key, draft)
        if first is not draft and first.facts != draft.facts:
            raise _contradiction(draft.key, first)
    if fresh:
        _check_rules(accounts, fresh.values())
        standing |= _insert(session, list(fresh.values()))
    for account in accounts.values():
        session.expire(account, TOTALS)
    return [standing[draft.key] for draft in drafts]


def _locked(session: Session, drafts: Iterable[Draft]) -> dict[int, Account]:
    """Lock every account of ``drafts``, in the order of their ids, and return them as they stand."""
    ids = {id for draft in drafts for id in (draft.debit_id, draft.credit_id)}
    locked = session.scalars(
        select(Account)
        .where(Account.id.in_(ids))
        .order_by(Account.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {account.id: account for account in locked}


def written(session: Session, keys: Sequence[str]) -> dict[str, Transfer]:
    """Return the transfers that stand under ``keys``, by key."""
    among = Transfer.key == any_(literal(keys, ARRAY(Text)))
    return {transfer.key: transfer for transfer in session.scalars(select(Transfer).where(among))}


def _insert(session: Session, drafts: Sequence[Draft]) -> dict[str, Transfer]:
    """Write ``drafts`` in one statement: the database adds up the accounts as it does so."""
    columns = [Transfer.__table__.c[name] for name in Draft._fields]
    insertion = insert(Transfer).from_select(columns, select(as_table(columns, drafts))).returning(Transfer)
    try:
        return {transfer.key: transfer for transfer in session.scalars(insertion)}
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
    balances = {account.id: account.balance for account in accounts.values()}
    for draft in drafts:
        debit = balances[draft.debit_id].debited(draft.posted, draft.pending)
        credit = balances[draft.credit_id].credited(draft.posted, draft.pending)
        balances |= {draft.debit_id: debit, draft.credit_id: credit}
        for id, after in ((draft.debit_id, debit), (draft.credit_id, credit)):
            if after.shortage:
                raise _insufficient(accounts[id], after.shortage, draft.key)


def _insufficient(account: Account, shortage: int, key: str) -> Conflict:
    return Conflict(
        f"insufficient funds: {account.name} lacks {show(shortage)} {account.asset}",
        code="insufficient_funds",
        account=account.name,
        asset=account.asset,
        shortage=shortage,
        key=key,
    )
