"""What a bank's statement shows is compared with what we call our payouts."""

import threading
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch

import pytest
from flask import current_app
from sqlalchemy import update

from app.anchor.models import Transaction
from app.anchor.tally import Paid
from app.db import transaction
from app.reconcile import outside
from app.reconcile.banks import compare, statements
from rails.base import Line, Method, Rail
from tests.anchor.conftest import USD
from tests.rails.samples import usd
from tests.reconcile.conftest import found

DONE = datetime(2026, 1, 2, tzinfo=UTC)
NOW = DONE + timedelta(days=2)


def paid(**facts):
    plain = {"key": "a", "ref": "B1", "amount": usd("98"), "standing": "paid", "state": "completed", "since": DONE}
    return Paid(**{**plain, **facts})


def line(**facts):
    plain = {"ref": "L1", "direction": "out", "amount": usd("98"), "at": DONE, "key": "a"}
    return Line(**{**plain, **facts})


BACK = line(ref="L2", direction="in", amount=usd("97"))
OPEN = paid(standing="open", state="initiated")
GONE = paid(standing="unpaid", state="refunded", amount=None)


@pytest.mark.parametrize(
    ("payouts", "lines", "words"),
    [
        ([paid()], [line()], []),
        ([paid()], [line(key="", payment="B1")], []),
        ([paid()], [], ["payout a: it is not on the statement, and we call it completed"]),
        ([paid(since=NOW)], [], []),
        ([paid()], [line(), line(ref="L2")], ["payout a: the bank paid it 2 times"]),
        ([paid()], [line(), line(ref="L2"), BACK], []),
        (
            [paid()],
            [line(amount=usd("97"))],
            ["payout a: the bank paid 97.0000000 USD where 98.0000000 USD was ordered"],
        ),
        ([paid()], [line(), BACK], ["payout a: it came back, and we call it completed"]),
        ([paid()], [line(), line(ref="L2", direction="in", at=NOW)], []),
        ([OPEN], [], []),
        ([OPEN], [line()], []),
        ([OPEN], [line(), line(ref="L2", at=NOW)], ["payout a: the bank paid it 2 times"]),
        ([GONE], [], []),
        ([GONE], [line(), BACK], []),
        ([GONE], [line()], ["payout a: the bank paid it, and we call it refunded"]),
        ([GONE], [line(at=NOW)], []),
        ([GONE], [BACK], ["payout a: more of it came back than left"]),
        ([], [line(key="x")], ["line L1 of 2026-01-02: 98.0000000 USD left the account, for no payout of ours"]),
        ([], [BACK], ["line L2 of 2026-01-02: 97.0000000 USD came to it, for no payout of ours"]),
        ([paid(), paid(key="b", ref="")], [line(), line(ref="L3", key="b")], []),
    ],
)
def test_each_difference_is_named_and_what_is_under_way_is_none(payouts, lines, words):
    assert list(compare(payouts, lines, NOW - timedelta(days=1))) == words


@pytest.fixture
def served(house, bank):
    """The house, its payouts handed to the sandbox bank."""
    house.teller = bank.rail()
    return house


def ordered(house, account="1000123456", rounds=1):
    key = house.announce(fields={"bank_account_number": account})
    house.pay(key)
    house.execute()
    return key


def delivered(house, bank, account="1000123456"):
    key = ordered(house, account)
    bank.direct(f"/orders/{key}/delivered")
    house.poll()
    assert house.see(key).state == "completed"
    return key


def test_what_the_bank_did_for_us_is_in_order(served, bank):
    delivered(served, bank)
    ordered(served)
    refused = ordered(served, "1000120002")
    returned = ordered(served, "1000121111")
    for _ in range(2):
        bank.direct(f"/orders/{returned}/next")
    served.poll()
    assert [served.see(key).state for key in (refused, returned)] == ["refunding", "refunding"]
    assert found(statements) == []


def test_money_that_came_back_after_delivery_is_in_order(served, bank):
    key = delivered(served, bank)
    bank.direct(f"/orders/{key}/returned")
    assert found(statements) == [f"bank: payout {key}: it came back, and we call it completed"]
    served.act(key, "returned", "the bank says so")
    assert (served.see(key).state, found(statements)) == ("completed", [])


def test_an_order_that_was_refused_corrected_and_paid_is_in_order(served, bank):
    key = ordered(served, "1000120000")
    served.correct(key, {"bank_account_number": "1000123456"})
    served.execute()
    bank.direct(f"/orders/{key}-2/delivered")
    served.poll()
    assert (served.see(key).state, found(statements)) == ("completed", [])
    bank.direct("/statement", direction="out", asset=USD, amount="100", key=key)
    assert found(statements) == [f"bank: payout {key}: the bank paid it, and we call it refused"]


def test_a_payout_the_bank_never_made_is_named(served, bank):
    key = ordered(served)
    served.act(key, "delivered", "the payee says so")
    assert found(statements) == [f"bank: payout {key}: it is not on the statement, and we call it completed"]


def test_a_payout_the_bank_made_twice_is_named(served, bank):
    key = delivered(served, bank)
    bank.direct("/statement", direction="out", asset=USD, amount="100", key=key)
    assert found(statements) == [f"bank: payout {key}: the bank paid it 2 times"]


def test_another_amount_than_was_ordered_is_named(served, bank):
    key = ordered(served)
    bank.direct(
        "/statement", direction="out", asset=USD, amount="1000", payment=served.see(key).external_transaction_id
    )
    [words] = found(statements)
    assert words == f"bank: payout {key}: the bank paid 1000.0000000 USD where 100.0000000 USD was ordered"


def test_a_line_that_is_nobody_s_is_named_whichever_way_it_goes(served, bank):
    bank.direct("/statement", direction="out", asset=USD, amount="7")
    bank.direct("/deposits", asset=USD, amount="8")
    out, came = found(statements)
    assert "7.0000000 USD left the account, for no payout of ours" in out
    assert "8.0000000 USD came to it, for no payout of ours" in came


def test_a_payout_ordered_before_the_statement_begins_is_known_on_it(served, bank):
    key = ordered(served)
    with transaction() as session:
        session.execute(update(Transaction).values(executed_at=Transaction.executed_at - timedelta(days=40)))
    bank.direct(f"/orders/{key}/delivered")
    assert found(statements) == []


@pytest.mark.parametrize("how", ["error", "drop", "nonsense"])
def test_a_statement_that_cannot_be_had_is_a_finding(served, bank, how):
    delivered(served, bank)
    bank.direct("/faults", how=how, where="statements")
    [words] = found(statements)
    assert words.startswith("bank: its statement could not be had: it raised ")


GO = threading.Event()


class Odd(Rail):
    """Gives its statement as its settings say."""

    name = "odd"
    methods = (Method("bank_account", USD),)
    timeout_seconds = 0.2

    def __init__(self, settings):
        self.said = settings["said"]

    def statement(self, since, until):
        if self.said == "hanging":
            GO.wait(30)
        if self.said == "dear":
            raise ConnectionError("Ada Lovelace, DE89370400440532013000")
        if self.said == "torn":
            return self.torn()
        return {"nothing": None, "lines": (line(), line(ref="L2")), "words": "all is well", "numbers": [1]}[self.said]

    def torn(self):
        yield line(key="strange")
        raise ConnectionError


def house_of(said):
    """Let the house have the odd rail alone."""
    current_app.config.update(RAILS={"odd": "tests.reconcile.test_banks:Odd"}, RAIL_SETTINGS={"odd": {"said": said}})


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("words", "it answered str instead of a list"),
        ("numbers", "it answered int instead of Line"),
        ("dear", "it raised ConnectionError at tests.reconcile.test_banks:*"),
        ("hanging", "it gave no answer in 0.2 s"),
    ],
)
def test_a_rail_that_talks_nonsense_or_hangs_has_no_statement(app, monkeypatch, said, words):
    monkeypatch.setattr("app.anchor.counters.ACT_MARGIN_SECONDS", 0)
    house_of(said)
    GO.clear()
    try:
        [finding] = found(statements)
        assert fnmatch(finding, f"odd: its statement could not be had: {words}")
    finally:
        GO.set()


def test_of_a_torn_statement_what_it_shows_counts_and_what_it_lacks_does_not(house, bank):
    house.teller = bank.rail()
    house.act(ordered(house), "delivered", "the payee says so")
    with transaction() as session:
        session.execute(update(Transaction).values(rail="odd"))
    house_of("torn")
    unread, strange = found(statements)
    assert unread.startswith("odd: its statement could not be had: it raised ConnectionError at ")
    assert strange.endswith("left the account, for no payout of ours")


def test_two_lines_are_two_lines(app):
    house_of("lines")
    assert len(found(statements)) == 2


def test_a_rail_without_a_statement_is_named_and_is_no_finding(app):
    house_of("nothing")
    assert (outside.accounts(DONE, NOW), found(statements)) == (([], ["odd"]), [])


def test_a_rail_that_cannot_be_built_is_a_finding_and_keeps_no_other_from_being_asked(app):
    app.config.update(RAILS={"gone": "nowhere:Rail", "by hand": "manual"}, RAIL_SETTINGS={"gone": {}, "by hand": {}})
    [account], silent = outside.accounts(DONE, NOW)
    assert account.rail == "gone"
    assert account.statement.nonsense[0].startswith("cannot be built: LookupError")
    assert silent == ["by hand"]
