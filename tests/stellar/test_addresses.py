"""Our addresses are the SDK's addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stellar_sdk import MuxedAccount, Payment, StrKey

from app.errors import Invalid
from app.money import STROOPS_MAX, show
from app.stellar import addresses, operations
from app.stellar.operations import Instruction

KEYS = st.binary(min_size=32, max_size=32)
ACCOUNTS = KEYS.map(StrKey.encode_ed25519_public_key)
MUXED = st.builds(
    lambda account, number: MuxedAccount(account, number).account_muxed, ACCOUNTS, st.integers(0, 2**64 - 1)
)
ADDRESSES = ACCOUNTS | MUXED
OTHERS = [KEYS.map(StrKey.encode_ed25519_secret_seed), KEYS.map(StrKey.encode_sha256_hash), st.text(max_size=70)]


@st.composite
def misspelt(draw: st.DrawFn) -> str:
    """An address with one letter changed, left out or added."""
    text = draw(ADDRESSES)
    place = draw(st.integers(0, len(text)))
    letter = draw(st.sampled_from("ABCGMQ2701890=- ag") | st.just(""))
    return text[:place] + letter + text[place + draw(st.integers(0, 1)) :]


@given(ADDRESSES)
def test_an_address_is_written_as_the_sdk_writes_it(address):
    assert addresses.octets(address) == MuxedAccount.from_account(address).to_xdr_object().to_xdr_bytes()


@given(st.one_of(misspelt(), *OTHERS))
def test_what_the_sdk_does_not_take_for_an_address_we_do_not(text):
    theirs = StrKey.is_valid_ed25519_public_key(text) or StrKey.is_valid_med25519_public_key(text)
    assert addresses.is_address(text) is theirs
    if not theirs:
        with pytest.raises(Invalid, match="is not the address"):
            addresses.checked(text)


@given(ADDRESSES, ADDRESSES, st.sampled_from(["", "USD", "LONGERUSD"]), ACCOUNTS, st.integers(1, STROOPS_MAX))
def test_a_payment_is_written_as_the_sdk_writes_it(source, destination, code, issuer, amount):
    asset = f"stellar:{code}:{issuer}" if code else "stellar:native"
    theirs = Payment(destination, operations.asset(asset), show(amount), source)
    ours = operations.octets(Instruction("payment", source, destination, asset, amount))
    assert ours == theirs.to_xdr_object().to_xdr_bytes()
