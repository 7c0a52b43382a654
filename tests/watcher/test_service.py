"""Following, writing down, claiming: the verbs, without a network."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from stellar_sdk import Keypair

from app.clock import after
from app.errors import Conflict, Invalid, NotFound, WrongState
from app.ledger import service as ledger
from app.money import NATIVE
from app.organizations.service import add_organization
from app.states import history
from app.watcher import queries, service
from app.watcher.facts import Fact
from app.watcher.feed import Page
from app.watcher.models import Stream
from tests.watcher.conftest import in_suspense

OURS, THEIRS = Keypair.random().public_key, Keypair.random().public_key
BEGIN = service.before_ledger(100)
FACT = Fact(
    id="",
    operation_id=0,
    account=OURS,
    muxed_id="",
    direction="in",
    kind="payment",
    asset=NATIVE,
    amount=50,
    counterparty=THEIRS,
    memo_type="text",
    memo="inv 7",
    transaction_hash="outer",
    inner_hash="inner",
    operation_index=0,
    ledger=100,
    closed_at=datetime(2026, 1, 2, tzinfo=UTC),
)


def fact(number, **otherwise):
    id = (100 << 32) + (1 << 12) + number
    return replace(FACT, id=f"{id}-1", operation_id=id, **otherwise)


def page(*facts, before=BEGIN, full=False):
    return Page(OURS, before, max((fact.operation_id for fact in facts), default=before), facts, full)


@pytest.fixture
def stream(session, organization_id):
    stream = service.follow(session, organization_id, OURS, BEGIN)
    session.commit()
    return stream


@pytest.fixture
def owed(session, organization_id):
    return ledger.open_account(session, organization_id, "owed", NATIVE, "credit")


@pytest.fixture
def observation(session, stream):
    service.record(session, page(fact(1)), 120)
    [observation] = service.arrived(session, 10)
    return observation


def test_a_stream_begins_where_it_is_told_to(session, stream):
    assert (stream.cursor, stream.read_ledger, stream.state) == (BEGIN, 99, "following")


def test_following_again_leaves_a_stream_where_it_is(session, organization_id, stream):
    service.record(session, page(fact(1)), 120)
    assert service.follow(session, organization_id, OURS, 0).cursor == fact(1).operation_id


def test_an_account_has_one_owner(session, stream):
    with pytest.raises(Conflict, match="another organization"):
        service.follow(session, add_organization(session, "umbrella").id, OURS, BEGIN)


@pytest.mark.parametrize("account, cursor", [("GNOBODY", 1), ("M" + OURS[1:], 1), (OURS, -1), (OURS, 2**63)])
def test_only_an_account_can_be_followed_and_from_a_place_only(session, organization_id, account, cursor):
    with pytest.raises(Invalid):
        service.follow(session, organization_id, account, cursor)


def test_what_arrives_lies_in_suspense_until_it_is_claimed(session, observation, owed):
    assert in_suspense(session) == 50
    service.claim(session, observation, "anchor", "transaction 7", owed)
    assert in_suspense(session) == 0 and ledger.balance(session, owed).posted == 50
    assert (observation.state, observation.claimed_by, observation.claimed_key) == (
        "claimed",
        "anchor",
        "transaction 7",
    )


def test_it_is_claimed_once(session, observation, owed):
    service.claim(session, observation, "anchor", "transaction 7", owed)
    with pytest.raises(WrongState):
        service.claim(session, observation, "anchor", "transaction 8", owed)
    assert ledger.balance(session, owed).posted == 50


def test_what_nobody_expects_stays_in_suspense_with_a_reason(session, observation):
    service.leave(session, observation, "no transaction has this memo")
    assert in_suspense(session) == 50 and service.arrived(session, 10) == []
    assert [left.reason for left in queries.unmatched(session)] == ["no transaction has this memo"]


@pytest.mark.parametrize("verb, state", [(service.claim, "claimed"), (service.give_back, "returned")])
def test_an_operator_may_decide_later(session, observation, owed, verb, state):
    service.leave(session, observation, "no memo")
    verb(session, observation, "operator", "ticket 5", owed)
    assert observation.state == state and in_suspense(session) == 0
    assert [line.event for line in history(session, observation)][:2] == ["begin", "leave"]


def test_what_went_out_is_written_down_and_not_posted(session, stream):
    service.record(session, page(fact(1, direction="out"), fact(2, direction="out")), 120)
    assert service.arrived(session, 10) == [] and in_suspense(session) == 0
    first, second = queries.standing(session, "departed")
    assert service.explain(session, [first.id], "submission", "order 3") == [first.id]
    assert service.flag(session, [first.id, second.id], "nobody ordered it") == [second.id]
    assert service.explain(session, [second.id], "operator", "the auditors") == [second.id]
    session.expire_all()
    assert [(row.state, row.claimed_by) for row in (first, second)] == [
        ("explained", "submission"),
        ("explained", "operator"),
    ]


def test_what_cannot_be_read_is_kept_for_an_operator_and_not_posted(session, stream):
    service.record(session, page(fact(1, direction="", amount=0, raw='{"record": {}}'), fact(2)), 120)
    [unparsed] = queries.standing(session, "unparsed")
    assert unparsed.raw == '{"record": {}}' and in_suspense(session) == 50
    assert service.explain(session, [unparsed.id], "operator") == [unparsed.id]


def test_a_page_is_written_down_once(session, stream):
    assert service.record(session, page(fact(1)), 120) is True
    assert service.record(session, page(fact(1), fact(2)), 120) is False
    assert in_suspense(session) == 50


def test_what_is_read_again_is_not_written_down_again(session, stream):
    service.record(session, page(fact(1), fact(2)), 120)
    service.stop(session, OURS, "to read again")
    service.resume(session, OURS, BEGIN)
    assert service.record(session, page(fact(1), fact(2), fact(3)), 120) is True
    assert in_suspense(session) == 150


def test_several_assets_on_one_page_lie_in_suspense_apart(session, stream):
    service.record(session, page(fact(1), fact(2, asset="stellar:USD:GISSUER", amount=9), fact(3)), 120)
    assert (in_suspense(session), in_suspense(session, "stellar:USD:GISSUER")) == (100, 9)


def test_a_page_costs_a_few_statements_whatever_is_on_it(session, stream, statements):
    service.record(session, page(fact(1), full=True), 120)
    session.expire_all()
    statements.clear()
    assert service.record(session, page(*map(fact, range(2, 202)), before=fact(1).operation_id), 120)
    assert len(statements) < 15


def test_a_full_page_does_not_claim_to_have_read_its_last_ledger(session, stream):
    service.record(session, page(fact(1), full=True), 120)
    assert stream.read_ledger == 99
    service.record(session, page(before=fact(1).operation_id), 120)
    session.refresh(stream)
    assert (stream.read_ledger, stream.cursor) == (120, fact(1).operation_id)


def test_a_stopped_stream_takes_nothing(session, stream):
    service.stop(session, OURS, "the network was reset")
    assert service.record(session, page(fact(1)), 120) is False
    session.refresh(stream)
    assert (stream.state, stream.reason) == ("stopped", "the network was reset")
    assert queries.following(session) == []


def test_a_stopped_stream_goes_on_from_where_it_was_or_from_where_it_is_told(session, stream):
    service.stop(session, OURS, "one")
    assert (service.resume(session, OURS).cursor, stream.reason) == (BEGIN, "")
    service.stop(session, OURS, "two")
    assert service.resume(session, OURS, service.before_ledger(300)).read_ledger == 299
    with pytest.raises(WrongState):
        service.resume(session, OURS)
    with pytest.raises(NotFound):
        service.resume(session, THEIRS)


def test_lag_is_what_is_unread_or_how_long_nothing_was_read(session, stream):
    service.record(session, page(), 120)
    assert queries.lags(session) == {OURS: 0}
    session.get_one(Stream, OURS).node_ledger = 150
    assert queries.lags(session) == {OURS: 30}
    stream.read_at = after(-500)
    session.flush()
    assert queries.lags(session) == {OURS: 100}


def test_two_rooms_that_look_at_once_do_not_see_the_same(app, session, stream):
    service.record(session, page(*map(fact, range(1, 5))), 120)
    session.commit()
    with app.app_context():
        other = app.extensions["sqlalchemy"].session()
        mine, theirs = service.arrived(session, 2), service.arrived(other, 10)
        assert [len(mine), len(theirs)] == [2, 2]
        assert not {row.id for row in mine} & {row.id for row in theirs}


def test_arrivals_wake_whoever_expects_them(app, session, stream):
    woken = []
    app.extensions["publish"] = woken.extend
    service.record(session, page(fact(1), fact(2, direction="out")), 120)
    assert woken == []
    session.commit()
    assert woken == ["observation.arrived"]
