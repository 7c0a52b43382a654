"""Our bytes are the SDK's bytes."""

import hashlib
from dataclasses import replace

import pytest
from stellar_sdk import FeeBumpTransaction, FeeBumpTransactionEnvelope, Keypair, TransactionEnvelope

from app.errors import Invalid
from app.stellar import addresses, envelopes, memos, operations, signing
from app.stellar.envelopes import Plan
from app.stellar.operations import Instruction
from app.vault import Unopenable, Vault, new_key

PASSPHRASE = "a network of our own"
CHANNEL = Keypair.from_raw_ed25519_seed(hashlib.sha256(b"channel").digest())
TREASURY = Keypair.from_raw_ed25519_seed(hashlib.sha256(b"treasury").digest())
PAYEE = Keypair.from_raw_ed25519_seed(hashlib.sha256(b"payee").digest()).public_key
USDC = f"stellar:USDC:{TREASURY.public_key}"

INSTRUCTIONS = [
    Instruction("payment", TREASURY.public_key, PAYEE, USDC, 12_345_678),
    Instruction("payment", TREASURY.public_key, addresses.muxed(PAYEE, 7), amount=1),
    Instruction("create_account", TREASURY.public_key, PAYEE, amount=10_000_000),
    Instruction("bump_sequence", CHANNEL.public_key),
    Instruction("account_merge", CHANNEL.public_key, TREASURY.public_key),
]


def plan(memo_type: str = "none", memo: str = "") -> Plan:
    parts = [operations.octets(row) for row in INSTRUCTIONS]
    return Plan(CHANNEL.public_key, 2**40 + 1, 500, 1_800_000_000, parts, memo_type, memo)


@pytest.mark.parametrize(
    ("memo_type", "memo"),
    [("none", ""), ("text", "Zürich"), ("id", str(2**64 - 1)), ("hash", "A" * 43 + "="), ("return", "B" * 42 + "E=")],
)
def test_an_envelope_is_the_one_the_sdk_makes(memo_type: str, memo: str) -> None:
    body = envelopes.build(plan(memo_type, memo), PASSPHRASE)
    sealed = envelopes.seal(body, signing.sign(body.hash, [CHANNEL, TREASURY]))

    theirs = TransactionEnvelope.from_xdr(sealed, PASSPHRASE)
    assert theirs.hash() == body.hash
    assert theirs.to_xdr() == sealed
    theirs.signatures = []
    theirs.sign(CHANNEL)
    theirs.sign(TREASURY)
    assert theirs.to_xdr() == sealed


def test_a_fee_bump_is_the_one_the_sdk_makes() -> None:
    body = envelopes.build(plan(), PASSPHRASE)
    inner = envelopes.seal(body, signing.sign(body.hash, [CHANNEL]))
    bumped = envelopes.bump(inner, TREASURY.public_key, 60_000, PASSPHRASE)
    sealed = envelopes.seal(bumped, signing.sign(bumped.hash, [TREASURY]))

    inside = TransactionEnvelope.from_xdr(inner, PASSPHRASE)
    theirs = FeeBumpTransactionEnvelope(FeeBumpTransaction(TREASURY, 60_000, inside), PASSPHRASE)
    theirs.sign(TREASURY)
    assert theirs.to_xdr() == sealed
    assert theirs.hash() == bumped.hash


def test_one_key_signs_once_even_where_two_accounts_share_it() -> None:
    assert len(signing.sign(b"h" * 32, [CHANNEL, CHANNEL, TREASURY])) == 2


def test_a_sealed_seed_opens_for_its_own_address_only() -> None:
    vault = Vault([new_key()])
    sealed = signing.seal(vault, CHANNEL)
    assert signing.keypair(vault, CHANNEL.public_key, sealed).secret == CHANNEL.secret
    with pytest.raises(Unopenable):
        signing.keypair(vault, TREASURY.public_key, sealed)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "ä" * 15),
        ("text", ""),
        ("id", "-1"),
        ("id", str(2**64)),
        ("id", "1.5"),
        ("id", "²"),
        ("hash", "abc"),
        ("hash", "é"),
        ("none", "x"),
        ("word", "x"),
    ],
)
def test_a_memo_that_cannot_be_is_refused(kind: str, value: str) -> None:
    with pytest.raises(Invalid):
        memos.memo(kind, value)


@pytest.mark.parametrize(
    "name", ["USDC", "stellar:USDC", "iso4217:USD", "stellar:USDC:GABC", "stellar:toolongassetcode:" + PAYEE]
)
def test_an_asset_that_is_not_stellars_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        operations.asset(name)


def test_an_account_is_created_with_xlm_only() -> None:
    with pytest.raises(Invalid):
        operations.operation(Instruction("create_account", TREASURY.public_key, PAYEE, USDC, 1))


def test_a_muxed_address_belongs_to_its_account() -> None:
    assert addresses.account_of(addresses.muxed(PAYEE, 2**63)) == PAYEE
    assert addresses.account_of(PAYEE) == PAYEE
    assert not addresses.is_address(PAYEE[:-1])
    assert not addresses.is_address(TREASURY.secret)


def test_a_draft_is_signed_later_as_it_was_drawn_up() -> None:
    whole = envelopes.build(plan(), PASSPHRASE)
    draft = envelopes.seal(whole, [])
    again = envelopes.unsigned(draft, PASSPHRASE)
    assert again == whole
    theirs = TransactionEnvelope.from_xdr(draft, PASSPHRASE)
    theirs.sign(TREASURY)
    assert envelopes.signatures(theirs.to_xdr(), PASSPHRASE) == (whole.hash, [TREASURY.sign(whole.hash)])


def test_a_transaction_may_demand_a_signature_no_account_asks_for() -> None:
    demanding = envelopes.build(replace(plan(), countersigner=PAYEE), PASSPHRASE)
    theirs = TransactionEnvelope.from_xdr(envelopes.seal(demanding, []), PASSPHRASE)
    assert theirs.hash() == demanding.hash
    conditions = theirs.transaction.preconditions
    assert conditions is not None
    assert [signer.encoded_signer_key for signer in conditions.extra_signers] == [PAYEE]


@pytest.mark.parametrize("nonsense", ["", "????", "AAAA", "AAAAAgAAAAA="])
def test_what_is_no_envelope_is_refused(nonsense: str) -> None:
    with pytest.raises(Invalid, match="XDR"):
        envelopes.signatures(nonsense, PASSPHRASE)
