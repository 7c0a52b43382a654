"""By what name a customer is known."""

import base64

import pytest

from app.customers.identities import Identity, checked_memo
from app.errors import Invalid

MINE = Identity("north", "GA", "1", "id")


@pytest.mark.parametrize(
    "other",
    [
        Identity("south", "GA", "1", "id"),
        Identity("north", "GB", "1", "id"),
        Identity("north", "GA", "2", "id"),
        Identity("north", "GA", "1", "text"),
        Identity("north", "GA"),
    ],
)
def test_another_name_is_not_mine(other):
    assert not MINE.owns(other)


def test_without_a_memo_every_memo_of_the_account_is_mine():
    account = Identity("north", "GA")
    assert account.owns(account) and account.owns(MINE)
    assert not account.owns(Identity("south", "GA", "1", "id"))


def test_a_memo_has_one_way_of_writing():
    hash = base64.b64encode(bytes(32)).decode()
    assert checked_memo("", "text") == ("", "")
    assert checked_memo("007", "") == ("7", "id")
    assert checked_memo("user 7", "text") == ("user 7", "text")
    assert checked_memo(hash, "hash") == checked_memo("00" * 32, "hash") == (hash, "hash")


@pytest.mark.parametrize(
    ("memo", "kind"),
    [
        ("x", ""),
        ("-1", "id"),
        (str(2**64), "id"),
        ("9" * 5000, "id"),
        ("x" * 29, "text"),
        ("00", "hash"),
        ("1", "none"),
        ("1", "return"),
    ],
)
def test_a_memo_stellar_would_not_take_is_refused(memo, kind):
    with pytest.raises(Invalid):
        checked_memo(memo, kind)
