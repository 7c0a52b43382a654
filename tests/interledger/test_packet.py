from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interledger import packet
from app.interledger.oer import Malformed
from app.interledger.packet import Fulfill, Prepare, Reject
from tests.interledger.strategies import fulfills, prepares, rejects

NOON = datetime(2031, 2, 3, 12, 0, 0, 7000, UTC)
VECTORS = [
    (
        Prepare(500, NOON, b"\xaa" * 32, "test.bob", b"hi"),
        "0c45" + "00000000000001f4" + b"20310203120000007".hex() + "aa" * 32 + "08" + b"test.bob".hex() + "026869",
    ),
    (Fulfill(b"\xbb" * 32, b""), "0d21" + "bb" * 32 + "00"),
    (
        Reject("F08", "test.c", "big", bytes(16)),
        "0e1f" + b"F08".hex() + "06" + b"test.c".hex() + "03626967" + "10" + "00" * 16,
    ),
]


def decode(octets: bytes) -> Prepare | Fulfill | Reject:
    return packet.decode_prepare(octets) if octets[:1] == b"\x0c" else packet.decode_reply(octets)


@pytest.mark.parametrize(("read", "written"), VECTORS)
def test_packets_are_written_byte_for_byte(read: Prepare | Fulfill | Reject, written: str) -> None:
    assert packet.encode(read).hex() == written
    assert decode(bytes.fromhex(written)) == read


@given(prepares | fulfills | rejects)
def test_what_is_written_is_read_back(written: Prepare | Fulfill | Reject) -> None:
    assert decode(packet.encode(written)) == written


@given(prepares | fulfills | rejects, st.data())
def test_a_damaged_packet_is_read_or_malformed_and_nothing_else(
    written: Prepare | Fulfill | Reject, data: st.DataObject
) -> None:
    octets = bytearray(packet.encode(written))
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] ^= data.draw(st.integers(1, 255))
    del octets[data.draw(st.integers(0, len(octets))) :]
    _read_or_malformed(bytes(octets))


@given(st.binary(max_size=400))
def test_noise_is_read_or_malformed_and_nothing_else(noise: bytes) -> None:
    _read_or_malformed(noise)
    _read_or_malformed(b"\x0c" + noise)
    _read_or_malformed(b"\x0e" + noise)


def _read_or_malformed(octets: bytes) -> None:
    for read in (packet.decode_prepare, packet.decode_reply):
        try:
            found = read(octets)
        except Malformed:
            continue
        assert isinstance(found, Prepare | Fulfill | Reject)


@pytest.mark.parametrize(
    "wrong",
    [
        Prepare(2**64, NOON, bytes(32), "test.bob"),
        Prepare(1, NOON, bytes(31), "test.bob"),
        Prepare(1, NOON, bytes(32), "nowhere.bob"),
        Prepare(1, NOON, bytes(32), "test.bob", bytes(32768)),
        Fulfill(bytes(33)),
        Reject("F8"),
        Reject("F08", "bob"),
    ],
)
def test_what_does_not_fit_is_not_written(wrong: Prepare | Fulfill | Reject) -> None:
    with pytest.raises(Malformed):
        packet.encode(wrong)


@pytest.mark.parametrize(
    "time", [b"20310230120000007", b"2031020312000000x", b"20310203250000007", b"00000203120000007"]
)
def test_a_time_that_does_not_exist_is_malformed(time: bytes) -> None:
    octets = packet.encode(Prepare(1, NOON, bytes(32), "test.bob"))
    with pytest.raises(Malformed):
        packet.decode_prepare(octets.replace(b"20310203120000007", time))


@pytest.mark.parametrize("address", ["g.a", "test1.x.y", "private.A-b_c~d", "local." + "x" * 1017])
def test_addresses(address: str) -> None:
    assert packet.is_address(address)


@pytest.mark.parametrize(
    "address", ["", "g", "g.", "g..a", "test4.a", "g.a b", "g.é", "g.a\n", "local." + "x" * 1018, None]
)
def test_what_is_no_address(address: object) -> None:
    assert not packet.is_address(address)


def test_an_f08_tells_both_amounts_or_nothing() -> None:
    assert packet.decode_too_large(packet.encode_too_large(250, 100)) == (250, 100)
    assert packet.decode_too_large(bytes(15)) is None
