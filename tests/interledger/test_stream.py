import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interledger import stream
from app.interledger.oer import Malformed
from app.interledger.stream import (
    ConnectionAssetDetails,
    ConnectionClose,
    ConnectionDataBlocked,
    ConnectionMaxData,
    ConnectionMaxStreamId,
    ConnectionNewAddress,
    ConnectionStreamIdBlocked,
    Frame,
    StreamClose,
    StreamData,
    StreamDataBlocked,
    StreamMaxData,
    StreamMaxMoney,
    StreamMoney,
    StreamMoneyBlocked,
    StreamPacket,
    StreamReceipt,
)
from tests.interledger.strategies import stream_packets

FRAMES = [
    (ConnectionClose(2, "no"), "0104" + "02026e6f"),
    (ConnectionNewAddress("test.a"), "0207" + "06" + b"test.a".hex()),
    (ConnectionMaxData(300), "0303" + "02012c"),
    (ConnectionDataBlocked(1), "0402" + "0101"),
    (ConnectionMaxStreamId(1), "0502" + "0101"),
    (ConnectionStreamIdBlocked(9), "0602" + "0109"),
    (ConnectionAssetDetails("EUR", 2), "0705" + "0345555202"),
    (StreamClose(1, 9, ""), "1004" + "01010900"),
    (StreamMoney(1, 1), "1104" + "01010101"),
    (StreamMaxMoney(1, 500, 7), "1207" + "0101" + "0201f4" + "0107"),
    (StreamMoneyBlocked(1, 5, 4), "1306" + "0101" + "0105" + "0104"),
    (StreamData(1, 0, b"abc"), "1408" + "0101" + "0100" + "03616263"),
    (StreamMaxData(3, 0), "1504" + "01030100"),
    (StreamDataBlocked(1, 2**64 - 1), "160b" + "0101" + "08ffffffffffffffff"),
    (StreamReceipt(1, b"\xcc" * 58), "173d" + "0101" + "3a" + "cc" * 58),
]


def test_every_frame_type_has_a_vector() -> None:
    assert {type(frame) for frame, _ in FRAMES} == {kind.make for kind in stream.FRAME_TYPES}


@pytest.mark.parametrize(("frame", "written"), FRAMES)
def test_frames_are_written_byte_for_byte(frame: Frame, written: str) -> None:
    packet = StreamPacket(12, 3, 500, (frame,))
    octets = bytes.fromhex("010c" + "0103" + "0201f4" + "0101" + written)
    assert stream.encode(packet) == octets
    assert stream.decode(octets) == packet


@given(stream_packets, st.integers(0, 500))
def test_what_is_written_is_read_back_whatever_the_padding(written: StreamPacket, size: int) -> None:
    octets = stream.encode(written, size)
    assert len(octets) >= size
    assert stream.decode(octets) == written


@given(stream_packets, st.data())
def test_a_damaged_packet_is_read_or_malformed_and_nothing_else(written: StreamPacket, data: st.DataObject) -> None:
    octets = bytearray(stream.encode(written))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    _read_or_malformed(bytes(octets[: data.draw(st.integers(0, len(octets)))]))


@given(st.binary(max_size=400))
def test_noise_is_read_or_malformed_and_nothing_else(noise: bytes) -> None:
    _read_or_malformed(noise)
    _read_or_malformed(b"\x01" + noise)


def _read_or_malformed(octets: bytes) -> None:
    try:
        found = stream.decode(octets)
    except Malformed:
        return
    assert stream.decode(stream.encode(found)) == found


def test_a_packet_that_claims_endless_frames_ends_with_its_bytes() -> None:
    with pytest.raises(Malformed):
        stream.decode(bytes.fromhex("010c" + "0100" + "0100" + "08ffffffffffffffff"))


def test_frames_of_unknown_type_are_ignored() -> None:
    octets = bytes.fromhex("010c" + "0100" + "0100" + "0102" + "7f03abcdef" + "110401010101")
    assert stream.decode(octets).frames == (StreamMoney(1, 1),)


def test_limits_above_uint64_count_as_the_largest() -> None:
    octets = bytes.fromhex("010c" + "0100" + "0100" + "0101" + "120e" + "0101" + "09010000000000000000" + "0107")
    assert stream.decode(octets).frames == (StreamMaxMoney(1, 2**64 - 1, 7),)


def test_another_version_is_malformed() -> None:
    with pytest.raises(Malformed):
        stream.decode(bytes.fromhex("020c010001000100"))
