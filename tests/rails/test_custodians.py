"""Whatever a custodian does, what comes back is well formed and about what was asked."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.money import Money
from rails import custodians
from rails.custody import Custodian, State, Transfer, Word
from rails.sandbox_custodian import SandboxCustodian
from tests.rails.samples import USDC

HASH = "ab" * 32
TRANSFER = Transfer("k1", "GA", "GB", Money(1, USDC))
OTHER = replace(TRANSFER, key="k2")


class Saying(Custodian):
    """Answers with what it was given, or by calling it."""

    def __init__(self, words: Any):
        self.words = words

    def _say(self, asked: Any) -> Any:
        return self.words(asked) if callable(self.words) else self.words

    transfer = ask = _say


def word(**changes: Any) -> Word:
    return replace(Word("k1", State.SUBMITTED, "C7", HASH), **changes)


def raising(_asked: Any) -> Any:
    raise RuntimeError("secret")


def test_our_own_is_found_by_its_name_and_others_by_path():
    assert custodians.names() == ["sandbox_custodian"]
    assert custodians.find("sandbox_custodian") is SandboxCustodian
    assert custodians.find("rails.custody:Custodian") is Custodian
    with pytest.raises(LookupError, match="no custodian is called 'vault'; there are sandbox_custodian, or"):
        custodians.find("vault")
    with pytest.raises(LookupError, match=r"is not a custodian: its class must extend rails\.custody\.Custodian"):
        custodians.find("rails.base:Rail")


def test_a_sound_word_is_passed_on_as_it_is():
    assert custodians.transfer(Saying(word()), TRANSFER) == word()
    assert custodians.ask(Saying([word()]), [TRANSFER]) == [word()]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (raising, "raised RuntimeError at tests.rails.test_custodians:"),
        (None, "answered NoneType instead of Word"),
        (word(key="k2"), "answered about another transfer"),
        (word(state="paid"), "whose state is not one of the states"),
        (word(transaction_hash="AB" * 32), "whose transaction_hash is not 64 hexadecimal digits"),
        (word(transaction_hash=""), "did not say in which transaction"),
        (word(ref=7), "whose ref is not text"),
        (word(state=State.NOT_FOUND, transaction_hash=""), "answered an order with not_found"),
    ],
)
def test_nonsense_is_unknown_and_says_why(said: Any, words: str):
    heard = custodians.transfer(Saying(said), TRANSFER)
    assert (heard.key, heard.state) == ("k1", State.UNKNOWN)
    assert words in heard.message
    assert "secret" not in heard.message


def test_what_was_said_before_it_raised_is_kept_and_the_rest_is_unknown():
    def broken(_asked: Any) -> Any:
        yield word()
        raise RuntimeError

    heard = {said.key: said for said in custodians.ask(Saying(broken), [TRANSFER, OTHER])}
    assert heard["k1"] == word()
    assert heard["k2"].state == State.UNKNOWN


def test_one_without_news_is_left_out():
    assert custodians.ask(Saying([word()]), [TRANSFER, OTHER]) == [word()]


@pytest.mark.parametrize("say", [lambda _: itertools.repeat(word()), lambda _: [word(), word()]])
def test_the_same_again_is_the_same(say: Callable[..., Any]):
    assert custodians.ask(Saying(say), [TRANSFER]) == [word()]


def test_a_course_of_words_ends_with_the_last():
    course = [word(state=State.TAKEN, transaction_hash=""), word()]
    assert custodians.ask(Saying(course), [TRANSFER]) == [word()]


@pytest.mark.parametrize("other", [word(state=State.REFUSED), word(transaction_hash="cd" * 32)])
def test_who_contradicts_himself_is_not_believed_but_what_he_named_is_looked_for(other: Word):
    (heard,) = custodians.ask(Saying([word(), other]), [TRANSFER])
    assert (heard.state, heard.transaction_hash) == (State.UNKNOWN, HASH)
    assert "contradicts itself" in heard.message
