"""Drafts that others are to sign: in the store in memory as in the one in PostgreSQL."""

from dataclasses import replace

from app.submission.decisions import LOOK_SECONDS
from app.submission.facts import Attempt, Batch, Draft, Envelope, Item, Park, Rebuild, Wait
from tests.sim.clerk import CHANNELS, Clerk, landed
from tests.sim.scenario import COSIGNER, LEASE_SECONDS

SECONDS = 1000


def drawn_up(batch: Batch, items: list[Item], mark: str = "d", until: int = 5000) -> Draft:
    hash = f"{batch.id}{mark}"
    wanted = tuple(item.id for item in items if item.wanted)
    return Draft(Attempt(hash, until, 9, 200, len(wanted) or 1), f"draft {hash}", wanted, SECONDS)


def envelope(draft: Draft) -> Envelope:
    return Envelope(draft.attempt.hash, draft.attempt.hash, f"xdr {draft.attempt.hash}", draft.attempt.fee)


def circulating(clerk: Clerk, mark: str = "d") -> Draft:
    """Form what was ordered, and draw it up for others."""
    [(batch, items)] = clerk.formed()
    draft = drawn_up(batch, items, mark)
    assert clerk.circulate(batch, draft)
    return replace(draft, seconds=0)


def test_a_draft_waits_and_is_leased_now_and_then_with_its_orders(clerk: Clerk) -> None:
    ids = [clerk.order(key) for key in "ab"]
    draft = circulating(clerk)
    assert (clerk.lease_signing(5), clerk.lease_bound(5), clerk.lease_live(5)) == ([], [], [])
    assert clerk.house.drafts() == [int(draft.attempt.hash.removesuffix("d"))]
    clerk.now += LOOK_SECONDS
    [(batch, items, found)] = clerk.lease_signing(5)
    assert found == draft
    assert [item.id for item in items] == list(draft.orders) == ids == list(clerk.carried(draft.attempt.hash))
    assert (batch.attempts, batch.envelopes, batch.drafted_until) == ((), (), 5000)
    assert clerk.states() == {"a": "bound", "b": "bound"}


def test_a_signature_lets_the_batch_be_due_at_once_and_whoever_holds_it_lose_it(clerk: Clerk) -> None:
    clerk.order("a")
    draft = circulating(clerk)
    clerk.now += LOOK_SECONDS
    [(late, _, _)] = clerk.lease_signing(5)
    clerk.house.cosign(late.id, COSIGNER, b"signed")
    clerk.house.cosign(late.id, COSIGNER, b"signed")  # the same again is the same
    assert not clerk.put_off(late, Wait(LOOK_SECONDS))
    [(batch, _, found)] = clerk.lease_signing(5)
    assert found == replace(draft, signatures=((COSIGNER, b"signed"),))
    assert batch.fence > late.fence


def test_what_enough_have_signed_is_handed_in_like_any_other(clerk: Clerk) -> None:
    clerk.order("a")
    draft = circulating(clerk)
    clerk.now += LOOK_SECONDS
    [(batch, _, _)] = clerk.lease_signing(5)
    assert clerk.collect(batch, envelope(draft))
    assert not clerk.collect(batch, envelope(draft))
    live = clerk.leased()
    assert (live.attempts, live.envelopes, live.drafted_until) == ((draft.attempt,), (envelope(draft),), 0)
    assert clerk.house.drafts() == []
    assert clerk.close(live, landed(live))
    assert clerk.states() == {"a": "settled"}
    assert clerk.house.numbers() == CHANNELS | {live.channel: live.sequence + 1}


def test_who_lost_a_draft_changes_nothing(clerk: Clerk) -> None:
    clerk.order("a")
    [(late, items)] = clerk.formed()
    clerk.now += LEASE_SECONDS
    [(batch, _)] = clerk.lease_bound(5)
    assert not clerk.circulate(late, drawn_up(late, items))
    assert clerk.circulate(batch, drawn_up(batch, items))
    clerk.now += LOOK_SECONDS
    [(late, _, draft)] = clerk.lease_signing(5)
    clerk.now += LEASE_SECONDS
    [(batch, _, _)] = clerk.lease_signing(5)
    assert not clerk.collect(late, envelope(draft))
    assert not clerk.rebuild(late, Rebuild("too old"))
    assert clerk.collect(batch, envelope(draft))


def test_an_order_called_off_lets_its_draft_be_looked_at_and_drawn_up_without_it(clerk: Clerk) -> None:
    for key in "ab":
        clerk.order(key)
    circulating(clerk)
    clerk.house.cancel("a")
    assert clerk.states() == {"a": "recalled", "b": "bound"}
    [(batch, items, draft)] = clerk.lease_signing(5)
    assert [item.wanted for item in items] == [False, True]
    assert clerk.rebuild(batch, Rebuild("not wanted any more"))
    [(again, items)] = clerk.lease_bound(5)
    assert (again.sequence, again.attempts, again.drafted_until) == (batch.sequence, (), 5000)
    assert clerk.circulate(again, drawn_up(again, items, "e", until=6000))
    clerk.house.cosign(again.id, COSIGNER, b"signed")
    [(batch, _, newer)] = clerk.lease_signing(5)
    assert newer.orders == draft.orders[1:]
    assert clerk.collect(batch, envelope(newer))
    live = clerk.leased()
    assert clerk.close(live, landed(live))
    assert clerk.states() == {"a": "cancelled", "b": "settled"}


def test_a_draft_that_cannot_be_signed_is_parked_and_drawn_up_later(clerk: Clerk) -> None:
    clerk.order("a")
    circulating(clerk)
    clerk.now += LOOK_SECONDS
    [(batch, _, _)] = clerk.lease_signing(5)
    assert clerk.park(batch, Park("no key"))
    assert clerk.lease_signing(5) == []
    clerk.now += 600
    parked = clerk.leased()
    assert (parked.attempts, parked.envelopes) == ((), ())
    assert clerk.rebuild(parked, Rebuild("again"))
    assert len(clerk.lease_bound(5)) == 1


def test_what_was_signed_before_can_still_close_a_batch_whose_draft_waits(clerk: Clerk) -> None:
    _, guilty = [clerk.order(key) for key in "ab"]
    first = clerk.live()
    assert clerk.rebuild(first, Rebuild("refused", {guilty: ("op_malformed", "no")}))
    [(batch, items)] = clerk.lease_bound(5)
    assert clerk.circulate(batch, drawn_up(batch, items))
    clerk.now += LOOK_SECONDS
    [(batch, _, draft)] = clerk.lease_signing(5)
    assert (batch.attempts, len(draft.orders)) == (first.attempts, 1)
    assert clerk.close(batch, landed(batch))
    assert clerk.states() == {"a": "settled", "b": "settled"}
    assert clerk.house.open_batches() == []
