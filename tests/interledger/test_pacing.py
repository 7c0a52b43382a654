"""Congestion control, on a clock of its own."""

from app.interledger.connection import Answer, Fate, Request
from app.interledger.controllers import Wait
from app.interledger.pacing import BURST, GROUP_SECONDS, RATE_MAX, RATE_MIN, RATE_START, Pacing

PAID = Answer(Fate.FULFILLED, delivered=1)
BUSY = Answer(Fate.REJECTED, "T03")
LOST = Answer(Fate.UNKNOWN, "T00")


def send(pacing: Pacing, now: float) -> Request:
    request = Request("test.a", 0, sent_at=now)
    assert pacing.draft(request, now) is None
    pacing.sent(request, now)
    return request


def answered(pacing: Pacing, answers: int, answer: Answer, now: float = 0) -> None:
    """Send and answer as many packets as fast as they may leave."""
    for _ in range(answers):
        while veto := pacing.draft(Request("test.a", 0), now):
            now = max(veto.until, now + 1e-6)
        pacing.answered(send(pacing, now), answer, now)


def test_a_burst_leaves_at_once_and_the_next_packet_waits_its_turn() -> None:
    pacing = Pacing()
    for _ in range(BURST):
        send(pacing, 0)
    assert pacing.draft(Request("test.a", 0), 0) == Wait(1 / RATE_START)
    send(pacing, 1 / RATE_START)


def test_no_more_than_the_limit_is_in_flight() -> None:
    pacing = Pacing(in_flight_max=3)
    requests = [send(pacing, 0) for _ in range(3)]
    assert pacing.draft(Request("test.a", 0), 9) == Wait()
    pacing.answered(requests[0], PAID, 9)
    send(pacing, 9)


def test_the_rate_grows_with_every_answer_up_to_the_most() -> None:
    pacing = Pacing()
    answered(pacing, 1, PAID)
    assert RATE_START < pacing.rate < RATE_MAX
    answered(pacing, 100, PAID)
    assert pacing.rate == RATE_MAX


def test_an_overload_halves_the_rate_and_from_then_on_it_grows_slowly() -> None:
    pacing = Pacing()
    pacing.answered(send(pacing, 0), BUSY, 0)
    assert pacing.rate == RATE_START / 2
    answered(pacing, 10, PAID, now=1)
    assert pacing.rate == RATE_START / 2 + 20


def test_one_overload_seen_by_many_packets_halves_the_rate_once() -> None:
    pacing = Pacing()
    requests = [send(pacing, 0) for _ in range(5)]
    for request in requests:
        pacing.answered(request, BUSY, 1)
    assert pacing.rate == RATE_START / 2
    pacing.answered(send(pacing, 2), BUSY, 3)
    assert pacing.rate == RATE_START / 4


def test_silence_counts_as_overload() -> None:
    pacing = Pacing()
    pacing.answered(send(pacing, 0), LOST, 0)
    assert pacing.rate == RATE_START / 2


def test_the_rate_never_falls_below_the_least() -> None:
    pacing = Pacing()
    for second in range(20):
        pacing.answered(send(pacing, second * 10), BUSY, second * 10)
    assert pacing.rate == RATE_MIN


def test_a_final_reject_that_the_receiver_did_not_make_changes_nothing() -> None:
    pacing = Pacing()
    pacing.answered(send(pacing, 0), Answer(Fate.REJECTED, "F08"), 0)
    assert pacing.rate == RATE_START


def test_packets_leave_in_groups() -> None:
    pacing = Pacing()
    answered(pacing, 100, PAID, now=1)
    send(pacing, 50)
    assert pacing.draft(Request("test.a", 0), 50.001) == Wait(50 + GROUP_SECONDS)
    group = [send(pacing, 50 + GROUP_SECONDS) for _ in range(5)]
    assert len({request.sent_at for request in group}) == 1
