"""The small rules, one by one, on a clock of their own."""

import pytest

from app.interledger.connection import Answer, Connection, Fate, Request
from app.interledger.controllers import AssetDetails, Deadlines, Establishment, Rejects, Sequence, Stop
from app.interledger.destinations import Destination
from app.interledger.failures import Failure
from app.interledger.rates import Asset
from app.interledger.stream import (
    PACKETS_MAX,
    ConnectionAssetDetails,
    ConnectionClose,
    ConnectionMaxData,
    ConnectionMaxStreamId,
    StreamClose,
)

MONEY, PROBE = Request("test.a", 0, 100, fulfillable=True), Request("test.a", 0, 100)
PAID = Answer(Fate.FULFILLED, delivered=50)


def rejected(code: str, delivered: int | None = None) -> Answer:
    return Answer(Fate.REJECTED, code, delivered=delivered)


@pytest.mark.parametrize(
    ("request_", "answer", "failure"),
    [
        (MONEY, PAID, None),
        (MONEY, rejected("T00"), None),
        (MONEY, rejected("T04"), None),
        (MONEY, rejected("F08"), None),
        (MONEY, rejected("F99"), None),
        (MONEY, rejected("R01"), None),
        (MONEY, rejected("F04", delivered=40), None),  # the receiver itself: the rate was too low
        (MONEY, rejected("F04"), Failure.ConnectorError),
        (PROBE, rejected("F05"), None),  # it was not meant to be fulfilled
        (MONEY, rejected("F05"), Failure.ConnectorError),
        (MONEY, rejected("F00"), Failure.ConnectorError),
        (MONEY, rejected("F02"), Failure.ConnectorError),
        (MONEY, rejected("F06"), Failure.ConnectorError),
        (MONEY, rejected("R00"), Failure.ConnectorError),
        (MONEY, rejected("R02"), Failure.ConnectorError),
    ],
)
def test_which_rejects_end_a_phase(request_: Request, answer: Answer, failure: Failure | None) -> None:
    assert Rejects().answered(request_, answer, 0) is failure


@pytest.mark.parametrize(
    ("frame", "closes"),
    [(ConnectionClose(1, ""), True), (StreamClose(1, 1, ""), True), (StreamClose(3, 1, ""), False)],
)
def test_a_receiver_that_closes_ends_a_phase(frame: ConnectionClose | StreamClose, closes: bool) -> None:
    answer = Answer(Fate.FULFILLED, delivered=50, frames=(frame,))
    assert Rejects().answered(MONEY, answer, 0) is (Failure.ClosedByReceiver if closes else None)


def test_packets_are_numbered_up_to_what_one_key_may_seal() -> None:
    connection = Connection(Destination("test.a", bytes(32)), sequence=PACKETS_MAX - 1)
    numbering, request = Sequence(connection), Request("test.a", 0)
    assert numbering.draft(request, 0) is None
    assert request.sequence == PACKETS_MAX - 1
    numbering.sent(request, 0)
    assert numbering.draft(request, 0) == Stop(Failure.MaxSafeEncryptionLimit)


def test_limits_are_told_until_the_receiver_has_answered_once() -> None:
    connection, said = Connection(Destination("test.a", bytes(32))), (ConnectionMaxStreamId(1), ConnectionMaxData(0))
    establishment = Establishment(connection)
    for answer, told in [(rejected("T00"), said), (rejected("F99", delivered=0), said), (PAID, ()), (PAID, ())]:
        request = Request("test.a", 0)
        establishment.draft(request, 0)
        assert request.frames == told
        establishment.answered(request, answer, 0)


def deadlines(idle_seconds: float = 10, overall_seconds: float = 60, cancelled: bool = False) -> Deadlines:
    found = Deadlines(idle_seconds, overall_seconds, lambda: cancelled)
    found.sent(MONEY, 100)
    return found


def test_time_runs_from_the_first_packet_and_again_from_every_fulfill() -> None:
    watch = Deadlines(10, 60, lambda: False)
    assert watch.draft(MONEY, 1_000) is None
    watch.sent(MONEY, 1_000)
    assert watch.draft(MONEY, 1_010) is None
    assert watch.draft(MONEY, 1_011) == Stop(Failure.IdleTimeout)
    watch.answered(MONEY, rejected("T00"), 1_011)
    assert watch.draft(MONEY, 1_011) == Stop(Failure.IdleTimeout)
    watch.answered(MONEY, PAID, 1_011)
    assert watch.draft(MONEY, 1_021) is None


def test_a_payment_may_not_last_forever_however_well_it_goes() -> None:
    watch = deadlines()
    watch.answered(MONEY, PAID, 161)
    assert watch.draft(MONEY, 161) == Stop(Failure.DeadlineExceeded)


def test_a_cancelled_payment_stops() -> None:
    assert deadlines(cancelled=True).draft(MONEY, 100) == Stop(Failure.Cancelled)


def test_an_asset_is_learned_once() -> None:
    details = AssetDetails(None)
    for code, failure in [("EUR", None), ("EUR", None), ("XAU", Failure.DestinationAssetConflict)]:
        answer = Answer(Fate.REJECTED, "F99", delivered=0, frames=(ConnectionAssetDetails(code, 2),))
        assert details.answered(PROBE, answer, 0) is failure
    assert details.asset == Asset("EUR", 2)
