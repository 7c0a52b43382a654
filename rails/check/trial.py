"""A plugin on trial: orders of our own making, and patience no longer than the plugin asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from app.money import SCALE, Money
from rails import ask
from rails.base import Method, Payout, Rail, Report

PATIENCE_SECONDS = 1  # beyond the plugin's own time-out

THREADS = 8

PAYEE = {"first_name": "Ada", "last_name": "Check", "bank_account_number": "1234567890", "bank_number": "000000001"}


@dataclass(frozen=True)
class Sample:
    """The plugin on trial, and whom it is to pay."""

    rail: Rail
    payee: Mapping[str, str] = field(default_factory=lambda: PAYEE)

    @property
    def method(self) -> Method:
        return self.rail.methods[0]

    def payout(self, **changes: Any) -> Payout:
        """Return an order nobody has seen before, for the least amount the first method takes."""
        cent = 10 ** (SCALE - self.method.decimals)
        amount = Money(max(self.method.minimum, cent), self.method.asset)
        told = {"key": str(uuid4()), "method": self.method.name, "payee": self.payee, "batch_key": str(uuid4())}
        return Payout(**{**told, "amount": amount, "amount_in": amount, "amount_expected": amount, **changes})

    def order(self, payout: Payout) -> Report:
        if self.method.batched:
            return self.patiently(ask.execute_batch, [payout])[0]
        return self.patiently(ask.execute, payout)

    def look_up(self, *payouts: Payout) -> Sequence[Report]:
        polled = self.patiently(ask.poll_outgoing, payouts, "")
        require(not polled.nonsense, "; ".join(polled.nonsense))
        return polled.facts

    def patiently(self, question: Callable[..., Any], *arguments: Any) -> Any:
        return self.all_at_once(question, *arguments, times=1)[0]

    def all_at_once(self, question: Callable[..., Any], *arguments: Any, times: int = THREADS) -> list[Any]:
        """Return what the rail says when asked by so many threads; none may last longer than its time-out."""
        answers = [ask.apart(question, self.rail, *arguments) for _ in range(times)]
        try:
            return [answer.result(self.rail.timeout_seconds + PATIENCE_SECONDS) for answer in answers]
        except TimeoutError:
            raise Broken(f"gave no answer within its {self.rail.timeout_seconds} s") from None


class Broken(Exception):
    """A rule is broken; says how."""


class Skipped(Exception):
    """A rule does not apply; says why."""


def require(kept: bool, otherwise: str) -> None:
    if not kept:
        raise Broken(otherwise)
