"""The sandbox bank pays each order once, keeps a journal through everything, and fails as it is told to."""

import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rails import ask
from rails.base import Payout, State
from rails.sandbox_bank import SandboxBankRail, journal
from rails.sandbox_bank.faults import Fault, Faults
from tests.rails.conftest import RunningBank
from tests.rails.samples import deposit, payout, usd


def to_account(number: str) -> Payout:
    return payout(payee={"bank_account_number": number})


def states(bank: RunningBank, *payouts: Payout) -> list[State]:
    return [report.state for report in ask.poll_outgoing(bank.rail(), payouts, "").facts]


def test_an_order_is_under_way_until_the_bank_settles(bank: RunningBank):
    order = payout()
    first = ask.execute(bank.rail(), order)
    assert (first.state, first.ref) == (State.INITIATED, "SB000001")
    bank.direct(f"/orders/{order.key}/next")
    (delivered,) = ask.poll_outgoing(bank.rail(), [order], "").facts
    assert (delivered.state, delivered.amount) == (State.DELIVERED, usd("98"))


def test_an_order_that_comes_again_is_paid_once_and_written_down_twice(bank: RunningBank):
    order = payout()
    refs = {ask.execute(bank.rail(), order).ref for _ in range(3)}
    assert len(refs) == 1
    assert bank.events(order.key) == ["received", "repeated", "repeated"]


def test_a_key_with_another_amount_is_refused_and_the_first_order_stands(bank: RunningBank):
    order = payout()
    ask.execute(bank.rail(), order)
    again = ask.execute(bank.rail(), payout(key=order.key, amount=usd("99")))
    assert again.state == State.UNKNOWN
    assert [entry.get("same") for entry in bank.journal()] == [None, False]
    assert states(bank, order) == [State.INITIATED]


def test_an_order_the_bank_cannot_take_fails_for_certain(bank: RunningBank):
    report = ask.execute(bank.rail(), payout(amount=usd("0")))
    assert (report.state, report.refund) == (State.FAILED, True)
    assert bank.events() == []


@pytest.mark.parametrize(
    ("account", "course"),
    [
        ("1000120000", [State.FAILED]),
        ("1000120001", [State.INITIATED, State.FAILED]),
        ("1000120002", [State.FAILED]),
        ("1000121111", [State.INITIATED, State.DELIVERED, State.RETURNED]),
        ("1000122222", [State.AVAILABLE]),
        ("1000129999", [State.INITIATED, State.INITIATED, State.INITIATED]),
    ],
)
def test_some_accounts_have_a_meaning(bank: RunningBank, account: str, course: list[State]):
    order = to_account(account)
    seen = [ask.execute(bank.rail(), order).state]
    for _ in course[1:]:
        bank.direct(f"/orders/{order.key}/next")
        seen += states(bank, order)
    assert seen == course


def test_a_closed_account_names_the_field_to_fix(bank: RunningBank):
    closed, unwelcome = to_account("0000"), to_account("0002")
    assert set(ask.execute(bank.rail(), closed).fix) == {"bank_account_number"}
    assert ask.execute(bank.rail(), unwelcome).fix == {}
    assert set(ask.execute(bank.rail(), payout(payee={})).fix) == {"bank_account_number"}


def test_a_return_gives_back_the_amount_less_a_fee(bank: RunningBank):
    order = to_account("1111")
    ask.execute(bank.rail(), order)
    bank.direct(f"/orders/{order.key}/next")
    bank.direct(f"/orders/{order.key}/next")
    (report,) = ask.poll_outgoing(bank.rail(), [order], "").facts
    assert (report.amount, report.fee, report.refund) == (usd("97"), usd("1"), True)


def test_cash_waits_with_a_code_until_it_is_collected(bank: RunningBank):
    order = to_account("2222")
    waiting = ask.execute(bank.rail(), order)
    assert waiting.secret["pickup_code"]
    bank.direct(f"/orders/{order.key}/delivered")
    (collected,) = ask.poll_outgoing(bank.rail(), [order], "").facts
    assert (collected.state, collected.secret) == (State.DELIVERED, {})


def test_payments_complete_by_themselves_as_on_a_test_network(open_bank: Callable[..., RunningBank]):
    bank = open_bank(settle_seconds=0)
    paid, returned, silent = payout(), to_account("1111"), to_account("9999")
    for order in (paid, returned, silent):
        ask.execute(bank.rail(), order)
    assert states(bank, paid, returned, silent) == [State.DELIVERED, State.RETURNED, State.INITIATED]


def test_a_payment_waits_for_its_time(open_bank: Callable[..., RunningBank]):
    bank = open_bank(settle_seconds=3600)
    order = payout()
    ask.execute(bank.rail(), order)
    assert states(bank, order) == [State.INITIATED]
    bank.direct("/settings", settle_seconds=0)
    assert states(bank, order) == [State.DELIVERED]


@pytest.mark.parametrize("how", ["error", "drop", "nonsense"])
@pytest.mark.parametrize(("when", "found"), [("before", State.NOT_FOUND), ("after", State.INITIATED)])
def test_an_order_in_doubt_is_cleared_up_by_looking(bank: RunningBank, how: str, when: str, found: State):
    order = payout()
    bank.direct("/faults", how=how, when=when, times=1)
    assert ask.execute(bank.rail(), order).state == State.UNKNOWN
    assert states(bank, order) == [found]
    ask.execute(bank.rail(), order)
    assert bank.events(order.key).count("received") == 1


def test_a_bank_that_hangs_costs_no_more_than_the_time_out(bank: RunningBank):
    order = payout()
    bank.direct("/faults", how="hang", key=order.key)
    report = ask.execute(bank.rail(timeout_seconds=0.4), order)
    assert report.state == State.UNKNOWN
    assert "ReadTimeout" in report.message or "ConnectionError" in report.message
    assert ask.execute(bank.rail(), payout()).state == State.INITIATED


def test_a_fate_can_be_ordered_for_one_account(bank: RunningBank):
    unlucky, lucky = to_account("555"), to_account("777")
    bank.direct("/faults", how="refuse", account="555")
    assert ask.execute(bank.rail(), unlucky).state == State.FAILED
    assert ask.execute(bank.rail(), lucky).state == State.INITIATED


def test_a_look_up_that_fails_is_no_news(bank: RunningBank):
    order = payout()
    ask.execute(bank.rail(), order)
    bank.direct("/faults", how="error", where="look_ups", times=1)
    polled = ask.poll_outgoing(bank.rail(), [order], "")
    assert not polled.facts
    assert "raised HTTPError" in polled.nonsense[0]
    assert states(bank, order) == [State.INITIATED]


def test_a_fault_counts_down_and_what_is_no_fault_is_refused(bank: RunningBank):
    faults = Faults()
    faults.order(Fault("error", times=2))
    assert [bool(faults.take("orders")) for _ in range(3)] == [True, True, False]
    assert bank.direct("/faults", how="confetti").status_code == 400
    assert bank.direct("/orders/none/delivered").status_code == 400
    assert bank.direct("/orders/none/vanished").status_code == 400


def test_deposits_are_told_from_the_cursor_on(bank: RunningBank):
    rail = bank.rail()
    bank.direct("/deposits", asset="iso4217:USD", amount="25.00", reference="RH-7", payer="Ada")
    first = ask.poll_deposits(rail, [deposit()], "")
    assert [(fact.ref, fact.amount, fact.reference) for fact in first.facts] == [("SD000001", usd("25"), "RH-7")]
    bank.direct("/deposits", asset="iso4217:USD", amount="25.00", reverses="SD000001")
    second = ask.poll_deposits(rail, [], first.cursor)
    assert [(fact.ref, fact.reverses) for fact in second.facts] == [("SD000002", "SD000001")]
    assert not ask.poll_deposits(rail, [], second.cursor).facts


def test_money_only_seen_is_told_again_when_it_settles(bank: RunningBank):
    bank.direct("/deposits", asset="iso4217:USD", amount="25", ref="wire-1", settled="no")
    bank.direct("/deposits", asset="iso4217:USD", amount="25", ref="wire-1")
    told = ask.poll_deposits(bank.rail(), [], "").facts
    assert [(fact.ref, fact.settled) for fact in told] == [("wire-1", False), ("wire-1", True)]


def test_a_payer_is_told_where_to_pay_and_what_to_write(bank: RunningBank):
    told = bank.rail().prepare_deposit(deposit())
    assert (told.fields["external_transfer_memo"], told.reference) == ("RH-7", "RH-7")


def test_the_journal_outlives_the_bank(open_bank: Callable[..., RunningBank]):
    bank = open_bank()
    order = payout()
    ask.execute(bank.rail(), order)
    bank.direct(f"/orders/{order.key}/delivered")
    bank.direct("/deposits", asset="iso4217:USD", amount="25")
    reopened = open_bank()
    assert states(reopened, order) == [State.DELIVERED]
    assert len(ask.poll_deposits(reopened.rail(), [], "").facts) == 1


def test_a_line_torn_off_by_a_crash_is_forgotten(open_bank: Callable[..., RunningBank], tmp_path: Path):
    ask.execute(open_bank().rail(), payout())
    with (tmp_path / "bank.jsonl").open("a") as torn:
        torn.write('{"event": "recei')
    bank = open_bank()
    ask.execute(bank.rail(), payout())
    assert bank.events() == ["received", "received"]


def test_a_bank_killed_and_started_again_knows_its_orders(tmp_path: Path):
    order, path = payout(), tmp_path / "bank.jsonl"
    for expected in ("received", "repeated"):
        process, url = start(path)
        try:
            assert ask.execute(SandboxBankRail({"url": url}), order).state == State.INITIATED
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        assert journal(path)[-1]["event"] == expected


def start(path: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "rails.sandbox_bank", "--journal", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, process.stdout.readline().split()[-1]


def test_an_order_sent_by_many_threads_is_paid_once(bank: RunningBank):
    order = payout()
    with ThreadPoolExecutor(8) as threads:
        reports = list(threads.map(lambda _: ask.execute(bank.rail(), order), range(8)))
    assert {report.ref for report in reports} == {"SB000001"}
    assert bank.events().count("received") == 1


def stated(bank: RunningBank, hours: int = 1) -> list[tuple[str, str, str]]:
    now = datetime.now(UTC)
    told = ask.statement(bank.rail(), now - timedelta(hours=hours), now)
    return [(line.payment, line.direction, str(line.amount)) for line in told.lines]


def test_the_statement_shows_what_left_and_what_came_back(open_bank: Callable[..., RunningBank]):
    bank = open_bank()
    paid, refused, returned = payout(), to_account("0001"), to_account("1111")
    for order in (paid, refused, returned):
        ask.execute(bank.rail(), order)
    assert stated(bank) == []
    for order in (paid, refused, returned, returned):
        bank.direct(f"/orders/{order.key}/next")
    bank.direct("/deposits", asset="iso4217:USD", amount="25")
    for shown in (bank, open_bank()):
        assert stated(shown) == [
            ("SB000001", "out", "98.0000000 USD"),
            ("SB000003", "out", "98.0000000 USD"),
            ("SB000003", "in", "97.0000000 USD"),
            ("", "in", "25.0000000 USD"),
        ]
    assert stated(bank, hours=0) == []


def test_a_booking_nobody_ordered_outlives_the_bank(open_bank: Callable[..., RunningBank]):
    open_bank().direct("/statement", direction="out", asset="iso4217:USD", amount="3")
    assert stated(open_bank()) == [("", "out", "3.0000000 USD")]
