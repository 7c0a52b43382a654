"""The outbox: at least once, in order, and nobody waits for a stranger's dead server."""

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app import states
from app.db import db, transaction
from app.errors import Conflict, Invalid, NotFound
from app.messages import acts, service
from app.messages.acts import Delivery
from app.messages.models import Message


def later(seconds: int) -> None:
    """Let the house's clock run ahead, for every transaction to come."""
    with transaction() as session:
        name = session.scalar(text("SELECT current_database()"))
        session.execute(text(f"ALTER DATABASE {name} SET railhead.clock_offset = '{seconds} seconds'"))
    db.engine.dispose()


def message(id: str) -> Message:
    db.session.rollback()
    return db.session.get(Message, id)


def dead_url() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/"


def test_what_is_rolled_back_is_never_said(app, home, receiver, drain):
    letter = service.Letter(home.organization_id, "callback", receiver.url, "transaction:1", b"{}", home.id)
    with pytest.raises(ZeroDivisionError), transaction() as session:
        service.say(session, letter)
        raise ZeroDivisionError
    assert drain() == 0


def test_a_message_is_tried_until_it_arrives(receivers, say, drain):
    receiver = receivers(500, 503, 200)
    id = say(receiver.url, "hello")
    for elapsed in (0, 100, 200):
        later(elapsed)
        assert drain() == 1
    assert receiver.bodies == ["hello"] * 3
    assert message(id).state == "sent"
    later(100_000)
    assert drain() == 0


def test_every_attempt_carries_the_same_event_id(receivers, say, drain):
    receiver = receivers(500, 200)
    id = say(receiver.url, "hello")
    drain()
    later(100)
    drain()
    assert [headers["Event-Id"] for _path, headers, _body in receiver.heard] == [id, id]


def test_it_is_not_tried_again_before_its_time(receivers, say, drain):
    receiver = receivers(500)
    say(receiver.url, "hello")
    assert drain() == 1
    assert drain() == 0


def test_after_its_last_attempt_it_has_failed(app, receivers, say, drain):
    app.config["MESSAGE_ATTEMPTS_MAX"] = 2
    id = say(receivers(500).url, "hello")
    drain()
    later(100)
    drain()
    assert (message(id).state, message(id).error) == ("failed", "HTTP 500")


def test_what_is_too_old_is_tried_once_more_and_has_failed(receivers, say, drain):
    id = say(receivers(500).url, "hello")
    later(90_000)
    assert drain() == 1
    assert message(id).state == "failed"


def test_what_arrived_is_kept_no_longer(receiver, say, drain):
    id = say(receiver.url, "hello")
    drain()
    assert (message(id).address, message(id).body) == (b"", b"")


def test_a_redirect_is_refused(receivers, say, drain):
    receiver = receivers(302)
    id = say(receiver.url + "/here", "hello")
    drain()
    assert [path for path, *_ in receiver.heard] == ["/here"]
    assert (message(id).state, message(id).error) == ("pending", "HTTP 302")


def test_nobody_listening_is_an_attempt_that_did_not_arrive(say, drain):
    id = say(dead_url(), "hello")
    assert drain() == 1
    assert message(id).state == "pending"
    assert "ConnectionRefusedError" in message(id).error


def test_a_dead_address_delays_nobody(receiver, say, drain):
    dead = dead_url()
    for number in range(30):
        say(dead, "lost", f"transaction:{number}")
    say(receiver.url, "hello", "transaction:30")
    drain()
    assert receiver.bodies == ["hello"]


def test_a_host_that_hangs_delays_nobody(receivers, say, claim):
    slow, quick = receivers(), receivers()
    slow.hold = threading.Event()
    for number in range(5):
        say(slow.url, "slow", f"transaction:{number}")
    say(quick.url, "quick", "transaction:5")
    jobs = claim()
    with ThreadPoolExecutor(len(jobs)) as pool:
        sending = {pool.submit(acts.act, job): job.address for job in jobs}
        [first] = [future for future, address in sending.items() if address == quick.url]
        assert first.result(timeout=30) == Delivery(True, "HTTP 200")
        assert (quick.bodies, slow.bodies) == (["quick"], [])
        slow.hold.set()
    assert slow.bodies == ["slow"] * 2


def test_a_host_gets_few_claims_at_a_time_however_many_ask(receivers, say, claim):
    slow, quick = receivers(), receivers()
    for number in range(20):
        say(slow.url, "slow", f"transaction:{number}")
    say(quick.url, "quick", "transaction:20")
    hosts = [service.CHANNELS["callback"].host(job.address) for _ in range(5) for job in claim()]
    assert sorted(hosts) == sorted([slow.url.removeprefix("http://")] * 2 + [quick.url.removeprefix("http://")])


def test_a_recorded_claim_makes_room_for_the_next_of_its_host(receiver, say, claim, record):
    for number in range(4):
        say(receiver.url, "hello", f"transaction:{number}")
    first, _second = claim()
    assert claim() == []
    record(first, Delivery(False, "HTTP 500"))
    assert len(claim()) == 1


def test_one_subject_is_heard_in_order(receivers, say, drain):
    receiver = receivers(500, 200)
    for status in ("pending_receiver", "pending_external", "completed"):
        say(receiver.url, status)
    drain()
    assert receiver.bodies == ["pending_receiver"]
    later(100)
    drain()
    assert receiver.bodies[1:] == ["pending_receiver", "pending_external", "completed"]


def test_nothing_newer_is_claimed_while_something_older_is_under_way(receiver, say, claim, record):
    older, newer = say(receiver.url, "older"), say(receiver.url, "newer")
    [job] = claim()
    assert job.id == older
    assert claim() == []
    record(job, Delivery(True, "HTTP 200"))
    assert [job.id for job in claim()] == [newer]


def test_what_waits_behind_a_failed_attempt_is_not_overdue(session, receivers, say, drain):
    receiver = receivers(500)
    say(receiver.url, "older")
    say(receiver.url, "newer")
    drain()
    assert states.overdue(session, Message) == []


def test_when_the_older_has_failed_the_newer_goes_on(app, receivers, say, drain):
    app.config["MESSAGE_ATTEMPTS_MAX"] = 1
    receiver = receivers(500, 200)
    say(receiver.url, "older")
    say(receiver.url, "newer")
    drain()
    assert receiver.bodies == ["older", "newer"]


def test_other_subjects_and_other_addresses_do_not_wait(receivers, say, drain):
    failing, working = receivers(500), receivers()
    say(failing.url, "one", "transaction:1")
    say(working.url, "one", "transaction:1")
    say(working.url, "two", "transaction:2")
    drain()
    assert sorted(working.bodies) == ["one", "two"]


def test_a_crash_before_recording_repeats_the_message_under_its_event_id(receiver, say, claim, drain):
    id = say(receiver.url, "hello")
    [job] = claim()
    acts.act(job)  # and the process is gone
    assert drain() == 0
    later(acts.LEASE_SECONDS + 1)
    assert drain() == 1
    assert {headers["Event-Id"] for _path, headers, _body in receiver.heard} == {id}
    assert message(id).state == "sent"


def test_whoever_lost_the_claim_changes_nothing(receiver, say, claim, record):
    id = say(receiver.url, "hello")
    [stale] = claim()
    later(acts.LEASE_SECONDS + 1)
    [fresh] = claim()
    record(stale, Delivery(True, "HTTP 200"))
    assert message(id).state == "pending"
    record(fresh, Delivery(True, "HTTP 200"))
    assert message(id).state == "sent"


def test_a_claim_that_was_held_up_is_not_begun(receiver, say, claim):
    say(receiver.url, "hello")
    [job] = claim()
    tardy = acts.Job(**{**job.__dict__, "begin_by": 0})
    assert acts.act(tardy) == Delivery(False, "held up on our side")
    assert receiver.heard == []


def test_two_claims_share_no_message(receivers, say, signer, app):
    for number in range(6):
        say(receivers().url, "hello", f"transaction:{number}")
    with app.app_context(), transaction() as one:
        first = service.claim(one, 3, signer)
        with app.app_context(), transaction() as two:
            second = service.claim(two, 10, signer)
    assert len({job.id for job in first + second}) == len(first) + len(second) == 6


def test_a_failed_message_may_be_tried_again(app, receivers, say, drain):
    app.config["MESSAGE_ATTEMPTS_MAX"] = 1
    receiver = receivers(500, 200)
    id = say(receiver.url, "hello")
    drain()
    with transaction() as session:
        service.retry(session, id)
    drain()
    assert (message(id).state, receiver.bodies) == ("sent", ["hello", "hello"])


def test_a_stale_message_is_not_tried_again_after_something_newer(app, receivers, say, drain):
    app.config["MESSAGE_ATTEMPTS_MAX"] = 1
    receiver = receivers(500, 200)
    older = say(receiver.url, "older")
    say(receiver.url, "newer")
    drain()
    with pytest.raises(Conflict), transaction() as session:
        service.retry(session, older)
    with pytest.raises(NotFound), transaction() as session:
        service.retry(session, "nothing")


def test_what_was_sealed_with_a_lost_key_fails_and_holds_up_nobody(receiver, say, drain):
    lost = say(receiver.url, "lost", "transaction:1")
    with transaction() as session:
        session.execute(text("UPDATE message SET body = address WHERE id = :id"), {"id": lost})
    say(receiver.url, "hello", "transaction:2")
    drain()
    assert (message(lost).state, receiver.bodies) == ("failed", ["hello"])


def test_forgetting_a_subject_forgets_what_was_not_sent(receiver, say, drain):
    say(receiver.url, "hello", "customer:1")
    with transaction() as session:
        service.forget(session, "customer:1")
    assert drain() == 0


@pytest.mark.parametrize("address", ["not a url", "ftp://host/", "http://user@host/", "http:///path", "http://[::1"])
def test_an_impossible_address_is_refused_at_once(home, session, address):
    with pytest.raises(Invalid):
        service.say(session, service.Letter(home.organization_id, "callback", address, "s", b"", home.id))


def test_an_unknown_channel_is_refused(home, session):
    with pytest.raises(Invalid):
        service.say(session, service.Letter(home.organization_id, "pigeon", "loft", "s", b""))


def test_neither_address_nor_body_lies_open(session, receiver, say):
    say(receiver.url + "/?token=canary-address", json.dumps({"name": "canary-body"}))
    dump = session.scalar(text("SELECT string_agg(message::text, '') FROM message"))
    for canary in (b"canary-address", b"canary-body"):
        assert canary.decode() not in dump and canary.hex() not in dump


def test_the_backoff_doubles_with_some_chance_and_is_bounded():
    for attempts in range(1, 40):
        base = min(5 * 2 ** (attempts - 1), 3600)
        assert base <= service.backoff(attempts) <= base * 3 // 2


def pruned() -> int:
    with transaction() as session:
        return service.prune(session, 10)


def test_messages_long_over_are_deleted_and_those_that_are_not_stay(app, receiver, say, drain):
    app.config["MESSAGE_KEEP_SECONDS"] = 1000
    arrived = say(receiver.url, "hello")
    drain()
    later(900)
    assert pruned() == 0
    failed = say(dead_url(), "hello", "transaction:2")
    app.config["MESSAGE_ATTEMPTS_MAX"] = 1
    drain()
    app.config["MESSAGE_ATTEMPTS_MAX"] = 20
    pending = say(dead_url(), "hello", "transaction:3")
    later(1100)
    assert pruned() == 1
    assert [message(id) is None for id in (arrived, failed, pending)] == [True, False, False]
    later(5000)
    assert pruned() == 1
    assert [message(id) is None for id in (failed, pending)] == [True, False]
