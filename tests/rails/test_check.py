"""The contract's own tests pass good plugins, and name what is wrong with the others."""

import textwrap
import time
from dataclasses import replace
from datetime import datetime
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest

from app.money import Money
from rails import base
from rails.base import Line, Method, Payout, Rail, Report, State
from rails.check import check, rules, show
from rails.check.trial import Broken, Sample
from rails.manual import ManualRail
from tests.rails.conftest import RunningBank
from tests.rails.samples import USD


def example() -> type[Rail]:
    """The rail in the contract's own page."""
    page = base.__doc__ or ""
    code = textwrap.dedent(page[page.index("    import requests") : page.index("What the house promises")])
    module = ModuleType("example")
    exec(code, vars(module))  # noqa: S102 our own page
    return module.ExampleBank


def test_the_example_of_the_contract_keeps_the_contract(bank: RunningBank):
    findings = check(example()({"url": bank.url}))
    assert not [finding for finding in findings if finding.fault]
    assert [finding.skipped for finding in findings if finding.skipped] == ["it gives no statement"] * 2


def test_the_sandbox_bank_keeps_the_contract(bank: RunningBank):
    findings = check(bank.rail())
    assert not [finding for finding in findings if finding.fault or finding.skipped]
    assert show(findings).endswith("14 rules, 0 broken")


def test_a_rail_that_cannot_look_up_is_not_made_to_repeat_itself():
    findings = check(ManualRail({"methods": [{"name": "bank_account", "asset": USD}]}))
    assert not any(finding.fault for finding in findings)
    assert sum(bool(finding.skipped) for finding in findings) == 6


class Good(Rail):
    """Keeps its orders in memory."""

    name = "good"
    methods = (Method("bank_account", USD),)
    timeout_seconds = 0.5

    def __init__(self) -> None:
        self.orders: dict[str, str] = {}

    def execute_outgoing_transaction(self, payout: Payout) -> Report:
        return Report(payout.key, State.INITIATED, ref=self.orders.setdefault(payout.key, str(uuid4())))

    def poll_outgoing_transactions(self, payouts: Any, cursor: str) -> Any:
        return [self.state_of(payout) for payout in payouts], cursor

    def state_of(self, payout: Payout) -> Report:
        ref = self.orders.get(payout.key, "")
        return Report(payout.key, State.INITIATED if ref else State.NOT_FOUND, ref=ref)


class Forgetful(Good):
    def execute_outgoing_transaction(self, payout: Payout) -> Report:
        return Report(payout.key, State.INITIATED, ref=str(uuid4()))


class Racing(Good):
    """Looks first and orders later, with time between."""

    def execute_outgoing_transaction(self, payout: Payout) -> Report:
        known = self.orders.get(payout.key)
        time.sleep(0.05)
        self.orders[payout.key] = ref = known or str(uuid4())
        return Report(payout.key, State.INITIATED, ref=ref)


class Credulous(Good):
    def state_of(self, payout: Payout) -> Report:
        return Report(payout.key, State.DELIVERED, ref=self.orders.get(payout.key, ""))


class Silent(Good):
    def poll_outgoing_transactions(self, payouts: Any, cursor: str) -> Any:
        return [], cursor


class Hanging(Good):
    timeout_seconds = 0.1

    def execute_outgoing_transaction(self, payout: Payout) -> Report:
        time.sleep(2)
        return super().execute_outgoing_transaction(payout)


class Touchy(Good):
    def execute_outgoing_transaction(self, payout: Payout) -> Report:
        return replace(super().execute_outgoing_transaction(payout), message=payout.payee["bank_account_number"])


class Nameless(Good):
    def execute_outgoing_transaction(self, payout: Payout) -> Report:
        super().execute_outgoing_transaction(payout)
        return Report(payout.key, State.INITIATED)


class Cashier(Good):
    def poll_pending_deposits(self, deposits: Any, cursor: str) -> Any:
        return [25], cursor


class Lost(Good):
    def poll_pending_deposits(self, deposits: Any, cursor: str) -> Any:
        return [], str(int(cursor or "1") + 1) if cursor != "2" else 3


class Trusting(Good):
    def read_notification(self, headers: Any, body: bytes) -> Any:
        return [], []


class Stating(Good):
    """Shows whatever was ordered of it."""

    def statement(self, since: datetime, until: datetime) -> list[Line]:
        return [self.line(f"line {ref}", key, until) for key, ref in self.orders.items()]

    def line(self, ref: str, key: str, until: datetime, cents: int = 10**5) -> Line:
        return Line(ref, "out", Money(cents, USD), until, key)


class Doubling(Stating):
    def statement(self, since: datetime, until: datetime) -> list[Line]:
        return [*super().statement(since, until), *[self.line("more", key, until) for key in self.orders]]


class Rounding(Stating):
    def line(self, ref: str, key: str, until: datetime, cents: int = 10**7) -> Line:
        return super().line(ref, key, until, cents)


class Scribbling(Stating):
    def statement(self, since: datetime, until: datetime) -> Any:
        return ["all is well"]


class Shredding(Stating):
    asked = 0

    def statement(self, since: datetime, until: datetime) -> list[Line]:
        self.asked += 1
        return [self.line(str(self.asked), "", until)]


def test_a_good_rail_is_found_good():
    assert not [finding for finding in check(Stating()) if finding.fault or finding.skipped]


@pytest.mark.parametrize(
    ("plugin", "rule", "words"),
    [
        (Forgetful, rules.orders_once, "made 2 payments of one key"),
        (Racing, rules.orders_once_at_once, "payments of one key"),
        (Credulous, rules.finds_no_other_orders, "said delivered of an order it never had"),
        (Silent, rules.finds_orders, "does not find its order"),
        (Silent, rules.finds_no_other_orders, "said nothing of an order it never had"),
        (Hanging, rules.orders, "gave no answer within its 0.1 s"),
        (Touchy, rules.survives_strange_payees, "raised KeyError"),
        (Nameless, rules.orders, "gave the payment no reference"),
        (Cashier, rules.polls_nothing, "answered int instead of Arrival"),
        (Lost, rules.goes_on_from_its_cursor, "gave a cursor that is int"),
        (Doubling, rules.states_payments_once, "shows one payment 2 times"),
        (Rounding, rules.states_payments_once, "shows another amount"),
        (Scribbling, rules.gives_the_same_statement_again, "answered str instead of Line"),
        (Shredding, rules.gives_the_same_statement_again, "left out what it had"),
        (Trusting, rules.refuses_forgeries, "took a notification without a signature"),
    ],
)
def test_a_bad_plugin_is_told_which_rule_it_breaks(plugin: type[Good], rule: rules.Rule, words: str):
    with pytest.raises(Broken, match=words):
        rule(Sample(plugin()))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Good Bank"}, "is called 'Good Bank'"),
        ({"timeout_seconds": 0}, "has a time-out of 0 s"),
        ({"methods": ()}, "offers no method"),
        ({"methods": (Method("wire", USD),) * 2}, "offers a method twice"),
        ({"methods": (Method("wire", "USD"),)}, "is not an asset"),
        ({"methods": (Method("wire", USD, decimals=9),)}, "cannot have 9 decimals"),
        ({"methods": (Method("wire", USD, minimum=5, maximum=4),)}, "its limits are in no order"),
        ({"methods": (Method("wire", USD, zone="Mars"),)}, "'Mars' is no time zone"),
        ({"methods": (Method("wire", USD, batched=True),)}, "never cut off"),
        ({"methods": ("wire",)}, "is not a rails.base.Method"),
    ],
)
def test_a_plugin_that_describes_itself_badly_is_asked_nothing_else(changes: dict[str, Any], words: str):
    rail = Good()
    vars(rail).update(changes)
    findings = check(rail)
    assert len(findings) == 2
    assert words in " ".join(finding.fault for finding in findings)
    assert "✗" in show(findings)
    assert not rail.orders
