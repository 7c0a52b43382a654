"""The id of a claimable balance, against the SDK's and against a known one."""

import pytest
from stellar_sdk import Asset, Claimant, ClaimPredicate, CreateClaimableBalance, Keypair, Transaction

from app.errors import Invalid
from app.stellar.balances import balance_id
from app.stellar.operations import SET_ASIDE, TAKE_BACK, Instruction, operation

ADDRESS = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"


def test_a_known_balance_has_its_id() -> None:
    """The one that the SDKs of several languages test with."""
    known = "00000000536af35c666a28d26775008321655e9eda2039154270484e3f81d72c66d5c26f"
    assert balance_id(ADDRESS, 1235, 0) == known


def test_the_sdk_says_the_same_wherever_the_operation_stands() -> None:
    source, another = Keypair.random().public_key, Keypair.random().public_key
    part = CreateClaimableBalance(Asset.native(), "1", [Claimant(ADDRESS)], another)
    transaction = Transaction(source, 2**40 + 7, 100, [part] * 100)
    for index in (0, 1, 99):
        assert balance_id(source, 2**40 + 7, index) == transaction.get_claimable_balance_id(index)


def test_what_is_set_aside_is_the_payees_at_once_and_ours_after_a_while() -> None:
    source = Keypair.random().public_key
    part = operation(Instruction(SET_ASIDE, source, ADDRESS, amount=15, back_seconds=60))
    early = ClaimPredicate.predicate_before_relative_time(60)
    claimants = [Claimant(ADDRESS), Claimant(source, ClaimPredicate.predicate_not(early))]
    assert part == CreateClaimableBalance(Asset.native(), "0.0000015", claimants, source)


@pytest.mark.parametrize("id", ["", "00" * 35, "00" * 31 + "zz" * 5, ADDRESS])
def test_what_is_no_id_of_a_balance_cannot_be_claimed(id: str) -> None:
    with pytest.raises(Invalid):
        operation(Instruction(TAKE_BACK, ADDRESS, id))
