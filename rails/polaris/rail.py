"""A Polaris class as a rail: it sets columns, we report facts.

Polaris gives a class no idempotency key and no way to look up an order, so an order in doubt (the class raised, left
the status as it was, or saved nothing) is ``UNKNOWN`` and waits for an operator: it is never executed again. What it
has saved by then still counts, and a refund it made counts even unsaved: nobody must be given his money twice.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rails import find_object
from rails.ask import method_of, raised
from rails.base import Arrival, Payout, PendingDeposit, Rail, Report, State
from rails.polaris import facts
from rails.polaris.modules import supply
from rails.polaris.rows import QuerySet, Transaction
from rails.settings import methods_in

Ask = Callable[[Sequence[Any]], Iterator[Any]]  # about deposits for arrivals, or about payouts for reports

STATUS = Transaction.STATUS

BEFORE_EXECUTION: Mapping[str, str] = {
    Transaction.KIND.send: STATUS.pending_receiver,
    Transaction.KIND.withdrawal: STATUS.pending_anchor,
}


class PolarisRail(Rail):
    """Settings: ``class``, as ``module:Class``; ``methods``; ``kind``, send (the default) or withdrawal."""

    name = "polaris"

    def __init__(self, settings: Mapping[str, Any]):
        supply()
        self._anchor = find_object(settings["class"])()
        self._kind = settings.get("kind", Transaction.KIND.send)
        self.methods = [replace(method, can_look_up=False) for method in methods_in(settings)]
        self.timeout_seconds = settings.get("timeout_seconds", self.timeout_seconds)

    def poll_pending_deposits(self, deposits: Sequence[PendingDeposit], cursor: str) -> Iterator[Arrival]:
        return self._ask_about(self._received, deposits)

    def execute_outgoing_transaction(self, payout: Payout) -> Report:
        row = self._row(payout, BEFORE_EXECUTION[self._kind])
        try:
            self._anchor.execute_outgoing_transaction(row)
        except (Exception, SystemExit) as error:  # noqa: BLE001 whatever was raised, the bank may have the order by now
            return facts.report(payout, row, State.UNKNOWN, f"the rail {raised(error)}")
        state = facts.state_of(row)
        return facts.report(payout, row, state, facts.why_unknown(row) if state == State.UNKNOWN else "")

    def poll_outgoing_transactions(self, payouts: Sequence[Payout], cursor: str) -> Iterator[Report]:
        return self._ask_about(self._news, payouts)

    def _ask_about(self, ask: Ask, things: Sequence[Any]) -> Iterator[Any]:
        """One row the class stumbles over must not silence the rest: then it is asked about each alone."""
        deadline = time.monotonic() + self.timeout_seconds
        told = set()
        try:
            for fact in ask(things):
                told.add(fact.key)
                yield fact
        except Exception:
            for thing in things:
                if thing.key not in told and time.monotonic() < deadline:
                    yield from self._ask_about_one(ask, thing)
            raise

    def _ask_about_one(self, ask: Ask, thing: Any) -> Iterator[Any]:
        try:
            yield from ask([thing])
        except Exception as error:  # noqa: BLE001 what was raised for all is raised again when each was heard
            if isinstance(thing, Payout):
                row = self._row(thing, STATUS.pending_external)
                yield facts.report(thing, row, State.INITIATED, f"no news: the rail {raised(error)}")

    def _received(self, deposits: Sequence[PendingDeposit]) -> Iterator[Arrival]:
        rows = {facts.deposit_row(deposit): deposit for deposit in deposits}
        received = _unless_not_provided(self._anchor.poll_pending_deposits, rows)
        yield from (facts.arrival(rows[row], row) for row in received)
        seen = (row for row in rows if row.saved["status"] == STATUS.pending_external and row not in received)
        yield from (facts.arrival(rows[row], row, settled=False) for row in seen)

    def _news(self, payouts: Sequence[Payout]) -> Iterator[Report]:
        rows = {self._row(payout, STATUS.pending_external): payout for payout in payouts}
        try:
            delivered = _unless_not_provided(self._anchor.poll_outgoing_transactions, rows)
        finally:
            failed = (row for row in rows if facts.state_of(row) == State.FAILED)
            yield from (facts.report(rows[row], row, State.FAILED) for row in failed)
        yield from (facts.report(rows[row], row, State.DELIVERED) for row in delivered)

    def _row(self, payout: Payout, status: str) -> Transaction:
        method = method_of(self, payout)
        return facts.outgoing_row(payout, self._kind, status, method.decimals if method else 2)


def _unless_not_provided(
    ask: Callable[[QuerySet], list[Transaction]], rows: Iterable[Transaction]
) -> list[Transaction]:
    """Return what ``ask`` returned; Polaris reads NotImplementedError as "this class has no such thing"."""
    try:
        return list(ask(QuerySet(rows)))
    except NotImplementedError:
        return []
