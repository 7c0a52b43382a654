"""A Polaris class runs unmodified, where neither polaris nor django is installed.

The class is the one of Polaris' own guide to payment rails (``guide/*.txt``, its two blocks of code, word for word).
Its failure branches have a misspelt name, which is kept for one half of these tests and put right for the other.
"""

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rails import ask
from rails.base import State
from rails.polaris import PolarisRail
from rails.polaris.modules import supply
from tests.rails.samples import USD, deposit, payout, usd, usdc

GUIDE = Path(__file__).parent / "guide"

SETTINGS = {"methods": [{"name": "bank_account", "asset": USD}], "timeout_seconds": 5}


@dataclass
class Payment:
    status: str
    id: str = "P-1"


@dataclass
class AnchorBank:
    """What the guide leaves to the anchor: its own ``.rails`` module."""

    answer: str = "delivered"
    news: dict[Any, str] = field(default_factory=dict)
    valid: bool = True
    received: set[str] = field(default_factory=set)
    submitted: list[Any] = field(default_factory=list)
    refunds: list[Any] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)

    def submit(self, transaction: Any) -> Payment:
        self.submitted.append(transaction.id)
        if self.answer == "dead":
            raise ConnectionError("the line is dead")
        return Payment(self.answer)

    def payment(self, transaction: Any) -> Payment:
        self.asked.append(transaction.external_transaction_id)
        return Payment(self.news[str(transaction.id)])

    def module(self) -> ModuleType:
        module = ModuleType("guide_anchor.rails")
        vars(module).update(
            get_reference_id=lambda transaction: transaction.memo,
            has_received_payment=lambda reference: reference in self.received,
            submit_payment=self.submit,
            get_payment=self.payment,
            PaymentStatus=type(
                "PaymentStatus", (), {"DELIVERED": "delivered", "INITIATED": "initiated", "FAILED": "failed"}
            ),
            calculate_fee=lambda transaction: Decimal("1.5"),
            initiate_refund=lambda transaction: self.refunds.append(transaction.id),
            is_valid_payment_amount=lambda amount: self.valid,
        )
        return module


def guide() -> str:
    """Put the two blocks together, as the guide's "..." asks its readers to."""
    incoming, outgoing = (GUIDE / "incoming.txt").read_text(), (GUIDE / "outgoing.txt").read_text()
    imports, methods = outgoing.removeprefix("...\n").split("class AnchorRails(RailsIntegration):\n    ...\n")
    head, body = incoming.split("class AnchorRails")
    return f"{head}{imports}class AnchorRails{body}{methods}"


def corrected() -> str:
    return guide().replace("Transction", "Transaction")


NINE_DIGITS = '{"transaction": {"bank_number": {"description": "nine digits"}}}'

Adopt = Callable[..., PolarisRail]


@pytest.fixture
def adopt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Adopt:
    """Make a rail of the source of a Polaris class, in a package whose ``.rails`` is an AnchorBank."""

    def make(source: str, bank: AnchorBank | None = None, **settings: Any) -> PolarisRail:
        package = tmp_path / "guide_anchor"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "integrations.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        for name in ("guide_anchor", "guide_anchor.integrations"):
            sys.modules.pop(name, None)
        monkeypatch.setitem(sys.modules, "guide_anchor.rails", (bank or AnchorBank()).module())
        return PolarisRail({**SETTINGS, "class": "guide_anchor.integrations:AnchorRails", **settings})

    return make


def rail_doing(adopt: Adopt, *lines: str, **settings: Any) -> PolarisRail:
    """Return the rail of a class that executes ``lines``."""
    body = "\n".join(f"        {line}" for line in lines)
    head = "from polaris.integrations import RailsIntegration\nfrom polaris.models import Transaction\n"
    verb = "    def execute_outgoing_transaction(self, transaction, *args, **kwargs):"
    return adopt(f"{head}\nclass AnchorRails(RailsIntegration):\n{verb}\n{body}\n", **settings)


def set_and_save(status: str) -> tuple[str, str]:
    return f"transaction.status = {status!r}", "transaction.save()"


def test_neither_polaris_nor_django_is_installed():
    for name in ("django-polaris", "django"):
        with pytest.raises(PackageNotFoundError):
            distribution(name)


def test_the_guide_s_class_says_which_deposits_came_in(adopt: Adopt):
    paid, unpaid = deposit(reference="RH-1"), deposit(reference="RH-2")
    polled = ask.poll_deposits(adopt(guide(), AnchorBank(received={"RH-1"})), [paid, unpaid], "")
    assert [(fact.key, fact.ref, fact.amount) for fact in polled.facts] == [(paid.key, paid.key, usd("25"))]
    assert not polled.nonsense


@pytest.mark.parametrize(("answer", "state"), [("delivered", State.DELIVERED), ("initiated", State.INITIATED)])
def test_the_guide_s_class_pays(adopt: Adopt, answer: str, state: State):
    bank = AnchorBank(answer)
    report = ask.execute(adopt(guide(), bank), payout())
    assert (report.state, report.ref, report.amount, report.fee) == (state, "P-1", None, None)
    assert len(bank.submitted) == 1


def test_the_guide_s_class_as_printed_leaves_a_failed_payment_to_the_operator(adopt: Adopt):
    bank = AnchorBank("failed")
    report = ask.execute(adopt(guide(), bank), payout())
    assert (report.state, report.refund, report.refunded) == (State.UNKNOWN, False, False)
    assert "raised NameError at " in report.message
    assert len(bank.submitted) == 1


def test_the_guide_s_class_put_right_fails_a_failed_payment(adopt: Adopt):
    report = ask.execute(adopt(corrected(), AnchorBank("failed")), payout())
    assert (report.state, report.ref) == (State.FAILED, "P-1")
    assert report.message == "payment failed, contact customer support."


def test_a_refund_by_the_class_is_recorded_as_made(adopt: Adopt):
    bank = AnchorBank(valid=False)
    order = payout(amount_in=usdc("0.01"))
    report = ask.execute(adopt(guide(), bank), order)
    assert (report.state, report.refunded, report.refund) == (State.FAILED, True, False)
    assert report.message == "the amount received is not valid, refunding."
    assert (len(bank.refunds), bank.submitted) == (1, [])


def test_an_amount_the_class_works_out_anew_is_reported(adopt: Adopt):
    report = ask.execute(adopt(guide()), payout(amount_in=usdc("60.127")))
    assert (report.state, report.fee, report.amount) == (State.DELIVERED, usdc("1.5"), usd("58.63"))


def test_what_was_saved_before_the_class_raised_is_reported(adopt: Adopt):
    report = ask.execute(adopt(guide(), AnchorBank("dead")), payout(amount_in=usdc("60")))
    assert (report.state, report.amount) == (State.UNKNOWN, usd("58.5"))
    assert "raised ConnectionError" in report.message


def test_no_order_in_doubt_may_be_looked_up(adopt: Adopt):
    rail = adopt(guide(), methods=[{"name": "bank_account", "asset": USD, "can_look_up": True}])
    assert [method.can_look_up for method in rail.methods] == [False]


def test_the_guide_s_class_is_asked_for_news_by_its_own_reference(adopt: Adopt):
    done, waiting = payout(ref="P-1"), payout(ref="P-2")
    bank = AnchorBank(news={done.key: "delivered", waiting.key: "initiated"})
    polled = ask.poll_outgoing(adopt(guide(), bank), [done, waiting], "")
    assert [(fact.key, fact.state, fact.ref) for fact in polled.facts] == [(done.key, State.DELIVERED, "P-1")]
    assert bank.asked == ["P-1", "P-2"]


def test_the_guide_s_class_put_right_reports_a_payment_that_failed_later(adopt: Adopt):
    lost, done = payout(), payout()
    bank = AnchorBank(news={lost.key: "failed", done.key: "delivered"})
    polled = ask.poll_outgoing(adopt(corrected(), bank), [lost, done], "")
    assert {fact.key: fact.state for fact in polled.facts} == {lost.key: State.FAILED, done.key: State.DELIVERED}


def test_a_payment_the_class_stumbles_over_says_so_and_silences_no_other(adopt: Adopt):
    lost, done = payout(), payout()
    bank = AnchorBank(news={lost.key: "failed", done.key: "delivered"})
    polled = ask.poll_outgoing(adopt(guide(), bank), [lost, done], "")
    told = {fact.key: fact for fact in polled.facts}
    assert (told[lost.key].state, told[done.key].state) == (State.INITIATED, State.DELIVERED)
    assert "no news: the rail raised NameError" in told[lost.key].message
    assert "raised NameError" in polled.nonsense[0]


@pytest.mark.parametrize(
    ("lines", "state", "words"),
    [
        (("pass",), State.UNKNOWN, "left the status as it was"),
        (("transaction.status = 'completed'",), State.UNKNOWN, "set the status completed and did not save it"),
        (
            ("transaction.status = 'pending_user'", "transaction.save()"),
            State.UNKNOWN,
            "which says nothing of a payout",
        ),
        (("transaction.secret_of_the_house",), State.UNKNOWN, "raised AttributeError"),
        (("raise SystemExit",), State.UNKNOWN, "raised SystemExit"),
        (("raise NotImplementedError",), State.UNKNOWN, "raised NotImplementedError"),
        (("transaction.amount_fee = 0.1", *set_and_save("completed")), State.UNKNOWN, "fee is not money"),
        (("transaction.amount_fee = 'some'", *set_and_save("completed")), State.UNKNOWN, "fee is not money"),
        (("transaction.refunded = True", *set_and_save("completed")), State.UNKNOWN, "refunded what it also paid"),
    ],
)
def test_what_says_nothing_certain_waits_for_the_operator(adopt: Adopt, lines: Any, state: State, words: str):
    report = ask.execute(rail_doing(adopt, *lines), payout())
    assert report.state == state
    assert words in report.message


def test_a_refund_counts_even_if_the_class_never_came_to_save_it(adopt: Adopt):
    report = ask.execute(rail_doing(adopt, "transaction.refunded = True", "raise OSError"), payout())
    assert (report.state, report.refunded) == (State.UNKNOWN, True)


@pytest.mark.parametrize(
    ("lines", "fix"),
    [
        (set_and_save("pending_customer_info_update"), {"customer": "please check this"}),
        (
            ("transaction.required_info_message = 'no such branch'", *set_and_save("pending_transaction_info_update")),
            {"transaction": "no such branch"},
        ),
        (
            (
                f"transaction.required_info_updates = {NINE_DIGITS!r}",
                *set_and_save("pending_transaction_info_update"),
            ),
            {"bank_number": "nine digits"},
        ),
    ],
)
def test_a_request_for_better_information_names_what_to_fix(adopt: Adopt, lines: Any, fix: dict[str, str]):
    report = ask.execute(rail_doing(adopt, *lines), payout())
    assert (report.state, report.fix) == (State.FAILED, fix)


@pytest.mark.parametrize(("kind", "status"), [("send", "pending_receiver"), ("withdrawal", "pending_anchor")])
def test_a_class_sees_the_columns_it_knows(adopt: Adopt, kind: str, status: str):
    lines = (
        f"assert transaction.kind == getattr(Transaction.KIND, {kind!r})",
        f"assert transaction.status == Transaction.STATUS.{status}",
        "assert transaction.asset.code == 'USDC' and transaction.asset.significant_decimals == 2",
        "assert str(transaction.id) == transaction.payee['id_number'] and transaction.pk == transaction.id",
        "assert (transaction.amount_in, transaction.amount_fee, transaction.amount_out) == (100, 2, 98)",
        "assert transaction.to_address == '1000' and transaction.memo is None and not transaction.refunded",
        "transaction.external_transaction_id = 7",
        "transaction.amount_out = 1",
        "transaction.status_eta = 60",
        "transaction.refresh_from_db(fields=['amount_out'])",
        "transaction.status = Transaction.STATUS.pending_external",
        "transaction.save(update_fields=['status', 'external_transaction_id', 'status_eta'])",
    )
    order = payout(fee=usdc("2"))
    order = payout(key=order.key, fee=usdc("2"), payee={"bank_account_number": "1000", "id_number": order.key})
    report = ask.execute(rail_doing(adopt, *lines, kind=kind), order)
    assert (report.message, report.state, report.ref) == ("", State.INITIATED, "7")
    assert report.eta


def test_a_corrected_order_still_bears_the_name_the_anchor_knows(adopt: Adopt):
    order = payout(key="1-2", transaction_id="1")
    report = ask.execute(rail_doing(adopt, "assert transaction.id == '1'", *set_and_save("completed")), order)
    assert (report.key, report.state) == ("1-2", State.DELIVERED)


def test_a_query_set_can_be_narrowed(adopt: Adopt):
    source = """
from django.db.models import QuerySet
from polaris.integrations import RailsIntegration


class AnchorRails(RailsIntegration):
    def poll_outgoing_transactions(self, transactions: QuerySet, *args, **kwargs):
        assert isinstance(transactions, QuerySet) and transactions.count() == len(transactions) == 3
        ours = transactions.select_related("asset").filter(asset__code="USDC", amount_in__gt=1)
        ours = ours.exclude(external_transaction_id__in=["P-3"]).order_by("-external_transaction_id")
        assert ours.exists() and ours.values_list("external_transaction_id", flat=True) == ["P-2", "P-1"]
        assert ours.get(external_transaction_id="P-2") is ours.first() is ours[0]
        return [ours.last()]
"""
    payouts = [payout(ref=f"P-{number}") for number in (1, 2, 3)]
    polled = ask.poll_outgoing(adopt(source), payouts, "")
    assert [fact.key for fact in polled.facts] == [payouts[0].key]


def test_a_deposit_on_its_way_is_seen_but_not_settled(adopt: Adopt):
    source = """
from polaris.integrations import RailsIntegration


class AnchorRails(RailsIntegration):
    def poll_pending_deposits(self, pending_deposits, *args, **kwargs):
        for transaction in pending_deposits:
            transaction.status = transaction.STATUS.pending_external
            transaction.external_transaction_id = "wire-1"
            transaction.save()
        return []
"""
    polled = ask.poll_deposits(adopt(source), [deposit()], "")
    assert [(fact.ref, fact.settled) for fact in polled.facts] == [("wire-1", False)]


def test_verbs_a_class_does_not_have_bring_no_news(adopt: Adopt):
    rail = rail_doing(adopt, "pass")
    assert ask.poll_deposits(rail, [deposit()], "") == ask.Polled([], "")
    assert ask.poll_outgoing(rail, [payout()], "") == ask.Polled([], "", (), [])


def test_an_import_that_cannot_be_had_fails_when_the_rail_is_made(adopt: Adopt):
    with pytest.raises(LookupError, match="polaris.sep24"):
        adopt("from polaris.sep24 import anything\n")


def test_what_is_supplied_is_found_as_a_module_would_be():
    supply()
    models = importlib.import_module("polaris.models")
    assert sys.modules["polaris"].models is models
    with pytest.raises(AttributeError, match="there is no 'paid'"):
        models.Transaction.STATUS.paid  # noqa: B018 reading it is the test
    assert ("send", "send") in list(models.Transaction.KIND)
