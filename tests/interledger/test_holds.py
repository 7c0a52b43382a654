"""What the ledger is told, and what it makes of a payment that stops halfway, in whatever way."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from app.interledger.connection import Connection
from app.interledger.delivery import Outcome
from app.interledger.failures import Failure
from app.interledger.flight import Limits
from app.interledger.holds import Hold, InsufficientFunds, Settlement
from app.interledger.packet import Prepare, Reject, Reply
from app.interledger.quoting import Quote, quote
from app.interledger.sender import Options, pay
from app.interledger.uplink import HttpUplink
from app.sandbox.peer import CONNECTOR, Peer, Trouble, every
from tests.interledger.conftest import fixed_delivery
from tests.interledger.journal import Journal, fixed_send_quote

KILLS = 20


class Books:
    """An account of ``funds``: every hold must be covered, and is settled once."""

    def __init__(self, funds: int = 10_000) -> None:
        self.funds = funds
        self.open: dict[bytes, Hold] = {}
        self.posted: list[Settlement] = []
        self.groups: list[int] = []

    def reserve(self, holds: Sequence[Hold]) -> None:
        if sum(hold.amount for hold in holds) > self.funds:
            raise InsufficientFunds("not enough")
        self.funds -= sum(hold.amount for hold in holds)
        self.open |= {hold.condition: hold for hold in holds}
        self.groups.append(len(holds))

    def settle(self, settlements: Sequence[Settlement]) -> None:
        for settled in settlements:
            hold = self.open.pop(settled.hold.condition)
            if settled.fulfilled:
                self.posted.append(settled)
            else:
                self.funds += hold.amount


def test_every_packet_is_reserved_before_it_leaves(
    peer: Peer, uplink: HttpUplink, connection: Connection, quoted: Quote
) -> None:
    books, seen = Books(), []

    def look(number: int, prepare: Prepare) -> Reply | None:
        seen.append(prepare.condition in books.open)
        return None

    peer.connector.fault = look
    pay(uplink, connection, quoted, Options(holds=books))
    assert seen == [True] * 10


def test_what_is_fulfilled_is_posted_and_what_is_rejected_is_voided(
    peer: Peer, uplink: HttpUplink, connection: Connection, quoted: Quote
) -> None:
    books = Books()
    peer.connector.fault = every(3, "T04")
    outcome = pay(uplink, connection, quoted, Options(holds=books))
    assert (outcome.sent, books.open, books.funds) == (1000, {}, 9_000)
    assert sum(settled.hold.amount for settled in books.posted) == outcome.sent == peer.connector.sent
    assert sum(settled.delivered for settled in books.posted) == outcome.delivered == 500


def test_holds_are_committed_in_groups(uplink: HttpUplink, connection: Connection, quoted: Quote) -> None:
    books = Books()
    pay(uplink, connection, quoted, Options(holds=books))
    assert books.groups[0] > 1


def test_when_the_money_ends_the_payment_ends_with_what_was_sent(
    peer: Peer, uplink: HttpUplink, connection: Connection, quoted: Quote
) -> None:
    books = Books(funds=350)
    outcome = pay(uplink, connection, quoted, Options(holds=books, limits=Limits(in_flight_max=1)))
    assert (outcome.failure, outcome.sent, books.funds) == (Failure.InsufficientBalance, 300, 50)
    assert peer.connector.sent == 300


def test_a_packet_without_an_answer_stays_on_hold_and_is_not_sent_again(
    peer: Peer, uplink: HttpUplink, connection: Connection, quoted: Quote
) -> None:
    books = Books()
    lost = peer.connector._number + 4
    peer.connector.fault = lambda number, prepare: Trouble(after=True) if number == lost else None
    outcome = pay(uplink, connection, quoted, Options(holds=books))
    assert (outcome.failure, outcome.sent, outcome.unknown) == (Failure.OutcomeUnknown, 900, 100)
    assert [hold.amount for hold in books.open.values()] == [100]
    assert peer.connector.sent == 1000  # it had been paid: to send it again would have been once too often


def test_once_a_doubt_is_settled_the_payment_goes_on(
    peer: Peer, uplink: HttpUplink, connection: Connection, quoted: Quote
) -> None:
    lost = peer.connector._number + 4
    peer.connector.fault = lambda number, prepare: Trouble(status=502) if number == lost else None
    first = pay(uplink, connection, quoted)
    voided = Outcome(sent=first.sent, delivered=first.delivered)
    second = pay(uplink, connection, quoted, Options(earlier=voided))
    assert (second.failure, second.sent, second.delivered) == (None, 1000, 500)
    assert peer.connector.sent == 1000


def test_a_payment_goes_on_where_an_attempt_before_has_failed(
    peer: Peer, uplink: HttpUplink, connection: Connection
) -> None:
    offer = quote(uplink, connection, fixed_delivery(500))
    start = peer.connector._number
    peer.connector.fault = lambda number, prepare: Reject("F02", CONNECTOR) if number > start + 3 else None
    first = pay(uplink, connection, offer)
    peer.connector.fault = lambda number, prepare: None
    second = pay(uplink, connection, offer, Options(earlier=first))
    assert (first.failure, first.delivered) == (Failure.ConnectorError, 150)
    assert (second.failure, second.delivered) == (None, peer.books.received["alice"])
    assert second.sent == peer.connector.sent <= offer.max_source_amount


def test_nothing_is_sent_when_the_attempts_before_have_paid(
    peer: Peer, uplink: HttpUplink, connection: Connection, quoted: Quote
) -> None:
    first = pay(uplink, connection, quoted)
    again = pay(uplink, connection, quoted, Options(earlier=first))
    assert (again.failure, again.sent, peer.connector.sent) == (None, 1000, 1000)


def test_killed_at_random_it_never_exceeds_the_quote_and_accounts_for_everything(peer: Peer, tmp_path: Path) -> None:
    """Kill the sender twenty times at random, in the middle of a payment; then let it finish."""
    rng, path, total = random.Random(5), tmp_path / "journal", 60_000
    given = peer.credentials()
    arguments = [peer.uplink_url, given.address, given.shared_secret.hex(), str(total), str(path)]
    command = [sys.executable, "-m", "tests.interledger.journal", *arguments]
    for _ in range(KILLS):
        _kill_midway(command, peer, rng)
        _check(peer, Journal(path), total)
    subprocess.run(command, check=True)
    journal = Journal(path)
    _check(peer, journal, total)
    assert journal.sent + sum(journal.open.values()) == total


def _kill_midway(command: list[str], peer: Peer, rng: random.Random) -> None:
    """Wait until a few packets of this attempt have come through, and kill at once."""
    enough = peer.connector.sent + 100 * rng.randrange(1, 20)
    running = subprocess.Popen(command)
    while peer.connector.sent < enough and running.poll() is None:
        time.sleep(0.001)
    time.sleep(rng.random() / 100)
    assert running.poll() is None, "it should have been in the middle of the payment"
    running.send_signal(signal.SIGKILL)
    running.wait()


def _check(peer: Peer, journal: Journal, total: int) -> None:
    """What the journal calls sent has been sent; what has been sent is sent, or open, in the journal."""
    time.sleep(0.02)  # what the connector had taken arrives
    in_doubt = sum(journal.open.values())
    assert journal.sent <= peer.connector.sent <= journal.sent + in_doubt <= total
    assert journal.delivered <= peer.books.received["alice"] <= fixed_send_quote(total).max_source_amount // 2
