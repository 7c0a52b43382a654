"""STREAM packets and frames (RFC 29 §5): what sender and receiver say to each other inside ILP packets.

A frame is declared once, as its ASN.1 has it: the annotation of a field is also the form it is written in.
A payment uses one stream, number 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any, NamedTuple, TypeVar, dataclass_transform

from app.interledger import oer
from app.interledger.oer import Malformed, Reader

VERSION = 1
STREAM_ID = 1  # the client opens odd streams, from 1
PACKETS_MAX = 2**31  # with one key (RFC 29 §5.1.3)


class ErrorCode(IntEnum):
    """Why a stream or a connection was closed (RFC 29 §5.4)."""

    NO_ERROR = 1
    INTERNAL_ERROR = 2
    ENDPOINT_BUSY = 3
    FLOW_CONTROL_ERROR = 4
    STREAM_ID_ERROR = 5
    STREAM_STATE_ERROR = 6
    FRAME_FORMAT_ERROR = 7
    PROTOCOL_VIOLATION = 8
    APPLICATION_ERROR = 9


class Form(NamedTuple):
    """How one field is written and read."""

    write: Callable[[Any], bytes]
    read: Callable[[Reader], Any]


UInt8 = Annotated[int, Form(oer.uint8, Reader.uint8)]
VarUInt = Annotated[int, Form(oer.var_uint, Reader.var_uint)]
SaturatedUInt = Annotated[int, Form(oer.var_uint, Reader.var_uint_saturated)]
Octets = Annotated[bytes, Form(oer.var_octets, Reader.var_octets)]
Text = Annotated[
    str,
    Form(lambda text: oer.var_octets(text.encode()), lambda fields: fields.var_octets().decode("utf-8", "replace")),
]


class FrameType(NamedTuple):
    type_id: int
    make: type
    fields: tuple[tuple[str, Form], ...]


_BY_ID: dict[int, FrameType] = {}
_BY_CLASS: dict[type, FrameType] = {}
T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def frame(type_id: int) -> Callable[[type[T]], type[T]]:
    """Declare the frame of this type id: its annotated fields, in order, are its contents."""

    def declare(cls: type[T]) -> type[T]:
        made = dataclass(frozen=True, slots=True)(cls)
        fields = tuple((name, note.__metadata__[0]) for name, note in cls.__annotations__.items())
        _BY_ID[type_id] = _BY_CLASS[made] = FrameType(type_id, made, fields)
        return made

    return declare


@frame(0x01)
class ConnectionClose:
    code: UInt8
    message: Text


@frame(0x02)
class ConnectionNewAddress:
    address: Text


@frame(0x03)
class ConnectionMaxData:
    max_offset: VarUInt


@frame(0x04)
class ConnectionDataBlocked:
    max_offset: VarUInt


@frame(0x05)
class ConnectionMaxStreamId:
    max_stream_id: VarUInt


@frame(0x06)
class ConnectionStreamIdBlocked:
    max_stream_id: VarUInt


@frame(0x07)
class ConnectionAssetDetails:
    code: Text
    scale: UInt8


@frame(0x10)
class StreamClose:
    stream_id: VarUInt
    code: UInt8
    message: Text


@frame(0x11)
class StreamMoney:
    stream_id: VarUInt
    shares: VarUInt


@frame(0x12)
class StreamMaxMoney:
    stream_id: VarUInt
    receive_max: SaturatedUInt
    total_received: VarUInt


@frame(0x13)
class StreamMoneyBlocked:
    stream_id: VarUInt
    send_max: SaturatedUInt
    total_sent: VarUInt


@frame(0x14)
class StreamData:
    stream_id: VarUInt
    offset: VarUInt
    data: Octets


@frame(0x15)
class StreamMaxData:
    stream_id: VarUInt
    max_offset: VarUInt


@frame(0x16)
class StreamDataBlocked:
    stream_id: VarUInt
    max_offset: VarUInt


@frame(0x17)
class StreamReceipt:
    stream_id: VarUInt
    receipt: Octets


Frame = (
    ConnectionClose
    | ConnectionNewAddress
    | ConnectionMaxData
    | ConnectionDataBlocked
    | ConnectionMaxStreamId
    | ConnectionStreamIdBlocked
    | ConnectionAssetDetails
    | StreamClose
    | StreamMoney
    | StreamMaxMoney
    | StreamMoneyBlocked
    | StreamData
    | StreamMaxData
    | StreamDataBlocked
    | StreamReceipt
)


FRAME_TYPES = tuple(_BY_ID.values())


@dataclass(frozen=True, slots=True)
class StreamPacket:
    """``packet_type`` is that of the ILP packet around it: 12, 13 or 14. ``amount`` is, on a Prepare, the least the
    receiver may accept; on a reply, what arrived; both in the receiver's units."""

    packet_type: int
    sequence: int
    amount: int
    frames: tuple[Frame, ...] = ()


def encode(packet: StreamPacket, size: int = 0) -> bytes:
    """The bytes of a packet before encryption, padded with zeros to ``size`` if they are fewer (RFC 29 §5.2)."""
    head = bytes((VERSION, packet.packet_type))
    counted = oer.var_uint(packet.sequence) + oer.var_uint(packet.amount) + oer.var_uint(len(packet.frames))
    return b"".join((head, counted, *map(_encode_frame, packet.frames))).ljust(size, b"\0")


def decode(octets: bytes) -> StreamPacket:
    """Read a decrypted packet; frames of unknown type and what follows the frames are ignored. Raises Malformed."""
    fields = Reader(octets)
    version = fields.uint8()
    if version != VERSION:
        raise Malformed(f"STREAM version {version} is not known")
    packet_type, sequence, amount = fields.uint8(), fields.var_uint(), fields.var_uint()
    frames = (_decode_frame(fields) for _ in range(fields.var_uint()))
    return StreamPacket(packet_type, sequence, amount, tuple(found for found in frames if found is not None))


def _encode_frame(written: Frame) -> bytes:
    kind = _BY_CLASS[type(written)]
    contents = b"".join([form.write(getattr(written, name)) for name, form in kind.fields])
    return oer.uint8(kind.type_id) + oer.var_octets(contents)


def _decode_frame(fields: Reader) -> Frame | None:
    kind = _BY_ID.get(fields.uint8())
    contents = Reader(fields.var_octets())
    return kind.make(*(form.read(contents) for _, form in kind.fields)) if kind else None
