"""Our rows beside Stellar: what it holds for us, and what was seen to come and go there."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from app import clock
from app.ledger import queries as ledger
from app.money import code, show
from app.reconcile.outside import Holding, Outside
from app.submission import audits
from app.submission import tally as submission
from app.watcher import service as watcher
from app.watcher import tally as seen
from app.watcher.models import Observation

PAGE_ROWS = 200
LATE_SECONDS = 600  # after which what left must be in our books
LATE_LEDGERS = 120  # so far a stream may be behind


def stellar(session: Session, outside: Outside) -> Iterator[str]:
    """our treasuries hold on Stellar what our books say"""
    read = seen.spans(session)
    for holding in outside.holdings:
        address = holding.account.address
        for asset, ours in sorted(_booked(session, holding).items()):
            balance = holding.account.balance(asset)
            theirs = balance.amount if balance else 0
            if ours != theirs:
                lag = "" if read.get(address, 0) >= holding.ledger else "; the stream has not read that far yet"
                held_there = f"{show(theirs)} {code(asset)}"
                yield f"{address} holds {held_there} in ledger {holding.ledger}, our books have {show(ours)}{lag}"
    known = {f"treasury:{holding.account.address}" for holding in outside.holdings}
    for row in ledger.accounts(session):
        if row.name.startswith("treasury:") and row.name not in known and row.balance.posted:
            held_there = f"{show(row.balance.posted)} {code(row.asset)}"
            yield f"our books have {held_there} in {row.name}, which is no treasury of ours"


def channels(session: Session, outside: Outside) -> Iterator[str]:
    """our channels hold on Stellar what our books say"""
    for row in submission.quiet(session, outside.asked_at):
        if row.address in outside.channels:
            account = outside.channels[row.address]
            words = audits.unbooked(session, row, account) if account else "it does not exist on Stellar"
            if words:
                yield f"channel {row.address}: {words}"


def followed(session: Session, outside: Outside) -> Iterator[str]:
    """whatever happens on our treasuries is being read"""
    read, stopped = seen.spans(session), seen.stopped(session)
    for holding in outside.holdings:
        address = holding.account.address
        if address in stopped:
            yield f"{address} is followed no more: {stopped[address]}"
        elif address not in read and not submission.leaving(session, address):
            yield f"{address} is not followed"
        elif address in read and holding.ledger - read[address] > LATE_LEDGERS:
            yield f"{address} is read up to ledger {read[address]}, and Stellar is at {holding.ledger}"


def departures(session: Session, _: Outside) -> Iterator[str]:
    """whatever left an account of ours was an order's, and that order is settled"""
    late = clock.read(session) - timedelta(seconds=LATE_SECONDS)
    after = seen.START
    while rows := seen.departed(session, after, PAGE_ROWS):
        after = rows[-1].operation_id, rows[-1].id
        for row, order in _unaccounted(session, rows):
            if order.over or row.closed_at < late:
                yield f"{row.id} on {row.account}: {_money(row)} left for order {order.id}, which is {order.state}"
    for row in seen.unread(session):
        yield f"{row.id} on {row.account}: {row.state}: {_money(row)} to {row.counterparty}"


def payments(session: Session, _: Outside) -> Iterator[str]:
    """every payment in our books was seen to leave, once, and what was taken back to arrive"""
    read = seen.spans(session)
    for page in submission.settled(session):
        visible = [paid for paid in page if paid.ledger <= read.get(paid.account, 0)]
        moved = seen.moved(session, [paid.place for paid in visible])
        for paid in visible:
            there = moved.get(paid.place, [])
            if not any(_is(movement, paid) for movement in there):
                shown = ", ".join(f"{_money(row)} {row.direction} at {row.account}" for row in there) or "nothing"
                what = f"{_money(paid)} {paid.direction} at {paid.account} {paid.counterparty}".rstrip()
                yield f"order {paid.order_id} is settled in ledger {paid.ledger} as {what}; there moved {shown}"


def _is(movement: seen.Moved, paid: submission.Paid) -> bool:
    """Say whether what was seen is what was ordered, as far as the order says."""
    same = (movement.direction, movement.account, movement.asset) == (paid.direction, paid.account, paid.asset)
    return same and paid.amount in (0, movement.amount) and paid.counterparty in ("", movement.counterparty)


def _sum(row: Observation) -> submission.Sum:
    return row.account, row.counterparty, row.asset, row.amount


def _money(moved: Observation | seen.Moved | submission.Paid) -> str:
    return f"{show(moved.amount)} {code(moved.asset)}"


def _booked(session: Session, holding: Holding) -> dict[str, int]:
    """Return what our books have at an address, of every asset; one that lends its numbers pays fees as a channel."""
    address = holding.account.address
    booked = dict.fromkeys([balance.asset for balance in holding.account.balances], 0)
    for name in (f"treasury:{address}", f"channel:{address}"):
        for row in ledger.accounts(session, name, holding.organization_id):
            booked[row.asset] = booked.get(row.asset, 0) + row.balance.posted
    return booked


def _unaccounted(session: Session, rows: Sequence[Observation]) -> list[tuple[Observation, submission.Carried]]:
    """Note which orders these departures were, and which were nobody's; return those whose order is not settled."""
    at = {row.id: (row.inner_hash, row.operation_index) for row in rows}
    orders, carried = submission.paid(session, at.values()), submission.carried(session, at.values())
    for row in rows:
        if at[row.id] in orders:
            watcher.explain(session, [row.id], "submission", orders[at[row.id]])
    unknown = [row for row in rows if at[row.id] not in orders and at[row.id] not in carried]
    entrusted = submission.expected(session, map(_sum, unknown))  # to a custodian, who may have sent it by now
    watcher.flag(session, [row.id for row in unknown if _sum(row) not in entrusted], "no order of ours sent it")
    return [(row, carried[at[row.id]]) for row in rows if at[row.id] in carried and at[row.id] not in orders]
