"""What a custodian's word comes to, beside what the ledger shows."""

from typing import Any

import pytest

from app.money import NATIVE, Money
from app.stellar.facts import TransactionFacts
from app.submission.consignments import (
    DOUBT_SECONDS,
    REFUSED,
    Consignment,
    Fail,
    Found,
    News,
    Release,
    Settle,
    Wait,
    judge,
)
from rails.custody import State, Transfer, Word

ONE, TWO = "1" * 64, "2" * 64
FAILED = "AAAAAAAAAGT/////AAAAAQAAAAAAAAAB/////gAAAAA="  # tx_failed: op_underfunded


def order(ref: str = "", named: str = "", code: str = "") -> Consignment:
    transfer = Transfer("k", "GA", "GB", Money(1, NATIVE), ref=ref)
    return Consignment("k", 1, 1, transfer, named, code)


def word(state: State, hash: str = "", **more: Any) -> Word:
    return Word("k", state, transaction_hash=hash, **more)


def found(hash: str, successful: bool = True, places: tuple[int, ...] = (0,)) -> Found:
    seen = TransactionFacts(hash, successful, 7, 0, 100, "GA", "GA", 1, FAILED)
    return Found(hash, seen, places)


def test_what_the_ledger_shows_is_paid_whatever_the_custodian_says():
    for state in State:
        assert judge(order(named=ONE), News(word(state), (found(ONE),))) == Settle(found(ONE))
    assert judge(order(named=ONE), News(None, (found(ONE),))) == Settle(found(ONE))


def test_a_second_transaction_may_pay_what_the_first_did_not():
    seen = (found(ONE, successful=False), found(TWO))
    assert judge(order(named=ONE), News(word(State.SUBMITTED, TWO), seen)) == Settle(found(TWO))


@pytest.mark.parametrize("state", [State.TAKEN, State.SUBMITTED, State.REFUSED, State.UNKNOWN])
@pytest.mark.parametrize("successful", [True, False])
def test_a_transaction_that_pays_something_else_decides_nothing(state: State, successful: bool):
    fate = judge(order(), News(word(state, ONE), (found(ONE, successful, places=()),)))
    assert isinstance(fate, Wait)
    assert fate.alarm
    assert ONE in fate.reason


def test_an_order_fails_with_the_transaction_that_decides_it():
    news = News(word(State.SUBMITTED, ONE), (found(ONE, successful=False),))
    assert judge(order(named=ONE), news) == Fail("op_underfunded", judge(order(), news).reason)


@pytest.mark.parametrize("said", [word(State.TAKEN), word(State.UNKNOWN), word(State.SUBMITTED, TWO), None])
def test_a_transaction_that_failed_decides_nothing_while_another_may_follow(said: Word | None):
    fate = judge(order(named=ONE), News(said, (found(ONE, successful=False),)))
    assert isinstance(fate, Wait)
    assert not fate.alarm


def test_a_refusal_stands_where_nothing_was_ever_named():
    assert judge(order(ref="C7"), News(word(State.REFUSED, message="no"))) == Fail(REFUSED, "no")


def test_a_refusal_after_a_transaction_was_named_is_heard_twice():
    refusal = News(word(State.REFUSED))
    first = judge(order(named=ONE), refusal)
    assert isinstance(first, Wait)
    assert (first.code, first.seconds) == (REFUSED, DOUBT_SECONDS)
    assert isinstance(judge(order(named=ONE, code=first.code), refusal), Fail)
    assert isinstance(judge(order(named=ONE), News(word(State.REFUSED), (found(ONE, successful=False),))), Fail)


def test_only_one_who_never_gave_a_sign_of_it_may_say_that_there_is_none():
    lost = News(word(State.NOT_FOUND))
    assert judge(order(), lost) == Release()
    for known in (order(ref="C7"), order(named=ONE)):
        fate = judge(known, lost)
        assert isinstance(fate, Wait)
        assert fate.alarm
