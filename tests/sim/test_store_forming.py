"""Orders become batches: in the store in memory as in the one in PostgreSQL."""

from dataclasses import replace
from typing import Any

from app.money import NATIVE
from app.stellar.facts import Receipt
from app.stellar.operations import SET_ASIDE, TAKE_BACK
from app.stellar.results import Codes
from app.submission.caps import DAY_SECONDS
from app.submission.facts import Envelope, Fate, Holdings, Post, Result
from app.submission.forming import PAUSE_SECONDS
from app.submission.pace import SURGE_SECONDS
from app.submission.packing import SURGE_MAX
from tests.sim.clerk import CHANNELS, SOURCE, Clerk, landed, signed
from tests.sim.scenario import LEASE_SECONDS, SURGE_OPERATIONS_MAX, UNIT, USDC


def test_a_source_is_leased_while_it_has_orders_and_a_channel_is_free(clerk: Clerk) -> None:
    assert clerk.lease_sources(5) == []
    clerk.order("a")
    assert clerk.lease_sources(5) == [SOURCE]
    assert clerk.lease_sources(5) == []  # it is leased
    clerk.now += LEASE_SECONDS
    clerk.order("b", memo_type="id", memo="1")
    clerk.order("c", memo_type="id", memo="2")
    assert len(clerk.formed()) == 2
    assert clerk.lease_sources(5) == []  # no channel is free
    assert sorted(clerk.states().values()) == ["bound", "bound", "ready"]


def test_a_source_is_looked_at_again_after_its_rest(clerk: Clerk) -> None:
    clerk.order("a")
    [source] = clerk.lease_sources(5)
    clerk.rest(source, 7)
    clerk.now += 6
    assert clerk.lease_sources(5) == []
    clerk.now += 1
    assert clerk.lease_sources(5) == [SOURCE]


def test_orders_of_one_memo_travel_together_on_the_next_number_of_a_channel(clerk: Clerk) -> None:
    ids = [clerk.order(key, memo_type="id", memo=memo) for key, memo in (("a", "1"), ("b", "2"), ("c", "1"))]
    (first, items), (second, others) = clerk.formed()
    assert [item.id for item in items] == [ids[0], ids[2]]
    assert [item.id for item in others] == [ids[1]]
    assert (first.memo_type, first.memo, second.memo) == ("id", "1", "2")
    assert {(batch.channel, batch.sequence) for batch in (first, second)} == set(CHANNELS.items())


def test_what_there_is_no_room_for_waits_and_keeps_its_asset_waiting(clerk: Clerk) -> None:
    clerk.order("big", amount=5 * UNIT)
    clerk.order("small")
    clerk.order("other", asset=NATIVE)
    little = Holdings(10, {NATIVE: 9 * UNIT, USDC: 4 * UNIT})
    [(_, items)] = clerk.formed(little)
    assert [item.asset for item in items] == [NATIVE]
    assert clerk.formed() == []  # the asset is paused, whatever the source holds now
    clerk.now += PAUSE_SECONDS
    assert [len(items) for _, items in clerk.formed()][1:] == [2]


def test_what_is_on_its_way_out_is_not_spent_again_before_the_balance_shows_it(clerk: Clerk) -> None:
    clerk.order("a", amount=6 * UNIT)
    holdings = Holdings(10, {USDC: 10 * UNIT})
    batch = clerk.live(holdings)
    clerk.order("b", amount=6 * UNIT)
    assert clerk.formed(holdings) == []  # a is bound
    assert clerk.close(batch, landed(batch))
    clerk.now += PAUSE_SECONDS
    assert clerk.formed(holdings) == []  # a is settled in ledger 11, and this balance is of ledger 10
    clerk.now += PAUSE_SECONDS
    assert len(clerk.formed(replace(holdings, ledger=11))) == 1


def test_an_account_is_created_by_one_batch_at_a_time(clerk: Clerk) -> None:
    for memo in "12":
        clerk.order(memo, kind="create_account", asset=NATIVE, memo_type="id", memo=memo)
    assert [len(items) for _, items in clerk.formed()] == [1]
    assert sorted(clerk.states().values()) == ["bound", "ready"]


def aside(clerk: Clerk, key: str, **facts: Any) -> str:
    """Order what is to be put into a claimable balance."""
    id = clerk.order(key, otherwise="claimable_balance", **facts)
    clerk.judge({id: Fate("adjust", operation=SET_ASIDE)})
    return id


RESERVE = UNIT // 2


def test_what_is_set_aside_takes_a_reserve_that_nothing_else_may_spend(clerk: Clerk) -> None:
    aside(clerk, "aside", amount=2 * UNIT)
    clerk.order("dear", asset=NATIVE, amount=4 * UNIT + 1)
    holdings = Holdings(10, {NATIVE: 5 * UNIT, USDC: 2 * UNIT}, base_reserve=RESERVE)
    batch = clerk.live(holdings)
    assert list(clerk.carried(batch.attempts[-1].hash).values()) == [SET_ASIDE]
    clerk.now += PAUSE_SECONDS
    assert clerk.formed(holdings) == []  # its reserve is still to be taken
    clerk.now += PAUSE_SECONDS
    assert len(clerk.formed(replace(holdings, spendable={NATIVE: 6 * UNIT}))) == 1


def test_a_settled_balance_keeps_its_reserve_until_the_holdings_show_it(clerk: Clerk) -> None:
    aside(clerk, "aside", asset=NATIVE)
    holdings = Holdings(10, {NATIVE: 3 * UNIT}, base_reserve=RESERVE)
    batch = clerk.live(holdings)
    clerk.close(batch, landed(batch))  # in ledger 11
    clerk.order("next", asset=NATIVE, amount=UNIT + 1)
    assert clerk.formed(holdings) == []
    clerk.now += PAUSE_SECONDS
    assert len(clerk.formed(replace(holdings, ledger=11))) == 1


def test_where_the_reserve_is_missing_only_xlm_waits(clerk: Clerk) -> None:
    aside(clerk, "aside")
    clerk.order("other memo", memo_type="id", memo="1")
    clerk.order("plain")
    poor = Holdings(10, {NATIVE: 2 * RESERVE - 1, USDC: 9 * UNIT}, base_reserve=RESERVE)
    assert sorted(len(items) for _, items in clerk.formed(poor)) == [1, 1]
    assert clerk.states() == {"aside": "ready", "other memo": "bound", "plain": "bound"}


def test_taking_back_costs_the_source_nothing_and_waits_for_no_money(clerk: Clerk) -> None:
    facts = {"kind": TAKE_BACK, "destination": "00" * 36, "amount": 9 * UNIT}
    clerk.order("big", amount=5 * UNIT)
    nothing = Holdings(10, {NATIVE: 0, USDC: UNIT}, base_reserve=RESERVE)
    assert clerk.formed(nothing) == []  # USDC is paused
    back = clerk.order("back", **facts)
    [(_, [item])] = clerk.formed(nothing)
    assert (item.id, item.operation) == (back, TAKE_BACK)


def test_no_more_leaves_in_a_day_than_its_cap(clerk: Clerk) -> None:
    clerk.house.cap(USDC, 5 * UNIT)
    for key in ("a", "b"):
        clerk.order(key, amount=3 * UNIT)
    batch = clerk.live()
    assert clerk.close(batch, landed(batch))
    clerk.now += DAY_SECONDS - 1
    assert clerk.formed() == []
    clerk.now += PAUSE_SECONDS
    assert [len(items) for _, items in clerk.formed()] == [1]


def test_what_is_on_its_way_counts_against_the_cap(clerk: Clerk) -> None:
    clerk.house.cap(USDC, 5 * UNIT)
    clerk.order("a", amount=3 * UNIT)
    assert len(clerk.formed()) == 1
    clerk.order("b", amount=3 * UNIT)
    clerk.order("other", asset=NATIVE)
    [(_, [item])] = clerk.formed()
    assert item.asset == NATIVE


def test_what_is_more_than_may_ever_leave_in_a_day_fails_and_keeps_nothing_waiting(clerk: Clerk) -> None:
    clerk.house.cap(USDC, 5 * UNIT)
    clerk.order("big", amount=6 * UNIT)
    clerk.order("small")
    [(_, [item])] = clerk.formed()
    assert item.amount == UNIT
    assert clerk.states() == {"big": "failed", "small": "bound"}
    assert clerk.house.orders()["big"].code == "over_daily_cap"


def test_while_the_network_is_busy_batches_are_small_and_few_orders_are_under_way(clerk: Clerk) -> None:
    clerk.order("first", memo_type="id", memo="1")
    batch = clerk.live()
    assert clerk.note(batch, Result(Post(batch.envelopes[-1], 12), Receipt("refused", Codes("tx_insufficient_fee"))))
    for number in range(SURGE_OPERATIONS_MAX):
        clerk.order(str(number))
    [(_, items)] = clerk.formed()
    assert len(items) == SURGE_MAX  # and the other channel is taken
    assert clerk.close(batch, landed(batch, fee=300))
    while batches := clerk.formed():
        assert {len(items) for _, items in batches} == {SURGE_MAX}
    assert list(clerk.states().values()).count("bound") <= SURGE_OPERATIONS_MAX


def test_a_batch_that_was_dear_keeps_the_next_ones_small_for_a_while(clerk: Clerk) -> None:
    clerk.order("first")
    batch = clerk.live()
    assert clerk.close(batch, landed(batch, fee=1000))
    for number in range(3 * SURGE_MAX):
        clerk.order(str(number))
    first, second = clerk.formed()
    assert [len(items) for _, items in (first, second)] == [SURGE_MAX, SURGE_MAX]
    assert clerk.persist(first[0], signed(*first))
    batch = clerk.leased()
    clerk.now += SURGE_SECONDS
    for number in range(3 * SURGE_MAX, 6 * SURGE_MAX):
        clerk.order(str(number))
    assert clerk.close(batch, landed(batch))
    assert [len(items) for _, items in clerk.formed()][-1] == 4 * SURGE_MAX


def test_a_fee_bump_under_way_is_a_sign_of_a_busy_network(clerk: Clerk) -> None:
    clerk.order("first")
    batch = clerk.live()
    assert clerk.add(batch, Envelope("bump", batch.attempts[-1].hash, "xdr bump", 2000))
    for number in range(SURGE_MAX + 1):
        clerk.order(str(number))
    [(_, items)] = clerk.formed()
    assert len(items) == SURGE_MAX
