"""Ask a rail. These calls never raise: whatever a plugin does, well-formed facts come back, about its own rows only.

They may last as long as the plugin does: a caller who cannot wait gives each a thread of its own, and some patience
beyond ``timeout_seconds``, at which a poll that still talks is cut short.
"""

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from threading import Thread
from typing import Any, Generic, TypeVar

from app import log
from rails.answers import read_arrivals, read_lines, read_report, read_reports, unknown
from rails.base import Arrival, Line, Method, Payout, PendingDeposit, Rail, Report, State

Fact = TypeVar("Fact")


@dataclass(frozen=True)
class Polled(Generic[Fact]):
    """What a poll brought: of each payout perhaps several reports, in the order in which things happened.

    The cursor moves only if all was understood: what was not will be said again.
    """

    facts: Sequence[Fact]
    cursor: str
    nonsense: Sequence[str] = ()  # sentences about what could not be used
    unasked: Sequence[Report] = ()  # sound reports on other payouts: a feed may bring them, if their keys are ours


@dataclass(frozen=True)
class Statement:
    """What a bank's statement says. ``nonsense`` says why it cannot be the whole of it."""

    lines: Sequence[Line] = ()
    nonsense: Sequence[str] = ()


@dataclass
class _Heard:
    items: list[object] = field(default_factory=list)
    nonsense: list[str] = field(default_factory=list)
    cursor: str | None = None


class _Nonsense(Exception):
    """An answer of no use as a whole; says why."""


def execute(rail: Rail, payout: Payout) -> Report:
    """Have ``payout`` ordered. ``UNKNOWN`` says: look it up before anything else."""
    said, fault = _called(rail.execute_outgoing_transaction, payout)
    return unknown(payout, fault) if fault else _answered(said, payout)


def execute_batch(rail: Rail, payouts: Sequence[Payout]) -> list[Report]:
    """Have all of ``payouts`` ordered together; a payout the rail left out is ``UNKNOWN``."""
    heard = _listen(rail, rail.execute_batch, payouts)
    read = read_reports(heard.items, payouts)
    asked = {payout.key: payout for payout in payouts}
    told = {report.key: _answered(report, asked[report.key]) for report in read.reports}
    words = "; ".join((*heard.nonsense, *read.nonsense)) or "left it out of its answer"
    return [told.get(payout.key) or unknown(payout, words) for payout in payouts]


def check_payee(rail: Rail, payout: Payout) -> Report | None:
    """Return the rail's objection to ``payout``, or None; ``UNKNOWN`` if it could not tell."""
    said, fault = _called(rail.check_payee, payout)
    if said is None and not fault:
        return None
    report = unknown(payout, fault) if fault else read_report(said, payout)
    if report.state not in (State.FAILED, State.UNKNOWN):
        return unknown(payout, f"objected with the state {report.state}")
    return report


def poll_outgoing(rail: Rail, payouts: Sequence[Payout], cursor: str) -> Polled[Report]:
    """Ask for news of ``payouts``; one without news is absent."""
    heard = _listen(rail, rail.poll_outgoing_transactions, payouts, cursor)
    read = read_reports(heard.items, payouts)
    asked = {payout.key: payout for payout in payouts}
    facts = [_looked_up(rail, report, asked[report.key]) for report in read.reports]
    nonsense = (*heard.nonsense, *read.nonsense)
    return Polled(facts, _moved(cursor, heard, nonsense), nonsense, read.unasked)


def poll_deposits(rail: Rail, deposits: Sequence[PendingDeposit], cursor: str) -> Polled[Arrival]:
    """Ask what money came in."""
    heard = _listen(rail, rail.poll_pending_deposits, deposits, cursor)
    arrivals, misread = read_arrivals(heard.items)
    nonsense = (*heard.nonsense, *misread)
    return Polled(arrivals, _moved(cursor, heard, nonsense), nonsense)


def statement(rail: Rail, since: datetime, until: datetime) -> Statement | None:
    """Ask what moved on the bank's account; None if this rail gives no statement."""
    said, fault = _called(rail.statement, since, until)
    if said is None and not fault:
        return None
    heard = _Heard(nonsense=[fault]) if fault else _listen(rail, lambda: said)
    lines, misread = read_lines(heard.items)
    return Statement(lines, (*heard.nonsense, *misread))


def apart(question: Callable[..., Any], *arguments: Any) -> "Future[Any]":
    """Ask in a thread of its own: whoever waits for the answer may stop waiting, and the process may end."""
    answer: Future[Any] = Future()
    Thread(target=_answer, args=(answer, question, *arguments), daemon=True).start()
    return answer


def method_of(rail: Rail, payout: Payout) -> Method | None:
    """Return the method by which ``rail`` would pay ``payout``."""
    found = (method for method in rail.methods if (method.name, method.asset) == (payout.method, payout.amount.asset))
    return next(found, None)


def raised(error: BaseException) -> str:
    """Say what was raised and where; never with its own text, which may hold a secret or somebody's account."""
    return f"raised {log.named(error)}"


def _answer(answer: "Future[Any]", question: Callable[..., Any], *arguments: Any) -> None:
    try:
        answer.set_result(question(*arguments))
    except BaseException as error:  # noqa: BLE001 it is raised again where it is waited for
        answer.set_exception(error)


def _answered(said: object, payout: Payout) -> Report:
    """Read the answer to an order: only one who looked may say that there is none."""
    report = read_report(said, payout)
    return unknown(payout, "answered an order with not_found") if report.state == State.NOT_FOUND else report


def _looked_up(rail: Rail, report: Report, payout: Payout) -> Report:
    method = method_of(rail, payout)
    if report.state == State.NOT_FOUND and not (method and method.can_look_up):
        return unknown(payout, "said not_found, by a method that cannot look up")
    return report


def _moved(cursor: str, heard: _Heard, nonsense: Sequence[str]) -> str:
    return cursor if nonsense or heard.cursor is None else heard.cursor


def _called(ask: Callable[..., Any], *arguments: object) -> tuple[Any, str]:
    """Return what ``ask`` returned and "", or None and what it raised."""
    try:
        return ask(*arguments), ""
    except (Exception, SystemExit) as error:  # noqa: BLE001 a plugin may raise anything
        return None, raised(error)


def _listen(rail: Rail, ask: Callable[..., Any], *arguments: object) -> _Heard:
    """Take in what ``ask`` says until it ends, raises or outstays its time."""
    heard = _Heard()
    deadline = time.monotonic() + rail.timeout_seconds
    words = _spoken(ask, *arguments)
    try:
        while time.monotonic() < deadline:
            heard.items.append(next(words))
        heard.nonsense.append(f"was still talking after {rail.timeout_seconds} s")
    except StopIteration as end:
        heard.cursor = end.value
    except (Exception, SystemExit) as error:  # noqa: BLE001 a plugin may raise anything
        heard.nonsense.append(str(error) if isinstance(error, _Nonsense) else raised(error))
    return heard


def _spoken(ask: Callable[..., Any], *arguments: object) -> Generator[object, None, str | None]:
    """Yield the items of either shape of answer, and return the new cursor, None if there is none."""
    said = ask(*arguments)
    paired = isinstance(said, tuple) and len(said) == 2 and not isinstance(said[1], (Arrival, Report, Line))
    items, cursor = said if paired else (said, None)
    listed = isinstance(items, Iterable) and not isinstance(items, (str, bytes))
    if not listed:
        raise _Nonsense(f"answered {type(items).__name__} instead of a list")
    after = yield from items
    cursor = cursor if after is None else after  # a generator returns its cursor
    if cursor is not None and not isinstance(cursor, str):
        raise _Nonsense(f"gave a cursor that is {type(cursor).__name__}, not text")
    return cursor
