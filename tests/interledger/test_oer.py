import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interledger import oer
from app.interledger.oer import UINT64_MAX, Malformed, Reader

LENGTHS = [
    (0, "00"),
    (127, "7f"),
    (128, "8180"),
    (255, "81ff"),
    (256, "820100"),
    (65535, "82ffff"),
    (65536, "83010000"),
]
INTEGERS = [(0, "0100"), (1, "0101"), (255, "01ff"), (256, "020100"), (UINT64_MAX, "08ffffffffffffffff")]


@pytest.mark.parametrize(("count", "written"), LENGTHS)
def test_a_length_is_written_in_its_shortest_form(count: int, written: str) -> None:
    assert oer.length(count).hex() == written
    assert Reader(oer.length(count) + bytes(count)).var_octets() == bytes(count)


@pytest.mark.parametrize(("value", "written"), INTEGERS)
def test_an_integer_is_written_in_its_shortest_form(value: int, written: str) -> None:
    assert oer.var_uint(value).hex() == written
    assert Reader(oer.var_uint(value)).var_uint() == value


@pytest.mark.parametrize("written", ["80", "8100", "817f", "82007f", "820080", "8180", "05", "ff" * 200])
def test_a_length_that_is_too_long_too_short_or_missing_is_refused(written: str) -> None:
    with pytest.raises(Malformed):
        Reader(bytes.fromhex(written)).var_octets()


def test_an_integer_above_uint64_is_refused_or_counts_as_the_largest() -> None:
    octets = bytes.fromhex("09010000000000000000")
    assert Reader(octets).var_uint_saturated() == UINT64_MAX
    with pytest.raises(Malformed):
        Reader(octets).var_uint()


def test_an_integer_without_bytes_is_refused() -> None:
    with pytest.raises(Malformed):
        Reader(b"\0").var_uint()


@given(st.binary(max_size=300), st.binary(max_size=3))
def test_what_follows_a_field_is_left_alone(octets: bytes, rest: bytes) -> None:
    reader = Reader(oer.var_octets(octets) + rest)
    assert reader.var_octets() == octets
    assert reader.octets(len(rest)) == rest
