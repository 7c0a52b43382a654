"""What a family of operations tells the ledger about each of its kinds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.sandbox.network.engine.entries import Account, Thresholds
from app.sandbox.network.engine.frames import Transaction
from app.sandbox.network.engine.results import Failed
from app.sandbox.network.engine.rules import Rules
from app.sandbox.network.engine.world import World


@dataclass(frozen=True, slots=True)
class Step:
    """One operation about to be applied: what it says, who acts, where in which transaction."""

    world: World
    rules: Rules
    body: Any
    source: bytes
    transaction: Transaction
    index: int

    @property
    def account(self) -> Account:
        return self.world.need(self.source)


Level = Callable[[Any], str]


def low(_: Any) -> str:
    return "low"


def medium(_: Any) -> str:
    return "medium"


def high(_: Any) -> str:
    return "high"


class Rule(NamedTuple):
    """How one kind of operation is judged.

    ``body`` names the arm of the XDR body; ``check(body, source)`` is the static part, ``apply(step)`` does it. Both
    raise Failed; ``apply`` returns None, or the XDR result where success says more than its code. ``level`` says which
    threshold of the source the signatures must reach.
    """

    body: str
    check: Callable[[Any, bytes], None]
    apply: Callable[[Step], Any]
    level: Level = medium


def threshold(rule: Rule, body: Any, thresholds: Thresholds) -> int:
    return int(getattr(thresholds, rule.level(body)))


Refuse = Callable[[str], Failed]


def refusals(codes: Any, prefix: str) -> Refuse:
    """Return what makes the Failed of one kind of operation from the rest of its code's name."""
    return lambda name: Failed(codes[f"{prefix}_{name}"])
