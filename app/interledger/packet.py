"""ILPv4 packets (RFC 27) and addresses (RFC 15).

    Prepare   12   an offer: this amount, to this address, against the preimage of this condition, until then
    Fulfill   13   the preimage: the offer is taken
    Reject    14   a code that says why not

Amounts are UInt64 in the units of the account the packet crosses; a condition is the SHA-256 of its fulfillment.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from app.interledger.oer import Malformed, Reader, uint8, uint64, var_octets

PREPARE, FULFILL, REJECT = 12, 13, 14
DATA_MAX = 32767  # bytes
ADDRESS_MAX = 1023  # characters

_ADDRESS = re.compile(r"(?:g|private|example|peer|self|test[1-3]?|local)(?:\.[a-zA-Z0-9_~-]+)+")
_TIME = re.compile(rb"[0-9]{17}")
_NO_MARKS = str.maketrans("", "", "-T:.")
_CODE = re.compile(rb"[FTR][0-9]{2}")


@dataclass(frozen=True, slots=True)
class Prepare:
    amount: int
    expires_at: datetime
    condition: bytes
    destination: str
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Fulfill:
    fulfillment: bytes
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Reject:
    """``code`` F.. is final, T.. temporary, R.. relative to the time the packet had."""

    code: str
    triggered_by: str = ""
    message: str = ""
    data: bytes = b""


Reply = Fulfill | Reject


def is_address(text: object) -> bool:
    """Say whether ``text`` is an ILP address (RFC 15)."""
    return isinstance(text, str) and len(text) <= ADDRESS_MAX and _ADDRESS.fullmatch(text) is not None


def encode(packet: Prepare | Reply) -> bytes:
    """The bytes of a packet. Raises Malformed if a field does not fit."""
    match packet:
        case Prepare():
            return _envelope(PREPARE, _prepare_fields(packet))
        case Fulfill():
            return _envelope(FULFILL, _exactly(32, packet.fulfillment) + _data(packet.data))
        case Reject():
            return _envelope(REJECT, _reject_fields(packet))


def decode_prepare(octets: bytes) -> Prepare:
    """Read a Prepare. Raises Malformed."""
    kind, fields = _opened(octets)
    if kind != PREPARE:
        raise Malformed(f"packet type {kind} is not a Prepare")
    return Prepare(
        amount=fields.uint64(),
        expires_at=_time(fields.octets(17)),
        condition=fields.octets(32),
        destination=_address(fields.var_octets()),
        data=_data_of(fields),
    )


def decode_reply(octets: bytes) -> Reply:
    """Read a Fulfill or a Reject. Raises Malformed."""
    kind, fields = _opened(octets)
    if kind == FULFILL:
        return Fulfill(fields.octets(32), _data_of(fields))
    if kind == REJECT:
        return Reject(
            code=_code(fields.octets(3)),
            triggered_by=_address(fields.var_octets(), may_be_empty=True),
            message=fields.var_octets().decode("utf-8", "replace"),
            data=_data_of(fields),
        )
    raise Malformed(f"packet type {kind} is not a reply")


def encode_too_large(received: int, maximum: int) -> bytes:
    """The data of an F08 Reject: both amounts in the units of the connector that says no (RFC 27, F08)."""
    return uint64(received) + uint64(maximum)


def decode_too_large(data: bytes) -> tuple[int, int] | None:
    """The received and the maximum amount an F08 tells, or None if it tells nothing."""
    if len(data) < 16:
        return None
    return int.from_bytes(data[:8]), int.from_bytes(data[8:16])


def _envelope(kind: int, fields: bytes) -> bytes:
    return uint8(kind) + var_octets(fields)


def _opened(octets: bytes) -> tuple[int, Reader]:
    envelope = Reader(octets)
    return envelope.uint8(), Reader(envelope.var_octets())


def _prepare_fields(packet: Prepare) -> bytes:
    if not 0 <= packet.amount < 2**64 or not is_address(packet.destination):
        raise Malformed("a Prepare needs a UInt64 amount and an ILP address")
    return b"".join(
        (
            uint64(packet.amount),
            _written(packet.expires_at),
            _exactly(32, packet.condition),
            var_octets(packet.destination.encode("ascii")),
            _data(packet.data),
        )
    )


def _reject_fields(packet: Reject) -> bytes:
    code = packet.code.encode("ascii", "replace")
    if not _CODE.fullmatch(code) or not (packet.triggered_by == "" or is_address(packet.triggered_by)):
        raise Malformed("a Reject needs a code such as F02, and the ILP address of its sender or none")
    return b"".join(
        (code, var_octets(packet.triggered_by.encode("ascii")), var_octets(packet.message.encode()), _data(packet.data))
    )


def _exactly(size: int, octets: bytes) -> bytes:
    if len(octets) != size:
        raise Malformed(f"{size} bytes are needed, not {len(octets)}")
    return octets


def _data(octets: bytes) -> bytes:
    if len(octets) > DATA_MAX:
        raise Malformed(f"a packet carries at most {DATA_MAX} bytes of data")
    return var_octets(octets)


def _data_of(fields: Reader) -> bytes:
    octets = fields.var_octets()
    if len(octets) > DATA_MAX:
        raise Malformed(f"a packet carries at most {DATA_MAX} bytes of data")
    return octets


def _address(octets: bytes, may_be_empty: bool = False) -> str:
    text = octets.decode("ascii", "replace")
    if not is_address(text) and not (may_be_empty and text == ""):
        raise Malformed("an ILP address is not valid")
    return text


def _code(octets: bytes) -> str:
    if not _CODE.fullmatch(octets):
        raise Malformed("a Reject has no valid code")
    return octets.decode("ascii")


def _written(time: datetime) -> bytes:
    """YYYYMMDDHHMMSSmmm in UTC."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds")[:23].translate(_NO_MARKS).encode("ascii")


def _time(octets: bytes) -> datetime:
    if not _TIME.fullmatch(octets):
        raise Malformed("a time is not seventeen digits")
    digits = octets.decode("ascii")
    try:
        return datetime.fromisoformat(f"{digits[:8]}T{digits[8:14]}.{digits[14:]}+00:00")
    except ValueError as wrong:
        raise Malformed(f"a time does not exist: {wrong}") from wrong
