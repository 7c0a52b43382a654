"""Does a transaction pay just what was meant? Read back from its envelope."""

from collections.abc import Sequence

import pytest
from stellar_sdk import (
    Account,
    Asset,
    BumpSequence,
    CreateAccount,
    IdMemo,
    Keypair,
    Memo,
    MuxedAccount,
    NoneMemo,
    Operation,
    Payment,
    TransactionBuilder,
)

from app.errors import Invalid
from app.money import NATIVE
from app.stellar import contents
from app.stellar.facts import TransactionFacts
from app.stellar.operations import Instruction

PASSPHRASE = "a network"
PAYER, PAYEE, OTHER = (Keypair.random() for _ in range(3))
USDC = Asset("USDC", OTHER.public_key)
MEANT = contents.Payment(
    Instruction("payment", PAYER.public_key, PAYEE.public_key, f"stellar:USDC:{OTHER.public_key}", 15)
)
PAYING = Payment(PAYEE.public_key, USDC, "0.0000015")


def seen(
    *parts: Operation, memo: Memo | None = None, source: str = "", bumped: bool = False
) -> tuple[str, TransactionFacts]:
    """Return the hash of the (inner) transaction, and what a node shows of it."""
    builder = TransactionBuilder(Account(source or PAYER.public_key, 7), PASSPHRASE, 100)
    for part in parts:
        builder.append_operation(part)
    envelope = builder.add_memo(memo or NoneMemo()).add_time_bounds(0, 0).build()
    envelope.sign(PAYER)
    whole = envelope
    if bumped:
        whole = TransactionBuilder.build_fee_bump_transaction(OTHER, 200, envelope, PASSPHRASE)
    facts = TransactionFacts(whole.hash_hex(), True, 7, 0, 100, "", "", 8, "", whole.to_xdr())
    return envelope.hash_hex(), facts


def places(*parts: Operation, meant: contents.Payment = MEANT, **more: object) -> Sequence[int]:
    return contents.read(seen(*parts, **more)[1], PASSPHRASE, meant).places  # type: ignore[arg-type]


def test_every_operation_that_pays_it_is_found():
    assert places(BumpSequence(0), PAYING, Payment(PAYEE.public_key, USDC, "1"), PAYING) == (1, 3)


@pytest.mark.parametrize(
    "part",
    [
        Payment(PAYEE.public_key, USDC, "0.0000014"),
        Payment(PAYEE.public_key, Asset.native(), "0.0000015"),
        Payment(OTHER.public_key, USDC, "0.0000015"),
        Payment(MuxedAccount(PAYEE.public_key, 1), USDC, "0.0000015"),
        Payment(PAYEE.public_key, USDC, "0.0000015", source=OTHER.public_key),
    ],
)
def test_what_differs_in_anything_is_another_payment(part: Operation):
    assert places(part) == ()


def test_a_payment_with_another_memo_is_another_payment():
    assert places(PAYING, memo=IdMemo(1)) == ()
    assert places(PAYING, memo=IdMemo(1), meant=contents.Payment(MEANT.instruction, "id", "1")) == (0,)


def test_the_source_may_be_named_in_the_operation_and_may_be_muxed():
    own = Payment(PAYEE.public_key, USDC, "0.0000015", source=MuxedAccount(PAYER.public_key, 9))
    assert places(own, source=OTHER.public_key) == (0,)


def test_lumens_are_also_paid_by_creating_the_account():
    lumens = contents.Payment(Instruction("payment", PAYER.public_key, PAYEE.public_key, NATIVE, 10_000_000))
    assert places(CreateAccount(PAYEE.public_key, "1"), meant=lumens) == (0,)
    assert places(CreateAccount(PAYEE.public_key, "2"), meant=lumens) == ()


def test_a_fee_bump_is_known_by_the_transaction_inside():
    inner, facts = seen(PAYING, bumped=True)
    said = contents.read(facts, PASSPHRASE, MEANT)
    assert (said.hash, said.places) == (inner, (0,))
    assert facts.hash != inner


def test_what_cannot_be_read_or_is_of_another_network_is_refused():
    _, facts = seen(PAYING)
    with pytest.raises(Invalid):
        contents.read(facts, "another network", MEANT)
    with pytest.raises(Invalid):
        contents.read(TransactionFacts(facts.hash, True, 7, 0, 100, "", "", 8, "", "AAAA"), PASSPHRASE, MEANT)
