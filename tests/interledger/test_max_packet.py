import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interledger.connection import Answer, Fate, Request
from app.interledger.failures import Failure
from app.interledger.max_packet import MaxPacket
from app.interledger.packet import encode_too_large


def too_large(max_packet: MaxPacket, amount: int, told: bytes = b"") -> Failure | None:
    return max_packet.answered(Request("test.a", 0, amount), Answer(Fate.REJECTED, "F08", told=told), 0)


def arrived(max_packet: MaxPacket, amount: int) -> None:
    max_packet.answered(Request("test.a", 0, amount), Answer(Fate.REJECTED, "F99", delivered=amount), 0)


def test_the_connectors_own_units_are_converted() -> None:
    max_packet = MaxPacket()
    too_large(max_packet, 1000, encode_too_large(received=250, maximum=100))
    assert (max_packet.limit, max_packet.precise) == (400, True)


@given(st.integers(1, 10**12))
def test_without_metadata_the_exact_maximum_is_found_by_halving(real: int) -> None:
    max_packet, packets = MaxPacket(), 0
    too_large(max_packet, 10**12 + 1)
    while not max_packet.precise:
        amount = max_packet.probing or 0
        too_large(max_packet, amount) if amount > real else arrived(max_packet, amount)
        packets += 1
    assert max_packet.limit == real
    assert packets <= 42


def test_the_limit_is_only_ever_lowered() -> None:
    max_packet = MaxPacket(100)
    too_large(max_packet, 1000, encode_too_large(1000, 500))
    assert max_packet.limit == 100


def test_an_f08_that_contradicts_itself_is_ignored() -> None:
    max_packet = MaxPacket()
    assert too_large(max_packet, 1000, encode_too_large(100, 100)) is None
    assert max_packet.limit is None


@pytest.mark.parametrize(
    ("amount", "told"), [(1, b""), (1000, encode_too_large(1000, 0)), (5, encode_too_large(100, 1))]
)
def test_a_path_that_takes_nothing_is_a_failure(amount: int, told: bytes) -> None:
    assert too_large(MaxPacket(), amount, told) is Failure.ConnectorError


def test_what_came_through_counts_up_to_the_limit() -> None:
    max_packet = MaxPacket()
    arrived(max_packet, 1000)
    too_large(max_packet, 500)
    assert (max_packet.verified, max_packet.limit, max_packet.precise) == (499, 499, True)
