"""The verbs of double entry. Amounts are stroops, greater than zero.

Every verb takes the caller's own key: the same key with the same facts moves nothing a second time; with other facts
it raises Conflict. A rule that would be broken raises Conflict before anything is written, and names the account and
the shortage.

Accounts are locked in the order of their ids, so calls never wait for each other in a circle. A transaction that
makes several calls gives them as one list where it can.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from app.errors import Conflict, Invalid, NotFound
from app.ledger.models import Account, Balance, Transfer
from app.ledger.writing import Draft, Resolution, end, write, written
from app.money import STROOPS_MAX


@dataclass(frozen=True)
class Posting:
    """Debit one account and credit another; with ``reserve``, only hold the amount until it is resolved."""

    key: str
    debit: Account
    credit: Account
    amount: int
    about: str = ""
    reserve: bool = False


def open_account(session: Session, organization_id: str, name: str, asset: str, rule: str) -> Account:
    """Return the account, opened if it was not there. Raises Conflict if it stands under another rule."""
    return open_accounts(session, organization_id, [name], asset, rule)[name]


def open_accounts(
    session: Session, organization_id: str, names: Collection[str], asset: str, rule: str
) -> dict[str, Account]:
    """Return accounts of one asset and rule, by name."""
    these = select(Account).where(
        Account.organization_id == organization_id,
        Account.name == any_(literal(sorted(names), ARRAY(Text))),
        Account.asset == asset,
    )
    found = {account.name: account for account in session.scalars(these)}
    if len(found) < len(names):
        common = {"organization_id": organization_id, "asset": asset, "rule": rule}
        missing = [common | {"name": name} for name in sorted(set(names) - set(found))]
        session.execute(insert(Account).values(missing).on_conflict_do_nothing())
        found = {account.name: account for account in session.scalars(these)}
    for account in found.values():
        if account.rule != rule:
            raise Conflict(
                f"account {account.name} is {account.rule}, not {rule}", account=account.name, rule=account.rule
            )
    return found


def balance(session: Session, account: Account) -> Balance:
    """Return what the account holds now."""
    return (
        session.scalars(select(Account).where(Account.id == account.id).execution_options(populate_existing=True))
        .one()
        .balance
    )


def holding(session: Session, key: str) -> int:
    """Return what reservation ``key`` still holds: 0 if it is resolved, or never was."""
    end = aliased(Transfer)
    ended = select(end.id).where(end.reservation_id == Transfer.id).exists()
    held = select(Transfer.pending).where(Transfer.key == key, Transfer.kind == "reserve", ~ended)
    return session.scalar(held) or 0


def transfer(session: Session, key: str, debit: Account, credit: Account, amount: int, about: str = "") -> None:
    """Move ``amount`` at once."""
    transfers(session, [Posting(key, debit, credit, amount, about)])


def reserve(session: Session, key: str, debit: Account, credit: Account, amount: int, about: str = "") -> None:
    """Hold ``amount`` until ``post``, ``void`` or ``expire``: it is no longer available, and has not moved."""
    transfers(session, [Posting(key, debit, credit, amount, about, reserve=True)])


def post(session: Session, key: str, amount: int | None = None) -> None:
    """Move what reservation ``key`` holds, or ``amount`` of it; the rest is let go."""
    resolve(session, [Resolution(key, "post", amount)])


def void(session: Session, key: str) -> None:
    """Let go what reservation ``key`` holds: its owner no longer wants it."""
    resolve(session, [Resolution(key, "void")])


def expire(session: Session, key: str) -> None:
    """Let go what reservation ``key`` holds: its time is over."""
    resolve(session, [Resolution(key, "expire")])


def transfers(session: Session, postings: Sequence[Posting]) -> None:
    """Make every posting, in this order, in a few statements; all of them or none."""
    if postings:
        write(session, [_drafted(posting) for posting in postings])


def resolve(session: Session, resolutions: Sequence[Resolution]) -> None:
    """End every reservation named, in a few statements; all of them or none. Raises NotFound for an unknown one."""
    if resolutions and not end(session, resolutions):
        held = written(session, [resolution.key for resolution in resolutions])
        write(session, [_resolved(held, resolution) for resolution in resolutions])


def _drafted(posting: Posting) -> Draft:
    debit, credit, amount = posting.debit, posting.credit, posting.amount
    if (debit.organization_id, debit.asset) != (credit.organization_id, credit.asset):
        raise Invalid(f"{posting.key}: {debit.name} and {credit.name} differ in asset or organization")
    if debit.id == credit.id:
        raise Invalid(f"{posting.key}: {debit.name} cannot be debited and credited at once")
    _check_amount(posting.key, amount, STROOPS_MAX)
    kind, posted, pending = ("reserve", 0, amount) if posting.reserve else ("posted", amount, 0)
    sides = debit.organization_id, debit.asset, debit.id, credit.id
    return Draft(posting.key, kind, *sides, posted, pending, None, posting.about)


def _resolved(held: dict[str, Transfer], resolution: Resolution) -> Draft:
    first = held.get(resolution.key)
    if first is None or first.kind != "reserve":
        raise NotFound(f"there is no reservation {resolution.key}")
    posted = 0
    if resolution.kind == "post":
        posted = first.pending if resolution.amount is None else resolution.amount
        _check_amount(resolution.key, posted, first.pending)
    sides = first.organization_id, first.asset, first.debit_id, first.credit_id
    return Draft(f"{first.key}:resolved", resolution.kind, *sides, posted, -first.pending, first.id, first.about)


def _check_amount(key: str, amount: int, most: int) -> None:
    if type(amount) is not int or not 0 < amount <= most:
        raise Invalid(f"{key}: {amount!r} is not between 1 and {most} stroops")
