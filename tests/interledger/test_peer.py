"""The sandbox peer itself: run by hand, and between receivers and senders of our own."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.interledger.connection import Connection, Request
from app.interledger.packet import Fulfill, Prepare, Reject, decode_prepare
from app.interledger.quoting import Terms, quote
from app.interledger.resolve import Asking, resolve_account, resolve_invoice
from app.interledger.sender import pay
from app.interledger.uplink import HttpUplink
from app.sandbox.peer import Peer
from tests.interledger.conftest import PRICES, USD, fixed_send

HERE = Asking(allow_private=True)
SOON = timedelta(seconds=20)


def test_it_runs_by_hand() -> None:
    command = [sys.executable, "-m", "app.sandbox.peer", "--rate", "3/4", "--max-packet", "50", "--latency-ms", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        url = json.loads((running.stdout or sys.stdin).readline())["url"]
        connection = Connection(resolve_account(f"{url}/accounts/bob", HERE))
        with HttpUplink(f"{url}/ilp", "secret") as uplink:
            outcome = pay(uplink, connection, quote(uplink, connection, fixed_send(200)))
        running.send_signal(signal.SIGTERM)
    assert (outcome.sent, outcome.delivered) == (200, 148)  # four packets of 50, each of which brings 37


def test_an_invoice_takes_its_amount_and_no_more(peer: Peer, uplink: HttpUplink) -> None:
    url = f"{peer.url}/incoming-payments/{peer.invoice(200)}"
    for expected in (200, 0):
        destination = resolve_invoice(url, HERE)
        assert destination.invoice
        assert destination.invoice.remaining == expected
        if expected:
            connection = Connection(destination)
            pay(uplink, connection, quote(uplink, connection, Terms(USD, prices=PRICES)))
    assert destination.invoice.completed


def _prepared(peer: Peer, **change: object) -> Prepare:
    connection = Connection(peer.credentials())
    request = Request(connection.destination.address, 0, 10, 10, fulfillable=True)
    return replace(decode_prepare(connection.seal(request, datetime.now(UTC) + SOON).octets), **change)  # type: ignore[arg-type]


def test_the_receiver_fulfills_what_was_sealed_for_it(peer: Peer) -> None:
    assert isinstance(peer.receiver.receive(_prepared(peer)), Fulfill)


def test_the_receiver_rejects_everything_else(peer: Peer) -> None:
    stranger = Connection(peer.credentials())
    reply = stranger.keys.seal(bytes.fromhex("010d010001000100"))
    codes = {
        "F02": _prepared(peer, destination="test.somebody.else"),
        "F06": _prepared(peer, data=bytes(60)),
        "F00": _prepared(peer, destination=stranger.destination.address, data=reply),
        "R00": _prepared(peer, expires_at=datetime.now(UTC)),
        "F99": _prepared(peer, amount=9),
    }
    for code, prepare in codes.items():
        answer = peer.receiver.receive(prepare)
        assert isinstance(answer, Reject)
        assert answer.code == code
