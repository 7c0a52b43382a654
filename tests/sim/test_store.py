"""What the engine asks of a store, of the one in memory as of the one in PostgreSQL."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.errors import WrongState
from app.money import NATIVE
from app.stellar.facts import Receipt, TransactionFacts
from app.stellar.results import Codes
from app.submission.facts import (
    Attempt,
    Batch,
    Close,
    Envelope,
    Fate,
    Holdings,
    Item,
    Park,
    Post,
    Rebuild,
    Result,
    Signed,
    Source,
    Wait,
)
from app.submission.forming import DOUBT_SECONDS, PAUSE_SECONDS
from app.submission.postgres import LEASE_SECONDS, PARKED_SECONDS
from app.submission.service import NewOrder
from tests.sim.houses import House, InMemory
from tests.sim.postgres import InPostgres
from tests.sim.scenario import ORGANIZATION, UNIT, USDC, address

SOURCE = Source(address("treasury 1"), ORGANIZATION)
CHANNELS = {address("channel 1"): 101, address("channel 2"): 201}
FEES_MAX = 5000
PLENTY = Holdings(10, {NATIVE: 1000 * UNIT, USDC: 1000 * UNIT})


class Desk:
    """A house, its clock, and the verbs of the store, each in a transaction of its own."""

    def __init__(self, build: Callable[..., House]):
        self.now = 0.0
        self.house = build(lambda: self.now, interval_seconds=2, fees_daily_max=FEES_MAX)
        self.house.found([SOURCE], CHANNELS)

    def order(self, key: str, **facts: Any) -> str:
        plain: dict[str, Any] = {
            "organization_id": ORGANIZATION,
            "owner": "anchor",
            "owner_key": key,
            "source": SOURCE.address,
            "destination": address("payee 1"),
            "asset": USDC,
            "amount": UNIT,
            "reservation": f"reserved {key}",
        }
        self.now += 0.01  # no two at once
        return self.house.request(NewOrder(**plain | facts))

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        def call(*facts: Any) -> Any:
            with self.house.transaction() as store:
                return getattr(store, verb)(*facts)

        return call

    def formed(self, holdings: Holdings = PLENTY) -> list[tuple[Batch, list[Item]]]:
        """Form and lease what there is to sign."""
        self.form(SOURCE, holdings, 20)
        return sorted(((batch, list(items)) for batch, items in self.lease_bound(20)), key=lambda leased: leased[0].id)

    def live(self, holdings: Holdings = PLENTY) -> Batch:
        """Form one batch, sign it and lease it to be handed in."""
        [(batch, items)] = self.formed(holdings)
        assert self.persist(batch, signed(batch, items))
        return self.leased()

    def leased(self) -> Batch:
        [batch] = self.lease_live(20)
        return batch

    def states(self) -> dict[str, str]:
        return {key: row.state for key, row in self.house.orders().items()}


def signed(batch: Batch, items: list[Item], mark: str = "a") -> Signed:
    hash = f"{batch.id}{mark}"
    wanted = tuple(item.id for item in items if item.wanted)
    return Signed(Attempt(hash, 100, 9, 200, len(wanted) or 1), Envelope(hash, hash, f"xdr {hash}", 200), wanted)


def landed(batch: Batch, *codes: str, fee: int = 100) -> Close:
    """The batch's newest attempt is in ledger 11: with these codes of its operations, or successful if none."""
    facts = TransactionFacts(
        batch.attempts[-1].hash, not codes, 11, 50, fee, batch.channel, batch.channel, batch.sequence, ""
    )
    return Close(facts, Codes("tx_failed" if codes else "tx_success", codes))


@pytest.fixture(params=["memory", "postgres"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    if request.param == "memory":
        yield Desk(InMemory)
    else:
        request.getfixturevalue("app")
        yield Desk(InPostgres)


def test_a_source_is_leased_while_it_has_orders_and_a_channel_is_free(desk: Desk) -> None:
    assert desk.lease_sources(5) == []
    desk.order("a")
    assert desk.lease_sources(5) == [SOURCE]
    assert desk.lease_sources(5) == []  # it is leased
    desk.now += LEASE_SECONDS
    desk.order("b", memo_type="id", memo="1")
    desk.order("c", memo_type="id", memo="2")
    assert len(desk.formed()) == 2
    assert desk.lease_sources(5) == []  # no channel is free
    assert sorted(desk.states().values()) == ["bound", "bound", "ready"]


def test_a_source_is_looked_at_again_after_its_rest(desk: Desk) -> None:
    desk.order("a")
    [source] = desk.lease_sources(5)
    desk.rest(source, 7)
    desk.now += 6
    assert desk.lease_sources(5) == []
    desk.now += 1
    assert desk.lease_sources(5) == [SOURCE]


def test_orders_of_one_memo_travel_together_on_the_next_number_of_a_channel(desk: Desk) -> None:
    ids = [desk.order(key, memo_type="id", memo=memo) for key, memo in (("a", "1"), ("b", "2"), ("c", "1"))]
    (first, items), (second, others) = desk.formed()
    assert [item.id for item in items] == [ids[0], ids[2]]
    assert [item.id for item in others] == [ids[1]]
    assert (first.memo_type, first.memo, second.memo) == ("id", "1", "2")
    assert {(batch.channel, batch.sequence) for batch in (first, second)} == set(CHANNELS.items())


def test_what_there_is_no_room_for_waits_and_keeps_its_asset_waiting(desk: Desk) -> None:
    desk.order("big", amount=5 * UNIT)
    desk.order("small")
    desk.order("other", asset=NATIVE)
    little = Holdings(10, {NATIVE: 9 * UNIT, USDC: 4 * UNIT})
    [(_, items)] = desk.formed(little)
    assert [item.asset for item in items] == [NATIVE]
    assert desk.formed() == []  # the asset is paused, whatever the source holds now
    desk.now += PAUSE_SECONDS
    assert [len(items) for _, items in desk.formed()][1:] == [2]


def test_what_is_on_its_way_out_is_not_spent_again_before_the_balance_shows_it(desk: Desk) -> None:
    desk.order("a", amount=6 * UNIT)
    holdings = Holdings(10, {USDC: 10 * UNIT})
    batch = desk.live(holdings)
    desk.order("b", amount=6 * UNIT)
    assert desk.formed(holdings) == []  # a is bound
    assert desk.close(batch, landed(batch))
    desk.now += PAUSE_SECONDS
    assert desk.formed(holdings) == []  # a is settled in ledger 11, and this balance is of ledger 10
    desk.now += PAUSE_SECONDS
    assert len(desk.formed(replace(holdings, ledger=11))) == 1


def test_an_account_is_created_by_one_batch_at_a_time(desk: Desk) -> None:
    for memo in "12":
        desk.order(memo, kind="create_account", asset=NATIVE, memo_type="id", memo=memo)
    assert [len(items) for _, items in desk.formed()] == [1]
    assert sorted(desk.states().values()) == ["bound", "ready"]


def test_a_batch_is_leased_once_until_its_lease_ends_and_the_late_holder_changes_nothing(desk: Desk) -> None:
    desk.order("a")
    [(late, items)] = desk.formed()
    assert desk.lease_bound(5) == []
    desk.now += LEASE_SECONDS
    [(batch, _)] = desk.lease_bound(5)
    assert batch == replace(late, fence=late.fence + 1)
    assert not desk.persist(late, signed(late, items))
    assert desk.persist(batch, signed(batch, items, "b"))
    assert not desk.put_off(late, Wait(1))
    [live] = desk.lease_live(5)
    assert [attempt.hash for attempt in live.attempts] == [f"{batch.id}b"]


def test_a_signed_batch_carries_its_attempt_and_is_handed_in_at_once(desk: Desk) -> None:
    ids = [desk.order(key) for key in "ab"]
    batch = desk.live()
    said = signed(batch, [])
    assert batch.attempts == (replace(said.attempt, operations=2),)
    assert batch.envelopes == (said.envelope,)
    assert list(desk.carried(said.attempt.hash)) == ids


def test_what_a_node_said_is_kept_and_a_code_outlives_silence(desk: Desk) -> None:
    desk.order("a")
    batch = desk.live()
    post = Post(batch.envelopes[-1], 12)
    assert desk.note(batch, Result(post, Receipt("refused", Codes("tx_bad_seq"))))
    assert desk.note(batch, Result(replace(post, ledger=13), Receipt("unknown")))
    assert desk.put_off(batch, Wait())
    desk.now += 2
    assert desk.leased().envelopes == (replace(post.envelope, posted_ledger=13, receipt="unknown", code="tx_bad_seq"),)


def test_a_batch_put_off_comes_again_and_remembers_how_far_it_was_asked_for(desk: Desk) -> None:
    desk.order("a")
    assert desk.put_off(desk.live(), Wait(ledger=15))
    desk.now += 1
    assert desk.lease_live(5) == []
    desk.now += 1
    batch = desk.leased()
    assert batch.asked_ledger == 15
    assert desk.put_off(batch, Wait(seconds=9, ledger=12))
    desk.now += 8
    assert desk.lease_live(5) == []
    desk.now += 1
    assert desk.leased().asked_ledger == 15


def test_a_fee_bump_is_handed_in_next_within_the_days_limit(desk: Desk) -> None:
    desk.order("a")
    batch = desk.live()
    bump = Envelope("bump", batch.attempts[-1].hash, "xdr bump", 2000)
    assert desk.add(batch, bump)
    batch = desk.leased()
    assert batch.envelopes[-1] == bump
    assert len(batch.attempts) == 1
    assert desk.add(batch, replace(bump, hash="dear", xdr="xdr dear", fee=FEES_MAX + 1))
    desk.now += 2
    assert desk.leased().envelopes[-1] == bump


def test_the_day_limit_counts_what_was_paid_today(desk: Desk) -> None:
    desk.order("a")
    batch = desk.live()
    desk.close(batch, landed(batch, fee=FEES_MAX))
    desk.order("b")
    batch = desk.live()
    bump = Envelope("bump", batch.attempts[-1].hash, "xdr bump", 1)
    desk.add(batch, bump)
    desk.now += 86_400
    batch = desk.leased()
    assert bump not in batch.envelopes
    assert desk.add(batch, bump)
    assert desk.leased().envelopes[-1] == bump


def test_the_guilty_are_left_out_of_the_next_attempt(desk: Desk) -> None:
    guilty, _ = desk.order("guilty"), desk.order("good")
    batch = desk.live()
    assert desk.rebuild(batch, Rebuild("refused", {guilty: ("op_malformed", "it cannot be")}))
    assert desk.lease_live(5) == []
    [(again, items)] = desk.lease_bound(5)
    assert again.sequence == batch.sequence
    assert again.attempts == batch.attempts
    assert [(item.code, item.wanted) for item in items] == [("op_malformed", False), ("", True)]


def test_a_parked_batch_keeps_its_channel_and_is_looked_at_now_and_then(desk: Desk) -> None:
    desk.order("a")
    assert desk.park(desk.live(), Park("nobody knows"))
    assert "nobody knows" in desk.house.open_batches()[0]
    desk.now += PARKED_SECONDS - 1
    assert desk.lease_live(5) == []
    desk.now += 1
    batch = desk.leased()
    assert desk.park(batch, Park("still nobody knows"))
    desk.now += PARKED_SECONDS
    batch = desk.leased()
    assert desk.close(batch, landed(batch))
    assert desk.house.open_batches() == []


def test_a_batch_that_cannot_be_signed_is_parked_and_can_be_signed_later(desk: Desk) -> None:
    desk.order("a")
    [(batch, _)] = desk.formed()
    assert desk.park(batch, Park("no key"))
    desk.now += PARKED_SECONDS
    batch = desk.leased()
    assert batch.attempts == ()
    assert desk.rebuild(batch, Rebuild("again"))
    [(batch, items)] = desk.lease_bound(5)
    assert desk.persist(batch, signed(batch, items))


def test_what_is_in_the_ledger_is_settled_posted_and_its_fee_booked(desk: Desk) -> None:
    for key in "ab":
        desk.order(key)
    batch = desk.live()
    assert desk.close(batch, landed(batch, fee=200))
    found, hash = desk.house.orders(), batch.attempts[-1].hash
    assert [(row.state, row.place) for row in found.values()] == [("settled", (hash, n, 11)) for n in (0, 1)]
    assert desk.house.numbers() == CHANNELS | {batch.channel: batch.sequence + 1}
    assert desk.house.open_batches() == []
    booked = desk.house.balances()
    assert booked["owed", USDC] == (2 * UNIT, 0)
    assert booked[f"treasury:{SOURCE.address}", USDC] == (-2 * UNIT, 0)
    assert booked["fees:network", NATIVE] == (200, 0)
    assert booked[f"channel:{batch.channel}", NATIVE] == (-200, 0)


def test_of_a_transaction_that_failed_the_guilty_fail_and_the_others_go_again(desk: Desk) -> None:
    for key in ("guilty", "good"):
        desk.order(key)
    batch = desk.live()
    assert desk.close(batch, landed(batch, "op_no_trust", "op_success"))
    assert desk.states() == {"guilty": "failed", "good": "ready"}
    assert desk.house.orders()["guilty"].code == "op_no_trust"
    assert desk.house.balances()["owed", USDC] == (0, UNIT)
    [(again, items)] = desk.formed()
    assert [item.id for item in items] == [desk.carried(batch.attempts[-1].hash)[1]]
    assert (again.channel, again.sequence) != (batch.channel, batch.sequence)


def test_an_account_that_turned_out_to_exist_is_paid(desk: Desk) -> None:
    desk.order("a", kind="create_account", asset=NATIVE)
    batch = desk.live()
    desk.close(batch, landed(batch, "op_already_exists"))
    [(_, [item])] = desk.formed()
    assert (item.kind, item.operation) == ("create_account", "payment")


def test_a_source_that_ran_dry_pauses_its_asset_and_the_order_is_a_suspect(desk: Desk) -> None:
    for key in ("dry", "good"):
        desk.order(key)
    batch = desk.live()
    desk.close(batch, landed(batch, "op_underfunded", "op_success"))
    assert desk.formed() == []
    desk.now += PAUSE_SECONDS
    assert [len(items) for _, items in desk.formed()] == [1, 1]  # the suspect travels apart


def test_who_lost_a_batch_cannot_close_it(desk: Desk) -> None:
    desk.order("a")
    late = desk.live()
    desk.now += LEASE_SECONDS
    desk.leased()
    assert not desk.close(late, landed(late))
    assert not desk.rebuild(late, Rebuild("again"))
    assert not desk.park(late, Park("late"))
    assert not desk.note(late, Result(Post(late.envelopes[-1], 1), Receipt("pending")))
    assert desk.states() == {"a": "bound"}


def test_an_order_called_off_before_it_was_bound_is_cancelled_and_its_money_free(desk: Desk) -> None:
    desk.order("a")
    desk.house.cancel("a")
    assert desk.states() == {"a": "cancelled"}
    assert desk.house.balances()["owed", USDC] == (0, 0)
    assert desk.formed() == []


@pytest.mark.parametrize(("codes", "state"), [((), "settled"), (("op_success", "op_no_trust"), "cancelled")])
def test_an_order_called_off_later_is_paid_if_it_was_in_the_ledger(
    desk: Desk, codes: tuple[str, ...], state: str
) -> None:
    for key in "ab":
        desk.order(key)
    batch = desk.live()
    desk.house.cancel("a")
    assert desk.states()["a"] == "recalled"
    assert desk.close(batch, landed(batch, *codes))
    assert desk.states()["a"] == state
    if state == "settled":
        with pytest.raises(WrongState):
            desk.house.cancel("a")


def test_a_recalled_order_is_not_wanted_any_more(desk: Desk) -> None:
    for key in "ab":
        desk.order(key)
    batch = desk.live()
    desk.house.cancel("a")
    desk.rebuild(batch, Rebuild("its time is over"))
    [(_, items)] = desk.lease_bound(5)
    assert [(item.recalled, item.wanted) for item in items] == [(True, False), (False, True)]


def test_what_was_found_impossible_is_doubted_failed_or_turned_round(desk: Desk) -> None:
    ids = {key: desk.order(key, kind="create_account", asset=NATIVE, destination=address(key)) for key in "abc"}
    doubt, fail = Fate("doubt", "op_x", "perhaps"), Fate("fail", "op_no_destination", "nobody")
    desk.judge({ids["a"]: doubt, ids["b"]: fail, ids["c"]: Fate("adjust", operation="payment")})
    assert desk.states() == {"a": "ready", "b": "failed", "c": "ready"}
    assert desk.house.balances()["owed", NATIVE] == (0, 2 * UNIT)
    [(_, [item])] = desk.formed()
    assert (item.id, item.operation) == (ids["c"], "payment")
    desk.now += DOUBT_SECONDS
    [(_, [item])] = desk.formed()
    assert (item.id, item.reason) == (ids["a"], "perhaps")
