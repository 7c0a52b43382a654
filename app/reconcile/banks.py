"""A bank's statement beside our payouts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.anchor import tally
from app.anchor.tally import Paid
from app.reconcile.outside import Outside
from rails.base import Line

WAYS = {"out": "left the account", "in": "came to it"}


def statements(session: Session, outside: Outside) -> Iterator[str]:
    """what a bank's statement shows is what we had it pay, once, and what came back of it"""
    for account in outside.accounts:
        for words in account.statement.nonsense:
            yield f"{account.rail}: its statement could not be had: it {words}"
        lines = account.statement.lines
        payouts = tally.payouts(session, account.rail, account.since, lines)
        for words in compare(payouts, lines, account.settled_by):
            yield f"{account.rail}: {words}"


def compare(payouts: Sequence[Paid], lines: Iterable[Line], settled_by: datetime) -> Iterator[str]:
    """Say what the bank moved that is not ours, and how what is ours differs from what we call it."""
    named = {payout.key: payout for payout in payouts}
    known = {payout.ref: payout for payout in payouts if payout.ref}
    moved: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        payout = named.get(line.key) if line.key else known.get(line.payment)
        if payout is None:
            yield f"line {line.ref} of {line.at:%Y-%m-%d}: {line.amount} {WAYS[line.direction]}, for no payout of ours"
        else:
            moved[payout.key].append(line)
    for payout in payouts:
        for words in _faults(payout, moved[payout.key], settled_by):
            yield f"payout {payout.key}: {words}"


def _faults(payout: Paid, lines: Sequence[Line], settled_by: datetime) -> Iterator[str]:
    left = [line.amount for line in lines if line.direction == "out"]
    came = [line.amount for line in lines if line.direction == "in"]
    net, fresh = len(left) - len(came), max([payout.since, *(line.at for line in lines)]) > settled_by
    wrong = [amount for amount in left if payout.amount and amount != payout.amount]
    calls = f"and we call it {payout.state}"
    faults = (
        (net > 1, f"the bank paid it {len(left)} times"),
        (bool(wrong), f"the bank paid {', '.join(map(str, wrong))} where {payout.amount} was ordered"),
        (net < 0, "more of it came back than left"),
        (not fresh and payout.standing == "paid" and not lines, f"it is not on the statement, {calls}"),
        (not fresh and payout.standing != "unpaid" and bool(lines) and net == 0, f"it came back, {calls}"),
        (not fresh and payout.standing == "unpaid" and net == 1, f"the bank paid it, {calls}"),
    )
    return (words for wrong, words in faults if wrong)
