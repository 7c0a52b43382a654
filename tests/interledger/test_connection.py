"""Which replies are believed, and which are not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.interledger import packet, stream
from app.interledger.connection import PADDED_SIZE, Answer, Connection, Fate, Request, Sealed
from app.interledger.destinations import Destination
from app.interledger.packet import FULFILL, PREPARE, REJECT, Fulfill, Reject
from app.interledger.stream import StreamMoney, StreamPacket

SOON = datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=20)
CONNECTION = Connection(Destination("test.receiver", bytes(32)))
MONEY = Request("test.receiver", 7, amount=100, minimum=49, fulfillable=True)
PROBE = replace(MONEY, fulfillable=False)


def answer(request: Request, reply: Fulfill | Reject, sealed: Sealed | None = None) -> Answer:
    return CONNECTION.read(request, sealed or CONNECTION.seal(request, SOON), packet.encode(reply))


def said(packet_type: int, sequence: int = 7, amount: int = 50) -> bytes:
    return CONNECTION.keys.seal(stream.encode(StreamPacket(packet_type, sequence, amount)))


def test_a_fulfill_with_the_receivers_word_is_believed() -> None:
    sealed = CONNECTION.seal(MONEY, SOON)
    found = answer(MONEY, Fulfill(sealed.fulfillment or b"", said(FULFILL)), sealed)
    assert (found.fate, found.delivered, found.authentic) == (Fate.FULFILLED, 50, True)


NO_WORD = {
    "nothing": b"",
    "noise": bytes(60),
    "a reject's": said(REJECT),
    "a prepare": said(PREPARE),
    "another packet's": said(FULFILL, sequence=8),
}


@pytest.mark.parametrize("data", NO_WORD.values(), ids=NO_WORD)
def test_a_fulfill_without_it_still_costs_money_but_claims_nothing(data: bytes) -> None:
    sealed = CONNECTION.seal(MONEY, SOON)
    found = answer(MONEY, Fulfill(sealed.fulfillment or b"", data), sealed)
    assert (found.fate, found.delivered) == (Fate.FULFILLED, None)


def test_a_fulfillment_that_does_not_match_fulfills_nothing() -> None:
    found = answer(MONEY, Fulfill(bytes(32), said(FULFILL)))
    assert (found.fate, found.code, found.authentic) == (Fate.REJECTED, "F05", False)


def test_a_probe_cannot_be_fulfilled() -> None:
    assert answer(PROBE, Fulfill(bytes(32), said(FULFILL))).fate is Fate.REJECTED


@pytest.mark.parametrize("kind", [REJECT, FULFILL])
def test_a_reject_with_the_receivers_word_tells_what_arrived(kind: int) -> None:
    found = answer(PROBE, Reject("F99", data=said(kind)))
    assert (found.fate, found.code, found.delivered, found.authentic) == (Fate.REJECTED, "F99", 50, True)


@pytest.mark.parametrize("data", [b"", bytes(60), said(REJECT, sequence=6)], ids=["nothing", "noise", "another's"])
def test_a_reject_without_it_tells_only_its_code(data: bytes) -> None:
    found = answer(PROBE, Reject("F99", data=data))
    assert (found.code, found.delivered, found.authentic) == ("F99", None, False)


def test_our_own_packet_sent_back_to_us_is_no_word_of_the_receiver() -> None:
    sealed = CONNECTION.seal(PROBE, SOON)
    echoed = packet.decode_prepare(sealed.octets).data
    assert not answer(PROBE, Reject("F99", data=echoed), sealed).authentic


@pytest.mark.parametrize("octets", [b"", b"<html>", bytes(100), b"\x0c\x00"])
def test_bytes_that_are_no_reply_leave_the_fate_unknown(octets: bytes) -> None:
    found = CONNECTION.read(MONEY, CONNECTION.seal(MONEY, SOON), octets)
    assert (found.fate, found.code) == (Fate.UNKNOWN, "F01")


def test_all_packets_of_a_payment_look_alike() -> None:
    requests = [
        Request("test.receiver", 0),
        Request("test.receiver", 2**31, 2**64 - 1, 2**64 - 1, (StreamMoney(1, 1),), fulfillable=True),
    ]
    sizes = {len(CONNECTION.seal(request, SOON).octets) for request in requests}
    assert len(sizes) == 1
    assert PADDED_SIZE == 64


def test_a_destination_never_shows_its_secret() -> None:
    destination = Destination("test.receiver", b"\xab\xcd" * 16)
    shown = repr(destination) + str(Connection(destination))
    assert "abcd" not in shown
    assert "\\xab" not in shown
