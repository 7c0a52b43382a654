"""Is what a rail said well formed? Whatever is not becomes words, never an exception and never a guess.

A payout somebody spoke nonsense about is ``UNKNOWN``: the house looks it up or leaves it to an operator. Nonsense
that belongs to no row (no key, a payout that was not asked about, a bad arrival) is returned as sentences to log.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.money import STROOPS_MAX, Money
from rails.base import Arrival, Line, Payout, Report, State

TEXT_LENGTH_MAX = 2000

Fields = Mapping[str, tuple[Callable[[Any], bool], str]]


def is_text(value: object) -> bool:
    """Text a database can hold: no NUL, no half characters, no novels."""
    if not isinstance(value, str) or len(value) > TEXT_LENGTH_MAX or "\0" in value:
        return False
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def is_name(value: object) -> bool:
    return is_text(value) and value != ""


def _money(value: object) -> bool:
    return isinstance(value, Money) and 0 <= value.amount <= STROOPS_MAX


def _some_money(value: object) -> bool:
    return _money(value) and bool(value)


def _moment(value: object) -> bool:
    return isinstance(value, datetime) and value.utcoffset() is not None


def _state(value: object) -> bool:
    return isinstance(value, str) and value in set(State)


def _texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(is_name(key) and is_text(text) for key, text in value.items())


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _direction(value: object) -> bool:
    return isinstance(value, str) and value in ("out", "in")


def _or_none(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or check(value)


REPORT: Fields = {
    "key": (is_name, "text"),
    "state": (_state, "one of the states of a payout"),
    "ref": (is_text, "text"),
    "amount": (_or_none(_money), "money, zero or more"),
    "fee": (_or_none(_money), "money, zero or more"),
    "eta": (_or_none(_moment), "a time that knows its zone"),
    "message": (is_text, "text"),
    "fix": (_texts, "field names with reasons"),
    "secret": (_texts, "names with texts"),
    "refund": (_flag, "True or False"),
    "refunded": (_flag, "True or False"),
}

ARRIVAL: Fields = {
    "ref": (is_name, "text"),
    "amount": (_some_money, "money, more than zero"),
    "at": (_moment, "a time that knows its zone"),
    "settled": (_flag, "True or False"),
    "key": (is_text, "text"),
    "reference": (is_text, "text"),
    "account": (is_text, "text"),
    "payer": (is_text, "text"),
    "reverses": (is_text, "text"),
}

LINE: Fields = {
    "ref": (is_name, "text"),
    "direction": (_direction, '"out" or "in"'),
    "amount": (_some_money, "money, more than zero"),
    "at": (_moment, "a time that knows its zone"),
    "key": (is_text, "text"),
    "payment": (is_text, "text"),
}

FOLLOWS: Mapping[State, frozenset[State]] = {
    # what one poll may say of a payout after it said the state on the left; anything else contradicts itself
    State.INITIATED: frozenset(State) - {State.NOT_FOUND, State.UNKNOWN},
    State.AVAILABLE: frozenset({State.AVAILABLE, State.DELIVERED, State.RETURNED}),
    State.DELIVERED: frozenset({State.DELIVERED, State.RETURNED}),
    State.RETURNED: frozenset({State.RETURNED}),
    State.FAILED: frozenset(),
    State.NOT_FOUND: frozenset(),
    State.UNKNOWN: frozenset({State.UNKNOWN}),
}

GIVES_BACK = {State.FAILED, State.RETURNED}


@dataclass(frozen=True)
class ReadReports:
    reports: Sequence[Report]  # in the order in which their payouts were first spoken of
    unasked: Sequence[Report]  # sound, but about other payouts
    nonsense: Sequence[str]


def unknown(payout: Payout, why: str, refunded: bool = False) -> Report:
    """Return what is to be said of ``payout`` when the rail said nothing of use: ``why``, after its name."""
    return Report(payout.key, State.UNKNOWN, ref=payout.ref, message=f"the rail {why}", refunded=refunded)


def read_report(said: object, payout: Payout) -> Report:
    """Return ``said``, if it is a sound report about ``payout``; else ``UNKNOWN``, with the reason as its message."""
    fault = malformed(said, Report, REPORT)
    if fault or not isinstance(said, Report):
        return unknown(payout, fault, getattr(said, "refunded", False) is True)
    fault = _contradiction(said, payout)
    if fault:
        return unknown(payout, fault, said.refunded)
    return said


def read_reports(items: Sequence[object], payouts: Iterable[Payout]) -> ReadReports:
    """Sort what was said: by the payouts asked about, on others, and about none."""
    asked = {payout.key: payout for payout in payouts}
    told: dict[str, list[Report]] = defaultdict(list)
    unasked, nonsense = [], []
    for said in items:
        key = getattr(said, "key", None)
        fault = malformed(said, Report, REPORT)
        if isinstance(said, Report) and isinstance(key, str) and key in asked:
            told[key].append(read_report(said, asked[key]))
        elif isinstance(said, Report) and not fault:
            unasked.append(said)
        else:
            nonsense.append(fault)
    reports = [report for key, heard in told.items() for report in _agreed(heard, asked[key])]
    return ReadReports(reports, unasked, nonsense)


def read_arrivals(items: Sequence[object]) -> tuple[list[Arrival], list[str]]:
    """Return the sound arrivals, and a sentence for each that is not."""
    told: dict[str, list[Arrival]] = defaultdict(list)
    nonsense = []
    for said in items:
        fault = malformed(said, Arrival, ARRIVAL)
        if fault or not isinstance(said, Arrival):
            nonsense.append(fault)
        elif said not in told[said.ref]:
            told[said.ref].append(said)
    torn = [ref for ref, arrivals in told.items() if len({arrival.amount for arrival in arrivals}) > 1]
    nonsense += [f"gave arrival {ref!r} two amounts" for ref in torn]
    return [arrival for ref, arrivals in told.items() if ref not in torn for arrival in arrivals], nonsense


def read_lines(items: Sequence[object]) -> tuple[list[Line], list[str]]:
    """Return the sound lines of a statement, each once, and a sentence for each that is not."""
    told: dict[str, Line] = {}
    nonsense = []
    for said in items:
        fault = malformed(said, Line, LINE)
        if fault or not isinstance(said, Line):
            nonsense.append(fault)
        elif told.setdefault(said.ref, said) != said:
            nonsense.append(f"gave two lines the name {said.ref!r}")
    return list(told.values()), nonsense


def malformed(said: object, kind: type, fields: Fields) -> str:
    """Say what is wrong with the shape of ``said``; "" if nothing is."""
    if not isinstance(said, kind):
        return f"answered {type(said).__name__} instead of {kind.__name__}"
    for name, (check, what) in fields.items():
        if not check(getattr(said, name, None)):
            return f"gave a {kind.__name__} whose {name} is not {what}"
    return ""


def _contradiction(report: Report, payout: Payout) -> str:
    """Say how ``report`` does not fit ``payout``, or itself; "" if it does."""
    faults = (
        (report.key != payout.key, "answered about another payout"),
        (report.amount and report.amount.asset != payout.amount.asset, "gave an amount in another asset"),
        (
            report.fee and report.fee.asset not in (payout.amount.asset, payout.amount_in.asset),
            "gave a fee in another asset",
        ),
        (report.fix and report.state != State.FAILED, "asked for a fix of what has not failed"),
        (report.refund and report.state not in GIVES_BACK, "asked for a refund of what neither failed nor returned"),
        (report.refunded and report.state not in GIVES_BACK | {State.UNKNOWN}, "refunded what it also paid"),
        (report.refund and report.refunded, "refunded and asked for a refund"),
    )
    return next((words for wrong, words in faults if wrong), "")


def _agreed(reports: Sequence[Report], payout: Payout) -> Sequence[Report]:
    """Return what one poll said of ``payout``, repeats left out; ``UNKNOWN`` if it contradicts itself."""
    heard = [report for at, report in enumerate(reports) if report not in reports[:at]]
    for earlier, later in zip(heard, heard[1:], strict=False):
        if later.state not in FOLLOWS[State(earlier.state)]:
            words = f"answered twice: {earlier.state}, then {later.state}"
            return [unknown(payout, words, any(report.refunded for report in heard))]
    return heard
