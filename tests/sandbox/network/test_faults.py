"""What a program sees of each thing that can go wrong, with the SDK's own exceptions where it has them."""

from datetime import datetime, timedelta

import pytest
import requests
from stellar_sdk import Payment, Server
from stellar_sdk.client.requests_client import RequestsClient
from stellar_sdk.exceptions import BadResponseError, NotFoundError

from app.sandbox.network.faults import KINDS, Fault, Faults
from app.sandbox.network.handle import Refused
from tests.sandbox.network.conftest import XLM, problem


@pytest.fixture
def plain(shore):
    """The SDK without its own retries."""
    with Server(shore.net.url, RequestsClient(num_retries=0)) as server:
        yield server


@pytest.fixture
def payment(shore):
    someone = shore.person()
    return shore.build(someone, Payment(someone.public_key, XLM, "1"))


def applied(shore, envelope):
    shore.net.close()
    return shore.get(f"/transactions/{envelope.hash_hex()}").status_code == 200


def test_a_timeout_may_hide_a_transaction_that_lands(shore, plain, payment):
    shore.net.fault("timeout_landing")
    with pytest.raises(BadResponseError) as caught:
        plain.submit_transaction(payment)
    assert (caught.value.status, caught.value.extras["hash"]) == (504, payment.hash_hex())
    assert applied(shore, payment)


def test_a_timeout_may_hide_a_transaction_that_is_lost(shore, plain, payment):
    shore.net.fault("timeout_never")
    with pytest.raises(BadResponseError):
        plain.submit_transaction(payment)
    assert not applied(shore, payment)
    with pytest.raises(NotFoundError):
        plain.transactions().transaction(payment.hash_hex()).call()


@pytest.mark.parametrize(("kind", "lands"), [("reset_before", False), ("reset_after", True)])
def test_a_connection_breaks_before_or_after_the_transaction_is_taken_in(shore, payment, kind, lands):
    shore.net.fault(kind)
    with pytest.raises(requests.ConnectionError):
        shore.post("/transactions", payment)
    assert applied(shore, payment) is lands


def test_the_queue_may_be_told_to_put_one_off(shore, plain, payment):
    shore.net.fault("try_again_later")
    refused = shore.post("/transactions_async", payment)
    assert (refused.status_code, refused.json()["tx_status"]) == (503, "TRY_AGAIN_LATER")
    assert shore.post("/transactions_async", payment).json()["tx_status"] == "PENDING"


def test_pending_is_no_promise(shore, payment):
    shore.net.fault("evict")
    assert shore.post("/transactions_async", payment).json()["tx_status"] == "PENDING"
    assert not applied(shore, payment)
    assert shore.post("/transactions_async", payment).json()["tx_status"] == "TRY_AGAIN_LATER"


@pytest.mark.parametrize(
    ("kind", "status", "name"),
    [("busy", 503, "server_over_capacity"), ("limited", 429, "rate_limit_exceeded"), ("stale", 503, "stale_history")],
)
def test_a_node_may_be_unable_to_answer(shore, kind, status, name):
    shore.net.fault(kind, match="/ledgers", seconds=3)
    assert shore.get("/payments").status_code == 200
    answer = shore.get("/ledgers")
    assert (answer.status_code, answer.headers["Retry-After"], problem(answer)[0]) == (status, "3", name)
    assert shore.get("/ledgers").status_code == 200


def test_the_sdk_tries_again_when_a_node_is_busy(shore, server):
    shore.net.fault("busy", seconds=0)
    assert server.ledgers().limit(1).call()["_embedded"]["records"]


def test_a_connection_may_break_whatever_is_asked(shore):
    shore.net.fault("unavailable")
    with pytest.raises(requests.ConnectionError):
        shore.get("/ledgers")


def test_in_a_surge_who_bids_too_little_is_left_out(shore, payment):
    shore.net.fault("surge", fee=500)
    shore.post("/transactions_async", payment)
    assert not applied(shore, payment)
    assert applied(shore, payment)


def test_in_a_surge_everybody_pays_the_rate_of_those_who_fill_the_ledger(shore):
    cheap, dear, dearer = (shore.person() for _ in range(3))
    bids = [(cheap, 100), (dear, 800), (dearer, 900)]
    for someone, fee in bids:
        shore.post("/transactions_async", shore.build(someone, Payment(someone.public_key, XLM, "1"), fee=fee))
    shore.net.fault("surge", fee=500)
    shore.net.close()
    newest = shore.records("/transactions?order=desc&limit=2")
    assert {one["source_account"]: one["fee_charged"] for one in newest} == {
        dear.public_key: "500",
        dearer.public_key: "500",
    }


def test_a_node_behind_core_shows_what_was(shore, payment):
    before = shore.get("/").json()["history_latest_ledger"]
    shore.net.lag(2)
    shore.post("/transactions_async", payment)
    assert not applied(shore, payment)
    root = shore.get("/").json()
    assert (root["history_latest_ledger"], root["core_latest_ledger"]) == (before, before + 1)
    account = payment.transaction.source.account_id
    assert int(shore.get(f"/accounts/{account}").json()["sequence"]) == payment.transaction.sequence - 1
    shore.net.close(1)
    assert applied(shore, payment)


def test_nodes_over_one_ledger_lag_each_for_itself(shores):
    shore = shores(nodes=2)
    shore.net.lag(1, node=1)
    someone = shore.person()
    path = f"/accounts/{someone.public_key}"
    assert [shore.get(path, node).status_code for node in (0, 1)] == [200, 404]
    shore.net.close()
    assert shore.get(path, 1).status_code == 200


def test_a_fault_of_one_node_leaves_the_other_alone(shores):
    shore = shores(nodes=2)
    shore.net.fault("stale", times=0, node=1)
    assert [shore.get("/ledgers", node).status_code for node in (0, 1, 1)] == [200, 503, 503]
    shore.net.heal()
    assert shore.get("/ledgers", 1).status_code == 200


def test_a_fault_strikes_only_what_it_is_meant_for(shore, payment):
    other = shore.person()
    shore.net.fault("timeout_never", match=other.public_key)
    assert shore.post("/transactions_async", payment).status_code == 201


def test_there_are_no_other_faults(shore):
    with pytest.raises(Refused, match="no such fault"):
        shore.net.fault("earthquake")


def test_weather_is_drawn_from_its_seed():
    def strikes(seed):
        faults = Faults()
        faults.set_weather(seed, 30)
        return [getattr(faults.strike(0, "", "busy", "stale"), "kind", None) for _ in range(50)]

    assert strikes(1) == strikes(1)
    assert strikes(1) != strikes(2)
    assert set(strikes(1)) == {None, "busy", "stale"}


def test_every_kind_of_fault_says_what_it_does():
    assert all(Fault(kind) and KINDS[kind] for kind in KINDS)


def test_the_clock_driven_ahead_is_ahead_of_the_last_ledger(shore):
    """Ledgers with content take a second each, however fast they close: the last may be ahead of the clock."""
    for _ in range(5):
        someone = shore.person()
        shore.post("/transactions_async", shore.build(someone, Payment(someone.public_key, XLM, "1")))
        shore.net.close()
    before = shore.records("/ledgers?order=desc&limit=1")[0]["closed_at"]
    shore.net.advance(60)
    shore.net.close()
    after = shore.records("/ledgers?order=desc&limit=1")[0]["closed_at"]
    assert datetime.fromisoformat(after) - datetime.fromisoformat(before) >= timedelta(seconds=60)
