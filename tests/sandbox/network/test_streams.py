"""Streams: what a reader hears, after a cut and a restart too."""

import threading
from itertools import islice

import pytest
import requests
from stellar_sdk import Payment

from app.sandbox.network.local import network
from tests.sandbox.network.conftest import XLM

EVENT_STREAM = {"Accept": "text/event-stream"}


class Reader:
    """One connection to a stream, read line by line."""

    def __init__(self, url, **headers):
        self._answer = requests.get(url, headers=EVENT_STREAM | headers, stream=True, timeout=10)
        self._lines = self._answer.iter_lines(chunk_size=1, decode_unicode=True)

    def event(self):
        """Return the next event as name → value."""
        lines = iter(self._lines.__next__, "")
        return dict(line.split(": ", 1) for line in lines)

    def ids(self, count):
        return [self.event()["id"] for _ in range(count)]

    def close(self):
        self._answer.close()


@pytest.fixture
def read(shore):
    readers = []

    def open_reader(path, **headers):
        reader = Reader(shore.net.url + path, **headers)
        readers.append(reader)
        return reader

    yield open_reader
    for reader in readers:
        reader.close()


def test_a_stream_says_hello_then_what_there_is_then_what_comes(shore, read):
    someone = shore.person()
    reader = read(f"/accounts/{someone.public_key}/payments?cursor=0")
    assert reader.event() == {"retry": "1000", "event": "open", "data": '"hello"'}
    (created,) = reader.ids(1)
    shore.do(someone, Payment(someone.public_key, XLM, "1"))
    (paid,) = reader.ids(1)
    assert int(created) < int(paid)


def test_a_stream_from_now_begins_after_the_latest_ledger(shore, read):
    someone = shore.person()
    reader = read("/payments?cursor=now")
    reader.event()
    done = shore.do(someone, Payment(someone.public_key, XLM, "1"))
    assert done["hash"] in reader.event()["data"]


def test_where_the_reader_was_beats_where_it_began(shore, read):
    someone = shore.person()
    for _ in range(3):
        shore.do(someone, Payment(someone.public_key, XLM, "1"))
    path = f"/accounts/{someone.public_key}/payments?cursor=0"
    first = read(path)
    first.event()
    ids = first.ids(4)
    again = read(path, **{"Last-Event-ID": ids[1]})
    again.event()
    assert again.ids(2) == ids[2:]


def test_a_stream_ends_with_its_limit(shore, read):
    someone = shore.person()
    shore.do(someone, *[Payment(someone.public_key, XLM, "1")] * 12)
    reader = read(f"/accounts/{someone.public_key}/payments?cursor=0")
    reader.event()
    reader.ids(10)
    assert reader.event() == {"retry": "10", "event": "close", "data": '"byebye"'}


def test_a_wrong_question_is_answered_before_the_stream_begins(shore):
    answer = shore.get("/payments?cursor=x", headers=EVENT_STREAM)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (400, "application/problem+json")


@pytest.mark.parametrize("path", ["ledgers", "transactions", "operations", "payments", "effects", "trades"])
def test_every_collection_of_history_can_be_streamed(shore, read, path):
    assert read(f"/{path}?cursor=now").event()["event"] == "open"


def test_ledgers_stream_as_they_close(shore, read):
    reader = read("/ledgers?cursor=now")
    reader.event()
    shore.net.close(3)
    assert len(reader.ids(3)) == 3


@pytest.fixture
def follow(server):
    """Follows payments with the SDK, in a thread, until so many have come."""

    def start(account, count):
        seen = []

        def run():
            stream = server.payments().for_account(account.public_key).cursor("0").stream()
            seen.extend(record["id"] for record in islice(stream, count))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()

        def wait():
            thread.join(20)
            return seen

        return wait

    return start


@pytest.mark.parametrize("kind", ["cut", "byebye", "stream_error"])
def test_the_sdk_follows_over_an_interruption_without_loss(shore, follow, kind):
    someone = shore.person()
    shore.net.fault(kind, match="/payments")
    wait = follow(someone, 3)
    for _ in range(2):
        shore.do(someone, Payment(someone.public_key, XLM, "1"))
    assert wait() == [record["id"] for record in shore.records(f"/accounts/{someone.public_key}/payments")]


def test_a_duplicate_after_a_reconnection_is_a_record_the_reader_has_had(shore, read):
    someone = shore.person()
    shore.do(someone, Payment(someone.public_key, XLM, "1"))
    ids = [record["id"] for record in shore.records(f"/accounts/{someone.public_key}/payments")]
    shore.net.fault("duplicate")
    reader = read(f"/accounts/{someone.public_key}/payments?cursor={ids[0]}")
    reader.event()
    assert reader.ids(1) == ids[:1]


def test_a_network_started_again_serves_the_same_stream_from_the_same_cursor(tmp_path):
    kept = {"close_seconds": 0, "state": str(tmp_path / "network.jsonl")}
    key = "GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7"
    with network(**kept) as net:
        net.fund(key)
        before = Reader(f"{net.url}/payments?cursor=0")
        before.event()
        seen = before.event()
        before.close()
    with network(**kept) as net:
        after = Reader(f"{net.url}/payments?cursor=0")
        after.event()
        assert after.event()["id"] == seen["id"]
        after.close()
