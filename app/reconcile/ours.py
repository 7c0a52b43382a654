"""Our books beside our rows: what the ledger has, and what the rooms that wrote it say they have."""

from collections.abc import Iterator, Mapping

from sqlalchemy.orm import Session

from app.anchor import tally as anchor
from app.ledger import queries as ledger
from app.money import code, show
from app.reconcile.outside import Outside
from app.states import machines, undue
from app.submission import tally as submission
from app.watcher import tally as seen

Totals = Mapping[tuple[str, str], int]


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


def paid_out(session: Session, _: Outside) -> Iterator[str]:
    """what rails paid out, and what was earned, is what transactions say"""
    rails = {row.name for row in ledger.accounts(session) if row.name.startswith("rail:")}
    for name in sorted(rails | {f"rail:{rail}" for rail in anchor.rails(session)}):
        counted = anchor.paid_out(session, name.removeprefix("rail:"))
        yield from _differences(_negative(_booked(session, name)), counted, f"paid out by {name}")
    yield from _differences(
        _negative(_booked(session, "fees:earned")), anchor.earned(session), "earned by transactions"
    )


def reserved(session: Session, _: Outside) -> Iterator[str]:
    """what is set aside is for what is under way, and nothing else"""
    held = ledger.reservations(session)
    wanted, possible = submission.reserved(session) | anchor.reserved(session), anchor.reservable(session)
    for key in sorted({*held, *wanted}):
        if key not in wanted and key not in possible:
            yield f"{key}: {show(held[key])} set aside, for nothing that is under way"
        elif key in wanted and held.get(key, 0) != wanted[key]:
            yield f"{key}: {show(held.get(key, 0))} set aside where {show(wanted[key])} is under way"


def orders(session: Session, _: Outside) -> Iterator[str]:
    """an order is settled where it has a place in the ledger, and none stays open for days"""
    yield from submission.astray(session)


def refunds(session: Session, _: Outside) -> Iterator[str]:
    """what goes back is ordered, and what went back is settled"""
    yield from anchor.refunds_astray(session)


def due(session: Session, _: Outside) -> Iterator[str]:
    """whatever is not at its end knows when to be looked at next"""
    for model in machines():
        count = undue(session, model)
        if count:
            yield f"{count} rows of {model.__table__.name} wait for nothing"


def _booked(session: Session, name: str) -> Totals:
    return {(row.organization_id, row.asset): row.balance.posted for row in ledger.accounts(session, name)}


def _negative(totals: Totals) -> Totals:
    return {key: -units for key, units in totals.items()}


def _differences(booked: Totals, counted: Totals, what: str) -> Iterator[str]:
    for key in sorted({*booked, *counted}):
        ours, theirs = booked.get(key, 0), counted.get(key, 0)
        if ours != theirs:
            yield f"{code(key[1])}: the ledger has {show(ours)}, {what}: {show(theirs)}"
