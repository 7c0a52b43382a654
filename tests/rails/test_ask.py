"""Whatever a rail does, what comes back is well formed and about its own rows."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from rails import ask
from rails.base import Arrival, Method, Payout, Rail, Report, State
from tests.rails.samples import USD, deposit, payout, usd, usdc

NOW = datetime(2025, 3, 1, tzinfo=UTC)

PAYOUT = payout(key="k1", ref="B7")


class Saying(Rail):
    """Answers each verb with what it was given, or by calling it."""

    name = "saying"
    methods = (Method("bank_account", USD),)
    timeout_seconds = 5

    def __init__(self, words: Any):
        self.words = words

    def _say(self, *asked: Any) -> Any:
        return self.words(*asked) if callable(self.words) else self.words

    execute_outgoing_transaction = poll_pending_deposits = poll_outgoing_transactions = _say
    check_payee = execute_batch = _say


def raising(error: BaseException) -> Callable[..., Any]:
    def words(*_: Any) -> Any:
        raise error

    return words


def report(**changes: Any) -> Report:
    return replace(Report("k1", State.DELIVERED, ref="B7"), **changes)


def arrival(**changes: Any) -> Arrival:
    return replace(Arrival("A1", usd("5"), NOW), **changes)


def test_a_sound_report_is_passed_on_as_it_is():
    said = report(amount=usd("98"), fee=usdc("2"), eta=NOW, message="paid", secret={"pickup_code": "1"})
    assert ask.execute(Saying(said), PAYOUT) == said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (None, "answered NoneType instead of Report"),
        ("delivered", "answered str instead of Report"),
        ({"state": "delivered"}, "answered dict instead of Report"),
        (report(key="k2"), "about another payout"),
        (report(key=None), "key is not text"),
        (report(state="paid"), "state is not one of the states"),
        (report(state=["delivered"]), "state is not one of the states"),
        (report(ref=7), "ref is not text"),
        (report(ref="a\0b"), "ref is not text"),
        (report(message="\ud800"), "message is not text"),
        (report(message="x" * 3000), "message is not text"),
        (report(amount=98), "amount is not money"),
        (report(amount=Decimal("98")), "amount is not money"),
        (report(amount=replace(usd("1"), amount=-1)), "amount is not money"),
        (report(amount=replace(usd("1"), amount=2**63)), "amount is not money"),
        (report(amount=usdc("98")), "amount in another asset"),
        (report(fee=replace(usd("1"), asset="iso4217:EUR")), "fee in another asset"),
        (report(eta=datetime(2025, 3, 1)), "eta is not a time that knows its zone"),  # noqa: DTZ001 that is the point
        (report(fix={"bank_number": None}), "fix is not field names with reasons"),
        (report(fix={"bank_number": "wrong"}), "asked for a fix of what has not failed"),
        (report(secret="1234"), "secret is not"),
        (report(refund="yes"), "refund is not True or False"),
        (report(refund=True), "asked for a refund of what neither failed nor returned"),
        (report(state=State.FAILED, refund=True, refunded=True), "refunded and asked for a refund"),
        (report(state=State.NOT_FOUND), "answered an order with not_found"),
    ],
)
def test_nonsense_about_an_order_is_unknown_and_says_why(said: object, words: str):
    answer = ask.execute(Saying(said), PAYOUT)
    assert (answer.key, answer.state, answer.ref) == ("k1", State.UNKNOWN, "B7")
    assert words in answer.message


@pytest.mark.parametrize("error", [ValueError("account 123 is shut"), SystemExit(1), StopIteration(), RecursionError()])
def test_a_rail_that_raises_is_unknown_and_its_own_words_are_not_repeated(error: BaseException):
    answer = ask.execute(Saying(raising(error)), PAYOUT)
    assert answer.state == State.UNKNOWN
    assert f"raised {type(error).__name__} at tests.rails.test_ask:" in answer.message
    assert "123" not in answer.message


def test_a_refund_the_rail_made_survives_the_rest_of_its_nonsense():
    answer = ask.execute(Saying(report(refunded=True)), PAYOUT)
    assert (answer.state, answer.refunded) == (State.UNKNOWN, True)
    assert ask.execute(Saying(report(amount=3, refunded=True)), PAYOUT).refunded


def test_a_poll_keeps_what_was_said_before_the_rail_raised():
    def words(payouts: list[Payout], cursor: str) -> Any:
        yield Report("k1", State.DELIVERED)
        raise ConnectionError

    polled = ask.poll_outgoing(Saying(words), [PAYOUT, payout()], "c1")
    assert [fact.key for fact in polled.facts] == ["k1"]
    assert polled.cursor == "c1"
    assert "raised ConnectionError" in polled.nonsense[0]


def test_a_poll_that_never_ends_is_cut_short_and_what_it_said_is_kept():
    def words(payouts: list[Payout], cursor: str) -> Any:
        yield Report("k1", State.DELIVERED)
        while True:
            time.sleep(0.01)
            yield Report("k1", State.DELIVERED)

    rail = Saying(words)
    rail.timeout_seconds = 0.1
    polled = ask.poll_outgoing(rail, [PAYOUT], "")
    assert [fact.state for fact in polled.facts] == [State.DELIVERED]
    assert polled.nonsense == ("was still talking after 0.1 s",)


def test_a_cursor_comes_in_a_pair_or_at_the_end_of_a_generator():
    def generator(*_: Any) -> Any:
        yield Report("k1", State.INITIATED)
        return "c2"

    assert ask.poll_outgoing(Saying(generator), [PAYOUT], "c1").cursor == "c2"
    assert ask.poll_outgoing(Saying(([], "c3")), [PAYOUT], "c1").cursor == "c3"
    assert ask.poll_outgoing(Saying([]), [PAYOUT], "c1").cursor == "c1"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (None, "answered NoneType instead of a list"),
        ("k1 delivered", "answered str instead of a list"),
        (([], 7), "gave a cursor that is int"),
        ((None, "c2"), "answered NoneType instead of a list"),
        ([None], "answered NoneType instead of Report"),
        ([report(key=7)], "key is not text"),
        (raising(TimeoutError()), "raised TimeoutError"),
    ],
)
def test_a_poll_of_nonsense_moves_neither_rows_nor_cursor(said: object, words: str):
    polled = ask.poll_outgoing(Saying(said), [PAYOUT], "c1")
    assert (list(polled.facts), polled.cursor) == ([], "c1")
    assert words in polled.nonsense[0]


def test_nonsense_about_one_payout_leaves_its_neighbours_alone():
    good, bad = payout(), payout()
    said = [Report(bad.key, State.DELIVERED, amount=-3), Report(good.key, State.DELIVERED)]
    polled = ask.poll_outgoing(Saying(said), [bad, good], "")
    assert {fact.key: fact.state for fact in polled.facts} == {bad.key: State.UNKNOWN, good.key: State.DELIVERED}


def test_a_report_nobody_asked_for_is_kept_apart():
    polled = ask.poll_outgoing(Saying([report(key="other")]), [PAYOUT], "")
    assert (list(polled.facts), [fact.key for fact in polled.unasked]) == ([], ["other"])


@pytest.mark.parametrize(
    "states",
    [
        (State.DELIVERED, State.FAILED),
        (State.FAILED, State.DELIVERED),
        (State.NOT_FOUND, State.INITIATED),
        (State.INITIATED, State.NOT_FOUND),
        (State.UNKNOWN, State.DELIVERED),
        (State.RETURNED, State.DELIVERED),
    ],
)
def test_a_rail_that_contradicts_itself_is_unknown(states: tuple[State, State]):
    polled = ask.poll_outgoing(Saying([Report("k1", state) for state in states]), [PAYOUT], "")
    assert [fact.state for fact in polled.facts] == [State.UNKNOWN]
    assert polled.facts[0].message == f"the rail answered twice: {states[0]}, then {states[1]}"


def test_a_course_of_events_is_kept_in_order_and_repeats_are_dropped():
    course = [State.INITIATED, State.DELIVERED, State.DELIVERED, State.RETURNED]
    polled = ask.poll_outgoing(Saying([Report("k1", state) for state in course]), [PAYOUT], "")
    assert [fact.state for fact in polled.facts] == [State.INITIATED, State.DELIVERED, State.RETURNED]


def test_only_a_method_that_can_look_up_may_say_not_found():
    rail = Saying([Report("k1", State.NOT_FOUND)])
    assert ask.poll_outgoing(rail, [PAYOUT], "").facts[0].state == State.NOT_FOUND
    rail.methods = (Method("bank_account", USD, can_look_up=False),)
    assert ask.poll_outgoing(rail, [PAYOUT], "").facts[0].state == State.UNKNOWN
    rail.methods = (Method("cash", USD),)
    assert ask.poll_outgoing(rail, [PAYOUT], "").facts[0].state == State.UNKNOWN


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (arrival(ref=""), "ref is not text"),
        (arrival(amount=usd("0")), "amount is not money, more than zero"),
        (arrival(amount=5), "amount is not money"),
        (arrival(at="today"), "at is not a time"),
        (arrival(settled=1), "settled is not True or False"),
        (arrival(payer=None), "payer is not text"),
        (report(), "answered Report instead of Arrival"),
    ],
)
def test_an_arrival_that_makes_no_sense_is_said_and_asked_for_again(said: object, words: str):
    polled = ask.poll_deposits(Saying(([said, arrival(ref="A2")], "c2")), [deposit()], "c1")
    assert [fact.ref for fact in polled.facts] == ["A2"]
    assert polled.cursor == "c1"
    assert words in polled.nonsense[0]


def test_money_seen_and_then_settled_is_one_arrival_told_twice():
    told = [arrival(settled=False), arrival(), arrival()]
    polled = ask.poll_deposits(Saying((told, "c2")), [], "c1")
    assert [fact.settled for fact in polled.facts] == [False, True]
    assert polled.cursor == "c2"


def test_an_arrival_with_two_amounts_is_none():
    polled = ask.poll_deposits(Saying([arrival(), arrival(amount=usd("6"))]), [], "")
    assert not polled.facts
    assert polled.nonsense == ("gave arrival 'A1' two amounts",)


def test_a_payout_left_out_of_its_batch_is_unknown():
    other = payout()
    reports = ask.execute_batch(Saying([report(), None]), [PAYOUT, other])
    assert [(each.key, each.state) for each in reports] == [("k1", State.DELIVERED), (other.key, State.UNKNOWN)]
    assert "answered NoneType" in reports[1].message


def test_a_batch_that_raised_is_unknown_for_all_it_did_not_answer():
    reports = ask.execute_batch(Saying(raising(OSError())), [PAYOUT])
    assert reports[0].state == State.UNKNOWN
    assert "raised OSError" in reports[0].message


def test_the_check_of_a_payee_objects_or_does_not():
    objection = report(state=State.FAILED, fix={"bank_account_number": "too short"})
    assert ask.check_payee(Saying(None), PAYOUT) is None
    assert ask.check_payee(Saying(objection), PAYOUT) == objection
    for said in (report(), 7, raising(KeyError())):
        answer = ask.check_payee(Saying(said), PAYOUT)
        assert answer and answer.state == State.UNKNOWN


def test_the_defaults_pay_nobody_receive_nothing_and_trust_no_notification():
    rail = Rail({})
    assert ask.execute(rail, PAYOUT).state == State.FAILED
    assert ask.poll_outgoing(rail, [PAYOUT], "c") == ask.Polled([], "c", (), [])
    assert ask.poll_deposits(rail, [deposit()], "c") == ask.Polled([], "c")
    with pytest.raises(PermissionError):
        rail.read_notification({}, b"")


def test_personal_data_and_secrets_stay_out_of_what_is_printed():
    told = payout(payee={"last_name": "Lovelace"}), report(secret={"pickup_code": "4711"}), arrival(payer="Lovelace")
    assert not any(word in repr(told) for word in ("Lovelace", "4711"))
