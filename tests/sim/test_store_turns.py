"""Batches are signed, handed in and closed: in the store in memory as in the one in PostgreSQL."""

from dataclasses import replace

import pytest

from app.errors import WrongState
from app.money import NATIVE
from app.stellar.facts import Receipt
from app.stellar.operations import SET_ASIDE
from app.stellar.results import Codes
from app.submission.facts import (
    Envelope,
    Fate,
    Park,
    Post,
    Rebuild,
    Result,
    Wait,
)
from app.submission.forming import DOUBT_SECONDS, PAUSE_SECONDS
from app.submission.postgres import PARKED_SECONDS
from tests.sim.clerk import CHANNELS, FEES_MAX, SOURCE, Clerk, landed, signed
from tests.sim.scenario import LEASE_SECONDS, UNIT, USDC, address


def test_a_batch_is_leased_once_until_its_lease_ends_and_the_late_holder_changes_nothing(clerk: Clerk) -> None:
    clerk.order("a")
    [(late, items)] = clerk.formed()
    assert clerk.lease_bound(5) == []
    clerk.now += LEASE_SECONDS
    [(batch, _)] = clerk.lease_bound(5)
    assert batch == replace(late, fence=late.fence + 1)
    assert not clerk.persist(late, signed(late, items))
    assert clerk.persist(batch, signed(batch, items, "b"))
    assert not clerk.put_off(late, Wait(1))
    [live] = clerk.lease_live(5)
    assert [attempt.hash for attempt in live.attempts] == [f"{batch.id}b"]


def test_a_signed_batch_carries_its_attempt_and_is_handed_in_at_once(clerk: Clerk) -> None:
    ids = [clerk.order(key) for key in "ab"]
    batch = clerk.live()
    said = signed(batch, [])
    assert batch.attempts == (replace(said.attempt, operations=2),)
    assert batch.envelopes == (said.envelope,)
    assert list(clerk.carried(said.attempt.hash)) == ids


def test_what_a_node_said_is_kept_and_a_code_outlives_silence(clerk: Clerk) -> None:
    clerk.order("a")
    batch = clerk.live()
    post = Post(batch.envelopes[-1], 12)
    assert clerk.note(batch, Result(post, Receipt("refused", Codes("tx_bad_seq"))))
    assert clerk.note(batch, Result(replace(post, ledger=13), Receipt("unknown")))
    assert clerk.put_off(batch, Wait())
    clerk.now += 2
    assert clerk.leased().envelopes == (replace(post.envelope, posted_ledger=13, receipt="unknown", code="tx_bad_seq"),)


def test_a_batch_put_off_comes_again_and_remembers_how_far_it_was_asked_for(clerk: Clerk) -> None:
    clerk.order("a")
    assert clerk.put_off(clerk.live(), Wait(ledger=15))
    clerk.now += 1
    assert clerk.lease_live(5) == []
    clerk.now += 1
    batch = clerk.leased()
    assert batch.asked_ledger == 15
    assert clerk.put_off(batch, Wait(seconds=9, ledger=12))
    clerk.now += 8
    assert clerk.lease_live(5) == []
    clerk.now += 1
    assert clerk.leased().asked_ledger == 15


def test_a_fee_bump_is_handed_in_next_within_the_days_limit(clerk: Clerk) -> None:
    clerk.order("a")
    batch = clerk.live()
    bump = Envelope("bump", batch.attempts[-1].hash, "xdr bump", 2000)
    assert clerk.add(batch, bump)
    batch = clerk.leased()
    assert batch.envelopes[-1] == bump
    assert len(batch.attempts) == 1
    assert clerk.add(batch, replace(bump, hash="dear", xdr="xdr dear", fee=FEES_MAX + 1))
    clerk.now += 2
    assert clerk.leased().envelopes[-1] == bump


def test_the_day_limit_counts_what_was_paid_today(clerk: Clerk) -> None:
    clerk.order("a")
    batch = clerk.live()
    clerk.close(batch, landed(batch, fee=FEES_MAX))
    clerk.order("b")
    batch = clerk.live()
    bump = Envelope("bump", batch.attempts[-1].hash, "xdr bump", 1)
    clerk.add(batch, bump)
    clerk.now += 86_400
    batch = clerk.leased()
    assert bump not in batch.envelopes
    assert clerk.add(batch, bump)
    assert clerk.leased().envelopes[-1] == bump


def test_what_is_late_knows_what_raising_its_fee_may_still_cost_today(clerk: Clerk) -> None:
    clerk.order("a")
    batch = clerk.live()
    clerk.close(batch, landed(batch, fee=FEES_MAX - 700))
    clerk.order("b")
    batch = clerk.live()
    assert batch.fees_left == 0  # nobody has asked for it yet
    assert clerk.put_off(batch, Wait(ledger=12))
    clerk.now += 2
    assert clerk.leased().fees_left == 700


def test_the_guilty_are_left_out_of_the_next_attempt(clerk: Clerk) -> None:
    guilty, _ = clerk.order("guilty"), clerk.order("good")
    batch = clerk.live()
    assert clerk.rebuild(batch, Rebuild("refused", {guilty: ("op_malformed", "it cannot be")}))
    assert clerk.lease_live(5) == []
    [(again, items)] = clerk.lease_bound(5)
    assert again.sequence == batch.sequence
    assert again.attempts == batch.attempts
    assert [(item.code, item.wanted) for item in items] == [("op_malformed", False), ("", True)]


def test_a_parked_batch_keeps_its_channel_and_is_looked_at_now_and_then(clerk: Clerk) -> None:
    clerk.order("a")
    assert clerk.park(clerk.live(), Park("nobody knows"))
    assert "nobody knows" in clerk.house.open_batches()[0]
    clerk.now += PARKED_SECONDS - 1
    assert clerk.lease_live(5) == []
    clerk.now += 1
    batch = clerk.leased()
    assert clerk.park(batch, Park("still nobody knows"))
    clerk.now += PARKED_SECONDS
    batch = clerk.leased()
    assert clerk.close(batch, landed(batch))
    assert clerk.house.open_batches() == []


def test_a_batch_that_cannot_be_signed_is_parked_and_can_be_signed_later(clerk: Clerk) -> None:
    clerk.order("a")
    [(batch, _)] = clerk.formed()
    assert clerk.park(batch, Park("no key"))
    clerk.now += PARKED_SECONDS
    batch = clerk.leased()
    assert batch.attempts == ()
    assert clerk.rebuild(batch, Rebuild("again"))
    [(batch, items)] = clerk.lease_bound(5)
    assert clerk.persist(batch, signed(batch, items))


def test_what_is_in_the_ledger_is_settled_posted_and_its_fee_booked(clerk: Clerk) -> None:
    for key in "ab":
        clerk.order(key)
    batch = clerk.live()
    assert clerk.close(batch, landed(batch, fee=200))
    found, hash = clerk.house.orders(), batch.attempts[-1].hash
    assert [(row.state, row.place) for row in found.values()] == [("settled", (hash, n, 11)) for n in (0, 1)]
    assert clerk.house.numbers() == CHANNELS | {batch.channel: batch.sequence + 1}
    assert clerk.house.open_batches() == []
    booked = clerk.house.balances()
    assert booked["owed", USDC] == (2 * UNIT, 0)
    assert booked[f"treasury:{SOURCE.address}", USDC] == (-2 * UNIT, 0)
    assert booked["fees:network", NATIVE] == (200, 0)
    assert booked[f"channel:{batch.channel}", NATIVE] == (-200, 0)


def test_of_a_transaction_that_failed_the_guilty_fail_and_the_others_go_again(clerk: Clerk) -> None:
    for key in ("guilty", "good"):
        clerk.order(key)
    batch = clerk.live()
    assert clerk.close(batch, landed(batch, "op_no_trust", "op_success"))
    assert clerk.states() == {"guilty": "failed", "good": "ready"}
    assert clerk.house.orders()["guilty"].code == "op_no_trust"
    assert clerk.house.balances()["owed", USDC] == (0, UNIT)
    [(again, items)] = clerk.formed()
    assert [item.id for item in items] == list(clerk.carried(batch.attempts[-1].hash))[1:]
    assert (again.channel, again.sequence) != (batch.channel, batch.sequence)


def test_an_account_that_turned_out_to_exist_is_paid(clerk: Clerk) -> None:
    clerk.order("a", kind="create_account", asset=NATIVE)
    batch = clerk.live()
    clerk.close(batch, landed(batch, "op_already_exists"))
    [(_, [item])] = clerk.formed()
    assert (item.kind, item.operation) == ("create_account", "payment")


def test_what_could_not_be_received_is_set_aside_if_its_owner_wants_that(clerk: Clerk) -> None:
    for key in ("aside", "called off"):
        clerk.order(key, otherwise="claimable_balance")
    clerk.order("plain")
    batch = clerk.live()
    clerk.house.cancel("called off")
    clerk.close(batch, landed(batch, *["op_no_trust"] * 3))
    assert clerk.states() == {"aside": "ready", "called off": "cancelled", "plain": "failed"}
    [(again, items)] = clerk.formed()
    assert [(item.operation, item.otherwise, item.code) for item in items] == [(SET_ASIDE, "claimable_balance", "")]
    clerk.persist(again, signed(again, items))
    again = clerk.leased()
    assert list(clerk.carried(again.attempts[-1].hash).values()) == [SET_ASIDE]
    clerk.close(again, landed(again))
    assert clerk.house.orders()["aside"].place == (again.attempts[-1].hash, 0, 11)
    assert clerk.house.balances()["owed", USDC] == (UNIT, 0)


def test_who_was_named_at_the_door_is_set_aside_when_the_number_is_spent(clerk: Clerk) -> None:
    named, plain = clerk.order("named", otherwise="claimable_balance"), clerk.order("plain")
    batch = clerk.live()
    assert dict(clerk.carried(batch.attempts[-1].hash)) == {named: "payment", plain: "payment"}
    clerk.rebuild(batch, Rebuild("refused", dict.fromkeys((named, plain), ("op_no_trust", "it has no trustline"))))
    [(batch, items)] = clerk.lease_bound(5)
    assert [item.wanted for item in items] == [False, False]
    clerk.persist(batch, signed(batch, items, "b"))
    batch = clerk.leased()
    clerk.close(batch, landed(batch))
    assert clerk.states() == {"named": "ready", "plain": "failed"}
    [(_, [item])] = clerk.formed()
    assert (item.id, item.operation, item.wanted) == (named, SET_ASIDE, True)


def test_a_source_without_the_reserve_pauses_its_xlm_and_pays_all_else(clerk: Clerk) -> None:
    clerk.judge({clerk.order("aside", otherwise="claimable_balance"): Fate("adjust", operation=SET_ASIDE)})
    batch = clerk.live()
    clerk.close(batch, landed(batch, "op_low_reserve"))
    clerk.order("xlm", asset=NATIVE)
    clerk.order("usdc")
    [(_, [item])] = clerk.formed()
    assert (item.asset, item.operation) == (USDC, "payment")
    clerk.now += PAUSE_SECONDS
    assert [len(items) for _, items in clerk.formed()][-1:] == [1]


def test_a_source_that_ran_dry_pauses_its_asset_and_the_order_is_a_suspect(clerk: Clerk) -> None:
    for key in ("dry", "good"):
        clerk.order(key)
    batch = clerk.live()
    clerk.close(batch, landed(batch, "op_underfunded", "op_success"))
    assert clerk.formed() == []
    clerk.now += PAUSE_SECONDS
    assert [len(items) for _, items in clerk.formed()] == [1, 1]  # the suspect travels apart


def test_who_lost_a_batch_cannot_close_it(clerk: Clerk) -> None:
    clerk.order("a")
    late = clerk.live()
    clerk.now += LEASE_SECONDS
    clerk.leased()
    assert not clerk.close(late, landed(late))
    assert not clerk.rebuild(late, Rebuild("again"))
    assert not clerk.park(late, Park("late"))
    assert not clerk.note(late, Result(Post(late.envelopes[-1], 1), Receipt("pending")))
    assert clerk.states() == {"a": "bound"}


def test_an_order_called_off_before_it_was_bound_is_cancelled_and_its_money_free(clerk: Clerk) -> None:
    clerk.order("a")
    clerk.house.cancel("a")
    assert clerk.states() == {"a": "cancelled"}
    assert clerk.house.balances()["owed", USDC] == (0, 0)
    assert clerk.formed() == []


@pytest.mark.parametrize(("codes", "state"), [((), "settled"), (("op_success", "op_no_trust"), "cancelled")])
def test_an_order_called_off_later_is_paid_if_it_was_in_the_ledger(
    clerk: Clerk, codes: tuple[str, ...], state: str
) -> None:
    for key in "ab":
        clerk.order(key)
    batch = clerk.live()
    clerk.house.cancel("a")
    assert clerk.states()["a"] == "recalled"
    assert clerk.close(batch, landed(batch, *codes))
    assert clerk.states()["a"] == state
    if state == "settled":
        with pytest.raises(WrongState):
            clerk.house.cancel("a")


def test_a_recalled_order_is_not_wanted_any_more(clerk: Clerk) -> None:
    for key in "ab":
        clerk.order(key)
    batch = clerk.live()
    clerk.house.cancel("a")
    clerk.rebuild(batch, Rebuild("its time is over"))
    [(_, items)] = clerk.lease_bound(5)
    assert [(item.recalled, item.wanted) for item in items] == [(True, False), (False, True)]


def test_what_was_found_impossible_is_doubted_failed_or_turned_round(clerk: Clerk) -> None:
    ids = {key: clerk.order(key, kind="create_account", asset=NATIVE, destination=address(key)) for key in "abc"}
    doubt, fail = Fate("doubt", "op_x", "perhaps"), Fate("fail", "op_no_destination", "nobody")
    clerk.judge({ids["a"]: doubt, ids["b"]: fail, ids["c"]: Fate("adjust", operation="payment")})
    assert clerk.states() == {"a": "ready", "b": "failed", "c": "ready"}
    assert clerk.house.balances()["owed", NATIVE] == (0, 2 * UNIT)
    [(_, [item])] = clerk.formed()
    assert (item.id, item.operation) == (ids["c"], "payment")
    clerk.now += DOUBT_SECONDS
    [(_, [item])] = clerk.formed()
    assert (item.id, item.reason) == (ids["a"], "perhaps")
