"""Which payments a transaction takes, and what a rail's word means for it. No session, no clock: only decisions."""

from dataclasses import dataclass
from datetime import datetime

from app.money import code, show
from rails.base import Report, State


@dataclass(frozen=True)
class Expected:
    """What a transaction waits for."""

    state: str
    asset: str
    amount: int
    policy: str  # exact | tolerance | rail
    tolerance: int
    expires_at: datetime


@dataclass(frozen=True)
class Paid:
    """What came: ``closed_at`` is the close of its ledger, which decides whether it came in time."""

    asset: str
    amount: int
    closed_at: datetime


def objection(expected: Expected, paid: Paid) -> str:
    """Say why ``paid`` is not taken and goes back; "" if it is taken."""
    if expected.state not in ("awaiting_payment", "expired"):
        return f"a further payment: the transaction was {expected.state.replace('_', ' ')} already"
    if paid.closed_at > expected.expires_at:
        return "it came after the transaction had expired"
    if paid.asset != expected.asset:
        return f"it was paid in {code(paid.asset)}, not in {code(expected.asset)}"
    room = {"exact": 0, "tolerance": expected.tolerance}.get(expected.policy)
    if room is not None and abs(paid.amount - expected.amount) > room:
        return f"{show(paid.amount)} came where {show(expected.amount)} was expected"
    return ""


EVENTS = {
    State.INITIATED: "initiate",
    State.AVAILABLE: "offer",
    State.DELIVERED: "deliver",
    State.RETURNED: "refund",
    State.NOT_FOUND: "release",
}


def consequence(report: Report, can_look_up: bool) -> str:
    """Return the event a report leads to; "" if the row stays and is looked up again."""
    if report.state == State.UNKNOWN or report.state == State.RETURNED and report.refunded:
        return "hold" if report.refunded or not can_look_up else ""
    if report.state == State.FAILED:
        return "ask" if report.fix else "refund" if report.refund else "fail"
    return EVENTS[report.state]


def parts(report: Report, amount_in: int, amount_out: int) -> tuple[int, int]:
    """Return what the payee got and what was kept, of ``amount_in``; raise ValueError if it cannot be right."""
    out = report.amount.amount if report.amount is not None else amount_out
    if report.fee is None and out < amount_out:
        raise ValueError(f"the rail says {show(out)} were delivered of {show(amount_out)}")
    if out > amount_in:
        raise ValueError(f"the rail says {show(out)} were delivered; only {show(amount_in)} came in")
    return out, amount_in - out


WAITS = (1, 1, 2, 4, 10)  # times the rail's own interval, at each further look


def patience_seconds(lookups: int, poll_seconds: int) -> int:
    """Return how long to wait before asking again: longer each time, up to a limit."""
    return poll_seconds * WAITS[min(lookups, len(WAITS) - 1)]
