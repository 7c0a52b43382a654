"""One STREAM connection as its sender sees it: requests become ILP packets, replies are checked (RFC 29 §4, §5).

The connection outlives the phases of a payment: sequence numbers go on from the first probe to the closing packet.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from app.interledger import crypto, packet, stream
from app.interledger.crypto import Keys
from app.interledger.destinations import Destination
from app.interledger.oer import Malformed
from app.interledger.packet import FULFILL, PREPARE, REJECT, Fulfill, Prepare, Reject
from app.interledger.stream import Frame, StreamPacket

PADDED_SIZE = 64  # bytes: whoever forwards a packet cannot tell by its size what it is for


class Fate(Enum):
    """What became of a packet."""

    FULFILLED = auto()
    REJECTED = auto()
    UNKNOWN = auto()  # it may have been fulfilled


@dataclass(slots=True)
class Request:
    """A packet in the making; once sent it does not change. ``amount`` in source units, ``minimum`` in destination
    units; ``fulfillable`` false for probes. ``sent_at`` is monotonic time."""

    address: str
    sequence: int
    amount: int = 0
    minimum: int = 0
    frames: tuple[Frame, ...] = ()
    fulfillable: bool = False
    expiry_seconds: float = 20
    sent_at: float = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """``code`` and ``told`` are a Reject's; ``delivered`` and ``frames`` come from the receiver, and only if it proved
    to be the one who answers (``delivered`` is None otherwise)."""

    fate: Fate
    code: str = ""
    message: str = ""
    told: bytes = b""
    delivered: int | None = None
    frames: tuple[Frame, ...] = ()

    @property
    def authentic(self) -> bool:
        """The request reached the receiver: it answered, or fulfilled, which only it can."""
        return self.delivered is not None or self.fate is Fate.FULFILLED


@dataclass(frozen=True, slots=True)
class Sealed:
    """A request on its way: the bytes of its Prepare, and what will fulfill it."""

    octets: bytes
    condition: bytes
    fulfillment: bytes | None


@dataclass
class Connection:
    """``sequence`` is the next one to use; ``established`` once the receiver has answered."""

    destination: Destination
    sequence: int = 0
    established: bool = False
    keys: Keys = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.keys = Keys(self.destination.shared_secret)

    def seal(self, request: Request, expires_at: datetime) -> Sealed:
        """Make the ILP Prepare of a request."""
        said = StreamPacket(PREPARE, request.sequence, request.minimum, request.frames)
        envelope = self.keys.seal(stream.encode(said, PADDED_SIZE))
        fulfillment = self.keys.fulfillment(envelope) if request.fulfillable else None
        condition = crypto.condition(fulfillment) if fulfillment else crypto.unfulfillable()
        prepare = Prepare(request.amount, expires_at, condition, request.address, envelope)
        return Sealed(packet.encode(prepare), condition, fulfillment)

    def read(self, request: Request, sealed: Sealed, octets: bytes) -> Answer:
        """Read a reply. Bytes that are no ILP packet leave the fate unknown; a wrong fulfillment fulfills nothing."""
        try:
            reply = packet.decode_reply(octets)
        except Malformed as wrong:
            return Answer(Fate.UNKNOWN, "F01", str(wrong))
        if isinstance(reply, Reject):
            said = self._authentic(reply.data, request, (FULFILL, REJECT))
            return _answer(Fate.REJECTED, said, reply)
        if reply.fulfillment != sealed.fulfillment:
            return Answer(Fate.REJECTED, "F05", "the fulfillment does not match the condition")
        return _answer(Fate.FULFILLED, self._authentic(reply.data, request, (FULFILL,)), reply)

    def _authentic(self, envelope: bytes, request: Request, types: tuple[int, ...]) -> StreamPacket | None:
        """What the receiver said; None if it cannot be shown to be its answer to this very request, such as our own
        Prepare sent back to us, or a Reject's data swapped into a Fulfill."""
        try:
            said = stream.decode(self.keys.open(envelope))
        except Malformed:
            return None
        return said if said.sequence == request.sequence and said.packet_type in types else None


def _answer(fate: Fate, said: StreamPacket | None, reply: Fulfill | Reject) -> Answer:
    code, message = (reply.code, reply.message) if isinstance(reply, Reject) else ("", "")
    if said is None:
        return Answer(fate, code, message, told=reply.data)
    return Answer(fate, code, message, told=reply.data, delivered=said.amount, frames=said.frames)
