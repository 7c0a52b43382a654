"""Ten thousand random packets each way between our codecs and those of ilp-packet and ilp-protocol-stream."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.interledger import packet, stream
from app.interledger.packet import Fulfill, Prepare, Reject
from app.interledger.stream import Octets, StreamPacket, Text, UInt8
from tests.interop.interledger.node import Conversation, conversing

PACKETS = 10_000
GROUP = 50
KINDS = (1, 12, 13, 14)  # STREAM, Prepare, Fulfill, Reject, by their first byte


@pytest.fixture(scope="module")
def reference() -> Iterator[Conversation]:
    with conversing("codec.js") as conversation:
        yield conversation


@pytest.mark.parametrize("kind", KINDS)
def test_the_reference_reads_and_writes_what_we_write(reference: Conversation, kind: int) -> None:
    rng = random.Random(kind)
    for _ in range(PACKETS // GROUP):
        ours = [_random(kind, rng) for _ in range(GROUP)]
        written = [_write(given) for given in ours]
        answers = reference.ask([{"decode": octets.hex()} for octets in written])
        assert [answer["packet"] for answer in answers] == [_shown(given) for given in ours]
        assert [answer["hex"] for answer in answers] == [octets.hex() for octets in written]


@pytest.mark.parametrize("kind", KINDS)
def test_we_read_and_write_what_the_reference_writes(reference: Conversation, kind: int) -> None:
    for _ in range(PACKETS // GROUP):
        for answer in reference.ask([{"make": kind}] * GROUP):
            octets = bytes.fromhex(answer["hex"])
            found = _read(octets)
            assert _shown(found) == answer["packet"]
            assert _write(found) == octets


Packet = StreamPacket | Prepare | Fulfill | Reject


def _write(given: Packet) -> bytes:
    return stream.encode(given) if isinstance(given, StreamPacket) else packet.encode(given)


def _read(octets: bytes) -> Packet:
    readers = {1: stream.decode, 12: packet.decode_prepare}
    return readers.get(octets[0], packet.decode_reply)(octets)


def _shown(given: Packet) -> list[Any]:
    """As the reference peer shows its own."""
    match given:
        case Prepare():
            time = given.expires_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            return ["12", str(given.amount), time, _hex(given.condition), given.destination, _hex(given.data)]
        case Fulfill():
            return ["13", _hex(given.fulfillment), _hex(given.data)]
        case Reject():
            return ["14", given.code, given.triggered_by, given.message, _hex(given.data)]
    frames = [_shown_frame(frame) for frame in given.frames]
    return ["stream", str(given.packet_type), str(given.sequence), str(given.amount), frames]


def _shown_frame(frame: stream.Frame) -> list[Any]:
    kind = next(kind for kind in stream.FRAME_TYPES if kind.make is type(frame))
    values = [getattr(frame, name) for name, _ in kind.fields]
    return [str(kind.type_id), *(_field(value) for value in values)]


def _field(value: object) -> object:
    return _hex(value) if isinstance(value, bytes) else str(value)


def _hex(octets: bytes) -> dict[str, str]:
    return {"hex": octets.hex()}


def _random(kind: int, rng: random.Random) -> Packet:
    match kind:
        case 12:
            time = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(milliseconds=rng.randrange(10**13))
            return Prepare(_uint64(rng), time, rng.randbytes(32), _address(rng), _octets(rng))
        case 13:
            return Fulfill(rng.randbytes(32), _octets(rng))
        case 14:
            code = rng.choice("FTR") + f"{rng.randrange(100):02}"
            return Reject(code, rng.choice(["", _address(rng)]), _text(rng), _octets(rng))
    frames = tuple(_frame(rng) for _ in range(rng.randrange(6)))
    return StreamPacket(rng.choice([12, 13, 14]), _uint64(rng), _uint64(rng), frames)


def _frame(rng: random.Random) -> stream.Frame:
    kind = rng.choice(stream.FRAME_TYPES)
    makers = {UInt8.__metadata__[0]: _uint8, Octets.__metadata__[0]: _octets, Text.__metadata__[0]: _text}
    return kind.make(*(makers.get(form, _uint64)(rng) for _, form in kind.fields))


def _uint8(rng: random.Random) -> int:
    return rng.randrange(256)


def _uint64(rng: random.Random) -> int:
    return rng.choice([0, 1, 127, 128, 255, 256, 2**53, 2**64 - 1, rng.getrandbits(rng.randrange(1, 65))])


def _octets(rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice([0, 1, 32, 127, 128, 255, 256, rng.randrange(600)]))


def _text(rng: random.Random) -> str:
    return "".join(rng.choices('abc XYZ é漢😀"\\\n', k=rng.randrange(30)))


def _address(rng: random.Random) -> str:
    segments = ("".join(rng.choices("abzAZ09_~-", k=rng.randrange(1, 30))) for _ in range(rng.randrange(1, 9)))
    return ".".join([rng.choice(["g", "private", "example", "peer", "self", "test", "test1", "local"]), *segments])
