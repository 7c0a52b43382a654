"""Who gets into the next ledger, at what price, and who is dropped without a word; recorded from a real core."""

import json
from pathlib import Path

import pytest
from stellar_sdk import Asset, CreateAccount, Payment
from stellar_sdk import xdr as X

from app.sandbox.network.engine.queue import Status
from tests.sandbox.network.town import Town, codes, key

SURGE = {case["case"]: case for case in json.loads((Path(__file__).parent / "data" / "core-surge.json").read_text())}
CROWD = [key(f"person {n}") for n in range(40)]
CAPACITY = 5


@pytest.fixture
def crowded():
    """Forty people, and ledgers with room for five of them."""
    town = Town(max_operations=40)
    told = codes(town.apply(town.build(town.root, [CreateAccount(one.public_key, "100") for one in CROWD])).result)
    recorded = SURGE["fund40"]["applied"]
    assert told == {name: recorded[name] for name in told}
    return _with_room_for(town, CAPACITY)


def _with_room_for(town, operations):
    narrow = Town(max_operations=operations)
    for entry in town.ledger.world:
        narrow.ledger.world.put(entry)
    narrow.now = town.now
    return narrow


def _bid(town, person, fee):
    return town.build(person, [Payment(town.root.public_key, Asset.native(), "1")], fee=fee)


def _rising_bids(town):
    """Submit the recorded bids; return hash → fee."""
    bids = {}
    for person, (fee, status, _) in zip(CROWD, SURGE["surge_maxtxset5_40tx"]["submissions"], strict=True):
        envelope = _bid(town, person, fee)
        assert town.submit(envelope).status.value == status
        bids[envelope.hash()] = fee
    return bids


def test_rising_bids_are_all_taken_in_and_only_the_best_apply_at_the_lowest_rate_among_them(crowded):
    bids = _rising_bids(crowded)
    ledgers = [crowded.close() for _ in range(3)]
    applied = [(n, one) for n, closed in enumerate(ledgers) for one in closed.transactions]
    paid = {bids[one.frame.hash]: (n, one.fee_charged) for n, one in applied}
    recorded = {fee: outcome for fee, outcome in SURGE["surge_maxtxset5_40tx"]["applied"] if outcome}
    first = min(ledger for ledger, _ in recorded.values())
    assert paid == {fee: (ledger - first, charged) for fee, (ledger, charged) in recorded.items()}


def test_equal_bids_fill_two_ledgers_and_the_rest_are_told_what_would_do(crowded):
    recorded = SURGE["equal_fee_overload_maxtxset5"]
    for person, (status, refusal) in zip(CROWD, recorded["statuses"], strict=True):
        admission = crowded.submit(_bid(crowded, person, 100))
        assert admission.status.value == status
        assert (admission.result.to_xdr().to_xdr() if admission.result else None) == refusal
    assert [len(crowded.close().transactions) for _ in range(3)] == [5, 5, 0]


def test_a_fee_above_the_available_balance_is_refused(crowded):
    person = CROWD[0]
    admission = crowded.submit(_bid(crowded, person, 2_000_000_000))
    recorded = X.TransactionResult.from_xdr(SURGE["fee_above_available_balance"]["submit_xdr"])
    assert codes(admission.result.to_xdr()) == codes(recorded)


def test_who_is_outbid_is_banned_without_a_word(crowded):
    cheap = [_bid(crowded, person, 100) for person in CROWD[:10]]
    assert {crowded.submit(envelope).status for envelope in cheap} == {Status.PENDING}
    assert crowded.submit(_bid(crowded, CROWD[20], 500)).status is Status.PENDING
    gone = [envelope for envelope in cheap if crowded.submit(envelope).status is Status.TRY_AGAIN_LATER]
    assert len(gone) == 1


def test_what_is_not_included_in_four_ledgers_is_dropped_and_banned():
    town = Town(max_operations=1)
    people = CROWD[:2]
    town.now += 5
    for person in people:
        town.apply(town.build(town.root, [CreateAccount(person.public_key, "100")]))
    waiting = _bid(town, people[0], 100)
    assert town.submit(waiting).status is Status.PENDING
    for _ in range(4):
        assert town.close(outbid=1000).transactions == ()
    assert town.submit(waiting).status is Status.TRY_AGAIN_LATER


def test_all_pending_fees_of_a_payer_together_must_be_covered():
    town = Town()
    payer, *others = CROWD[:4]
    created = [CreateAccount(one.public_key, "5") for one in CROWD[:4]]
    town.apply(town.build(town.root, created))
    inner = [town.build(one, [Payment(payer.public_key, Asset.native(), "0.1")]) for one in others]
    answers = [town.submit(town.bump(payer, 8_000_000, one)).status for one in inner]
    assert answers == [Status.PENDING, Status.PENDING, Status.ERROR]


def test_the_order_of_application_depends_on_the_seed_and_not_on_the_order_of_arrival():
    def order(seed, people):
        town = Town(seed=seed)
        town.apply(town.build(town.root, [CreateAccount(one.public_key, "100") for one in CROWD[:12]]))
        for person in people:
            assert town.submit(_bid(town, person, 100)).status is Status.PENDING
        return [applied.frame.source for applied in town.close().transactions]

    arrived = [one.raw_public_key() for one in CROWD[:12]]
    assert order(7, CROWD[:12]) == order(7, CROWD[11::-1])
    assert order(7, CROWD[:12]) != order(8, CROWD[:12])
    assert order(7, CROWD[:12]) != arrived
