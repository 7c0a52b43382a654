import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interledger import crypto, receipts
from app.interledger.crypto import Keys
from app.interledger.oer import Malformed

SECRET = bytes(range(32))


@given(st.binary(max_size=200))
def test_what_is_sealed_is_opened_with_the_same_secret_only(octets: bytes) -> None:
    envelope = Keys(SECRET).seal(octets)
    assert len(envelope) == len(octets) + 28
    assert Keys(SECRET).open(envelope) == octets
    with pytest.raises(Malformed):
        Keys(SECRET[::-1]).open(envelope)


@given(st.binary(max_size=60))
def test_noise_is_no_envelope(noise: bytes) -> None:
    with pytest.raises(Malformed):
        Keys(SECRET).open(noise)


def test_an_envelope_is_iv_tag_ciphertext() -> None:
    envelope = bytes(12) + bytes.fromhex("7ea9b13dedb9bea7cd8e8a955e4899b7" + "2ade8544b4")
    assert Keys(SECRET).open(envelope) == b"hello"


def test_the_fulfillment_is_derived_from_the_envelope_and_opens_the_condition() -> None:
    fulfillment = Keys(SECRET).fulfillment(b"hello")
    assert fulfillment.hex() == "98016253e9fa69921540607260d6ee7f82d4829bfeb8ab5bed958cd74e69d094"
    assert crypto.condition(fulfillment) == hashlib.sha256(fulfillment).digest()


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33)])
def test_a_shared_secret_has_32_bytes(secret: bytes) -> None:
    with pytest.raises(Malformed):
        Keys(secret)


def test_a_receipt_is_58_bytes_and_verifies_under_its_secret_only() -> None:
    octets = receipts.sign(bytes(16), b"s" * 32, 1, 500)
    assert octets[:26].hex() == "01" + "00" * 16 + "01" + "00000000000001f4"
    assert receipts.verify(octets, b"s" * 32) == receipts.Receipt(bytes(16), 1, 500, octets)
    with pytest.raises(Malformed):
        receipts.verify(octets, b"t" * 32)


@given(st.binary(max_size=70))
def test_noise_is_no_receipt(noise: bytes) -> None:
    with pytest.raises(Malformed):
        receipts.decode(b"\x02" + noise)
