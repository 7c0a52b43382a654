"""Payments through the sandbox peer: what each side says was sent and delivered must agree exactly."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from app.interledger.quoting import quote
from app.interledger.sender import pay
from tests.interledger.conftest import fixed_delivery, fixed_send


def test_a_fixed_send_sends_exactly_its_amount(peer, uplink, connection, quoted) -> None:
    outcome = pay(uplink, connection, quoted)
    assert (outcome.failure, outcome.sent, outcome.delivered, outcome.unknown) == (None, 1000, 500, 0)
    assert (peer.connector.sent, peer.books.received["alice"]) == (1000, 500)


def test_a_fixed_delivery_delivers_its_amount_and_spends_no_more_than_quoted(peer, uplink, connection) -> None:
    offer = quote(uplink, connection, fixed_delivery(777))
    outcome = pay(uplink, connection, offer)
    assert (outcome.failure, outcome.delivered) == (None, peer.books.received["alice"])
    assert outcome.sent == peer.connector.sent <= offer.max_source_amount
    assert outcome.delivered >= 777


def test_the_receipt_proves_what_was_delivered(peer, uplink, connection, quoted) -> None:
    outcome = pay(uplink, connection, quoted)
    assert peer.verify(outcome.receipt).total_received == 500


@pytest.mark.parametrize("amount", [2, 19, 20, 22, 41, 101, 119, 2022])
def test_any_amount_that_could_be_quoted_can_be_sent_however_coarse_the_receivers_units(
    peer, uplink, connection, amount
) -> None:
    parts = 2 if amount < 20 else 20
    peer.connector.rate = Fraction(1, parts)
    terms = replace(fixed_send(amount), prices={"USD": Decimal(1), "EUR": Decimal(parts)})
    outcome = pay(uplink, connection, quote(uplink, connection, terms))
    assert (outcome.failure, outcome.sent) == (None, amount)
    assert outcome.delivered == peer.books.received["alice"] >= 1
