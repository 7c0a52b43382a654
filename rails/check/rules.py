"""The rules of the contract. Each is a sentence about a rail (its docstring), and raises ``Broken`` if it is not so."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from app.money import SCALE
from rails import ask
from rails.base import Line, Method, Payout, Rail, Report, State
from rails.check.trial import Broken, Sample, Skipped, require

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
ASSET = re.compile(r"(iso4217:[A-Z]{3}|stellar:native|stellar:[A-Za-z0-9]{1,12}:G[A-Z2-7]{55})")

STATEMENT = timedelta(days=1)  # of the statement is looked at


def is_named(sample: Sample) -> None:
    """has a name that can be typed, and a time-out"""
    require(isinstance(sample.rail, Rail), "is not a rails.base.Rail")
    require(bool(NAME.fullmatch(sample.rail.name or "")), f"is called {sample.rail.name!r}")
    require(sample.rail.timeout_seconds > 0, f"has a time-out of {sample.rail.timeout_seconds} s")


def has_sound_methods(sample: Sample) -> None:
    """names its methods, their assets, amounts and hours"""
    methods = sample.rail.methods
    require(bool(methods), "offers no method")
    for method in methods:
        fault = _method_fault(method)
        require(not fault, f"{getattr(method, 'name', method)}: {fault}")
    require(len({(method.asset, method.name) for method in methods}) == len(methods), "offers a method twice")


def orders(sample: Sample) -> None:
    """takes an order and says how it stands"""
    _ordered(sample, sample.payout())


def orders_once(sample: Sample) -> None:
    """makes one payment of an order, however often it comes"""
    _needs_look_up(sample)
    payout = sample.payout()
    refs = {_ordered(sample, payout).ref, _ordered(sample, payout).ref}
    require(len(refs) == 1, f"made {len(refs)} payments of one key")


def orders_once_at_once(sample: Sample) -> None:
    """makes one payment of an order that comes from many threads at once"""
    _needs_look_up(sample)
    payout = sample.payout()
    if sample.method.batched:
        raise Skipped("a file is sent by one thread")
    refs = {report.ref for report in sample.all_at_once(ask.execute, payout) if report.state != State.UNKNOWN}
    require(len(refs) == 1, f"made {len(refs)} payments of one key")


def finds_orders(sample: Sample) -> None:
    """finds an order it was given"""
    _needs_look_up(sample)
    payout = sample.payout()
    ref = _ordered(sample, payout).ref
    found = sample.look_up(payout)
    lost = (State.NOT_FOUND, State.UNKNOWN)
    require(bool(found) and all(report.state not in lost for report in found), "does not find its order")
    require(all(report.ref in ("", ref) for report in found), "knows the order by another reference than it gave")


def finds_no_other_orders(sample: Sample) -> None:
    """says not_found of an order it never had"""
    _needs_look_up(sample)
    states = [report.state for report in sample.look_up(sample.payout())]
    require(states == [State.NOT_FOUND], f"said {', '.join(states) or 'nothing'} of an order it never had")


def polls_nothing(sample: Sample) -> None:
    """has nothing against being asked about no payouts and no deposits"""
    require(not sample.look_up(), "reported payouts when asked about none")
    polled = sample.patiently(ask.poll_deposits, (), "")
    require(not polled.nonsense, "; ".join(polled.nonsense))


def goes_on_from_its_cursor(sample: Sample) -> None:
    """understands the cursors it gave"""
    for question in (ask.poll_deposits, ask.poll_outgoing):
        first = sample.patiently(question, (), "")
        second = sample.patiently(question, (), first.cursor)
        nonsense = (*first.nonsense, *second.nonsense)
        require(not nonsense, "; ".join(nonsense))


def polls_in_threads(sample: Sample) -> None:
    """is asked for news by many threads at once"""
    payouts = [sample.payout()] if sample.method.can_look_up else []
    for polled in sample.all_at_once(ask.poll_outgoing, payouts, ""):
        require(not polled.nonsense, "; ".join(polled.nonsense))


def survives_strange_payees(sample: Sample) -> None:
    """answers, and does not raise, when the payee cannot be paid"""
    payout = sample.payout(payee={})
    objection = sample.patiently(ask.check_payee, payout)
    report = objection or sample.order(payout)
    require(report.state != State.UNKNOWN, report.message)


def gives_the_same_statement_again(sample: Sample) -> None:
    """gives a statement that can be read, and the same when asked again"""
    now = datetime.now(UTC)
    first, second = (_lines(sample, now - STATEMENT, now) for _ in range(2))
    require(not set(first) - set(second), "left out what it had on its statement before")


def states_payments_once(sample: Sample) -> None:
    """shows a payment on its statement once, with its amount"""
    payout = sample.payout()
    ref = _ordered(sample, payout).ref
    now = datetime.now(UTC)
    moved = _lines(sample, now - STATEMENT, now + STATEMENT)
    shown = [line for line in moved if (line.key == payout.key or line.payment == ref) and line.direction == "out"]
    require(len(shown) <= 1, f"shows one payment {len(shown)} times")
    require(all(line.amount == payout.amount for line in shown), "shows another amount than was ordered")


def refuses_forgeries(sample: Sample) -> None:
    """raises PermissionError at a notification that nobody signed"""
    try:
        sample.patiently(lambda rail: rail.read_notification({}, b"{}"))
    except PermissionError:
        return
    raise Broken("took a notification without a signature for the bank's")


Rule = Callable[[Sample], None]

DESCRIPTION: Sequence[Rule] = (is_named, has_sound_methods)

CONDUCT: Sequence[Rule] = (
    orders,
    orders_once,
    orders_once_at_once,
    finds_orders,
    finds_no_other_orders,
    polls_nothing,
    goes_on_from_its_cursor,
    polls_in_threads,
    gives_the_same_statement_again,
    states_payments_once,
    survives_strange_payees,
    refuses_forgeries,
)


def _needs_look_up(sample: Sample) -> None:
    if not sample.method.can_look_up:
        raise Skipped("the house never repeats an order it cannot look up")


def _lines(sample: Sample, since: datetime, until: datetime) -> Sequence[Line]:
    said = sample.patiently(ask.statement, since, until)
    if said is None:
        raise Skipped("it gives no statement")
    require(not said.nonsense, "; ".join(said.nonsense))
    return said.lines


def _ordered(sample: Sample, payout: Payout) -> Report:
    report = sample.order(payout)
    require(report.state != State.UNKNOWN, report.message)
    require(bool(report.ref) or report.state == State.FAILED, "gave the payment no reference")
    return report


def _method_fault(method: Any) -> str:
    if not isinstance(method, Method):
        return "is not a rails.base.Method"
    faults = (
        (not NAME.fullmatch(method.name), "has no name that can be typed"),
        (not ASSET.fullmatch(method.asset), f"{method.asset!r} is not an asset as SEP-38 names them"),
        (not 0 <= method.decimals <= SCALE, f"cannot have {method.decimals} decimals"),
        (not 0 <= method.minimum <= method.maximum, "its limits are in no order"),
        (method.fee_fixed < 0, "pays its customers"),
        (not isinstance(method.fee_percent, Decimal), "its percentage is no Decimal"),
        (not 0 <= method.fee_percent <= 100, "its percentage is none"),
        (method.zone not in available_timezones(), f"{method.zone!r} is no time zone"),
        (method.batched and not method.cutoffs, "is batched, and never cut off"),
        (method.return_days < 0, "looks for returns before delivery"),
    )
    return next((words for wrong, words in faults if wrong), "")
