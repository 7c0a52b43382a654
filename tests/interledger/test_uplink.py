"""What ILP-over-HTTP's answers, and its silences, are taken for."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from app.interledger import packet
from app.interledger import uplink as links
from app.interledger.packet import Prepare, Reject
from app.interledger.uplink import HttpUplink, Unanswered
from app.sandbox.peer import CONNECTOR, Peer, Trouble

PREPARE = packet.encode(Prepare(10, datetime.now(UTC) + timedelta(hours=1), bytes(32), "test.nobody"))


def exchanged(peer: Peer, trouble: Trouble | Reject) -> Reject:
    peer.connector.fault = lambda number, prepare: trouble
    with HttpUplink(peer.uplink_url, "secret") as uplink:
        reply = packet.decode_reply(uplink.exchange(PREPARE, 5))
    assert isinstance(reply, Reject)
    return reply


def test_the_reply_is_the_body_of_a_200(peer: Peer) -> None:
    assert exchanged(peer, Reject("T03", CONNECTOR, "busy")) == Reject("T03", CONNECTOR, "busy")


@pytest.mark.parametrize(("status", "code"), [(302, "F00"), (400, "F00"), (401, "F00"), (404, "F00"), (429, "T05")])
def test_what_the_connector_refuses_to_take_is_a_reject(peer: Peer, status: int, code: str) -> None:
    assert exchanged(peer, Trouble(status)).code == code


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_what_the_connector_may_have_taken_is_unanswered(peer: Peer, status: int) -> None:
    with pytest.raises(Unanswered):
        exchanged(peer, Trouble(status))


def test_a_connection_cut_before_the_answer_is_unanswered(peer: Peer) -> None:
    with pytest.raises(Unanswered):
        exchanged(peer, Trouble())


def test_an_answer_without_end_is_unanswered(peer: Peer) -> None:
    with pytest.raises(Unanswered):
        exchanged(peer, Trouble(200, bytes(links.BODY_MAX + 1)))


def test_no_connection_at_all_is_a_reject() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    reply = packet.decode_reply(HttpUplink(f"http://127.0.0.1:{port}/ilp", "secret").exchange(PREPARE, 1))
    assert isinstance(reply, Reject)
    assert reply.code == "T01"


def test_a_connector_that_says_nothing_is_unanswered_when_the_time_is_up() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        uplink = HttpUplink(f"http://127.0.0.1:{silent.getsockname()[1]}/ilp", "secret")
        with pytest.raises(Unanswered):
            uplink.exchange(PREPARE, 0.05)


@contextmanager
def counting() -> Iterator[tuple[str, list[bytes]]]:
    """A connector that closes every connection after two answers, and keeps the heads of what it was asked."""
    reply = packet.encode(Reject("T03"))
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(reply), reply)
    heads: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                for _ in range(2):
                    asked = connection.recv(65536)
                    heads.append(asked)
                    if not asked.endswith(PREPARE):
                        connection.recv(65536)
                    connection.sendall(answer)

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/ilp?account=7", heads
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_connections_are_kept_and_one_that_the_server_has_closed_is_not_used_again() -> None:
    with counting() as (url, heads), HttpUplink(url, "secret") as uplink:
        for _ in range(6):
            assert packet.decode_reply(uplink.exchange(PREPARE, 5)) == Reject("T03")
            time.sleep(0.01)  # the end of the connection arrives
    assert len(heads) == 6
    assert b"POST /ilp?account=7 HTTP/1.1" in heads[0]
    assert b"Authorization: Bearer secret" in heads[0]


def test_the_token_is_never_shown() -> None:
    assert "s3cr3t" not in repr(HttpUplink("http://127.0.0.1/ilp", "s3cr3t"))


@pytest.mark.parametrize("url", ["ftp://example.com/ilp", "example.com", "https://user@example.com/ilp"])
def test_an_uplink_has_a_url_of_http(url: str) -> None:
    with pytest.raises(ValueError, match="uplink"):
        HttpUplink(url, "secret")
