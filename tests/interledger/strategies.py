"""Random packets, of every kind and every size."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from app.interledger import stream
from app.interledger.packet import Fulfill, Prepare, Reject
from app.interledger.stream import Form, StreamPacket

uint8s = st.integers(0, 2**8 - 1)
uint64s = st.one_of(st.integers(0, 300), st.integers(0, 2**64 - 1))
segments = st.text("abcXYZ019_~-", min_size=1, max_size=60)
addresses = st.builds(
    lambda scheme, rest: ".".join([scheme, *rest]),
    st.sampled_from(["g", "private", "example", "peer", "self", "test", "test1", "test3", "local"]),
    st.lists(segments, min_size=1, max_size=16),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
octets = st.one_of(st.binary(max_size=40), st.binary(min_size=120, max_size=140), st.binary(min_size=250, max_size=260))
hashes = st.binary(min_size=32, max_size=32)
times = st.integers(0, 7_900 * 365 * 24 * 60 * 60 * 1000).map(
    lambda milliseconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
)
codes = st.builds("{}{:02}".format, st.sampled_from("FTR"), st.integers(0, 99))

prepares = st.builds(Prepare, uint64s, times, hashes, addresses, octets)
fulfills = st.builds(Fulfill, hashes, octets)
rejects = st.builds(Reject, codes, st.one_of(st.just(""), addresses), texts, octets)

_FIELDS = {
    stream.UInt8.__metadata__[0]: uint8s,
    stream.VarUInt.__metadata__[0]: uint64s,
    stream.SaturatedUInt.__metadata__[0]: uint64s,
    stream.Octets.__metadata__[0]: octets,
    stream.Text.__metadata__[0]: texts,
}


def _contents(form: Form) -> st.SearchStrategy:
    return _FIELDS[form]


frames = st.one_of([st.builds(kind.make, *(_contents(form) for _, form in kind.fields)) for kind in stream.FRAME_TYPES])
stream_packets = st.builds(
    StreamPacket, st.sampled_from([12, 13, 14]), uint64s, uint64s, st.lists(frames, max_size=6).map(tuple)
)
