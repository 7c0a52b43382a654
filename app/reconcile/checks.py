"""What is compared with what. Each check is a sentence (its docstring), and yields whatever is not so."""

from collections.abc import Callable, Iterator, Mapping

from sqlalchemy.orm import Session

from app.anchor import tally as anchor
from app.ledger import queries as ledger
from app.ledger.models import Account
from app.money import NATIVE, code, show
from app.reconcile.outside import Outside
from app.reconcile.statements import compare
from app.states import machines, undue
from app.submission import tally as submission
from app.watcher import service as watcher
from app.watcher import tally as seen
from app.watcher.models import Observation

PAGE_ROWS = 200

Totals = Mapping[tuple[str, str], int]

Check = Callable[[Session, Outside], Iterator[str]]


def books(session: Session, _: Outside) -> Iterator[str]:
    """debits and credits are equal, and accounts are what their transfers come to"""
    for trial in ledger.trial_balance(session):
        if not trial.balanced:
            astray = ", ".join(trial.astray) or "none"
            yield f"{trial.asset}: debits − credits = {show(trial.difference)}, astray: {astray}"


def suspense(session: Session, _: Outside) -> Iterator[str]:
    """what lies in suspense is what arrived and nobody claimed"""
    yield from _differences(_booked(session, "suspense"), seen.suspended(session), "arrived unclaimed")


def owed(session: Session, _: Outside) -> Iterator[str]:
    """what is owed is what transactions hold"""
    yield from _differences(_booked(session, "owed"), anchor.owed(session), "held by transactions")


def stellar(session: Session, outside: Outside) -> Iterator[str]:
    """our treasuries hold on Stellar what our books say"""
    read = seen.spans(session)
    for holding in outside.holdings:
        address = holding.account.address
        for balance in holding.account.balances:
            ours = _treasury(session, holding.organization_id, address, balance.asset)
            if ours != balance.amount:
                lag = "" if read.get(address, 0) >= holding.ledger else "; the stream has not read that far yet"
                held_there = f"{show(balance.amount)} {code(balance.asset)}"
                yield f"{address} holds {held_there} in ledger {holding.ledger}, our books have {show(ours)}{lag}"


def departures(session: Session, _: Outside) -> Iterator[str]:
    """whatever left an account of ours was an order's"""
    while rows := seen.departed(session, PAGE_ROWS):
        orders = submission.paid(session, [(row.inner_hash, row.operation_index) for row in rows])
        signed = submission.signed(session, [row.inner_hash for row in rows])
        ours = [row for row in rows if (row.inner_hash, row.operation_index) in orders]
        expected = submission.expected(session, map(_sum, rows))
        foreign = [row.id for row in rows if row.inner_hash not in signed and _sum(row) not in expected]
        for row in ours:
            watcher.explain(session, [row.id], "submission", orders[row.inner_hash, row.operation_index])
        watcher.flag(session, foreign, "no order of ours sent it")
        if not ours and not foreign:
            break  # signed by us, or given to a custodian, and about to be settled
    for row in seen.unread(session):
        yield f"{row.id} on {row.account}: {row.state}: {show(row.amount)} {code(row.asset)} to {row.counterparty}"


def payments(session: Session, _: Outside) -> Iterator[str]:
    """every payment in our books was seen to leave, once, and what was taken back to arrive"""
    read = seen.spans(session)
    for page in submission.settled(session):
        visible = [paid for paid in page if paid.ledger <= read.get(paid.source, 0)]
        moved = seen.moved(session, [paid.place for paid in visible])
        for paid in visible:
            if (paid.place, paid.direction) not in moved:
                what = f"nothing went {paid.direction} at {paid.source} there"
                yield f"order {paid.order_id} is settled in ledger {paid.ledger}, and {what}"


def due(session: Session, _: Outside) -> Iterator[str]:
    """whatever is not at its end knows when to be looked at next"""
    for model in machines():
        count = undue(session, model)
        if count:
            yield f"{count} rows of {model.__table__.name} wait for nothing"


def statements(session: Session, outside: Outside) -> Iterator[str]:
    """what a bank's statement shows is what we had it pay, once, and what came back of it"""
    for account in outside.accounts:
        for words in account.statement.nonsense:
            yield f"{account.rail}: its statement could not be had: it {words}"
        lines = account.statement.lines
        payouts = anchor.payouts(session, account.rail, account.since, lines)
        for words in compare(payouts, lines, account.settled_by):
            yield f"{account.rail}: {words}"


CHECKS: tuple[Check, ...] = (books, suspense, owed, stellar, departures, payments, statements, due)


def _booked(session: Session, name: str) -> Totals:
    return {(row.organization_id, row.asset): row.balance.posted for row in ledger.accounts(session, name)}


def _treasury(session: Session, organization_id: str, address: str, asset: str) -> int:
    """Return what our books have at an address; one that lends its numbers pays fees under a name of its own."""
    names = [f"treasury:{address}", *([f"channel:{address}"] if asset == NATIVE else [])]
    found: list[Account] = [row for name in names for row in ledger.accounts(session, name, organization_id, asset)]
    return sum(row.balance.posted for row in found)


def _sum(row: Observation) -> submission.Sum:
    return row.account, row.counterparty, row.asset, row.amount


def _differences(booked: Totals, counted: Totals, what: str) -> Iterator[str]:
    for key in sorted({*booked, *counted}):
        ours, theirs = booked.get(key, 0), counted.get(key, 0)
        if ours != theirs:
            yield f"{code(key[1])}: the ledger has {show(ours)}, {what}: {show(theirs)}"
