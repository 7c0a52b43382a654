"""Reading a real ledger through a Horizon that is not always well."""

import pytest
from sqlalchemy import text
from stellar_sdk import (
    AccountMerge,
    Asset,
    AuthorizationFlag,
    ChangeTrust,
    Claimant,
    ClaimClaimableBalance,
    Clawback,
    CreateAccount,
    CreateClaimableBalance,
    HashMemo,
    IdMemo,
    Keypair,
    ManageSellOffer,
    MuxedAccount,
    PathPaymentStrictSend,
    Payment,
    Server,
    SetOptions,
    TextMemo,
)

from app.errors import Unavailable
from app.failpoint import armed
from app.ledger import queries as books
from app.organizations.service import add_organization
from app.sandbox.network.local import network
from app.watcher import feed, queries, service
from app.watcher.models import Stream
from app.watcher.run import catch_up
from tests.watcher.conftest import ISSUER, USD, USD_NAME, in_suspense, observed, read

LUMEN = 10_000_000


def test_a_payment_is_observed_with_all_that_is_known_of_it(app, session, world, account):
    hash = world.pay(account, "12.5", memo=TextMemo("inv 7"))
    [seen] = read(app, session)
    assert (seen.account, seen.direction, seen.kind, seen.state) == (account, "in", "payment", "arrived")
    assert (seen.asset, seen.amount, seen.counterparty) == ("stellar:native", 125_000_000, world.payer.public_key)
    assert (seen.memo_type, seen.memo, seen.transaction_hash, seen.ledger) == ("text", "inv 7", hash, world.ledger)
    assert in_suspense(session) == 125_000_000


@pytest.mark.parametrize(
    "memo, kept",
    [
        (IdMemo(2**64 - 1), ("id", "18446744073709551615")),
        (HashMemo(bytes(range(32))), ("hash", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")),
        (TextMemo(b"caf\xc3\xa9"), ("text", "café")),
        (None, ("none", "")),
    ],
)
def test_every_kind_of_memo_is_kept(app, session, world, account, memo, kept):
    world.pay(account, memo=memo)
    assert [(seen.memo_type, seen.memo) for seen in read(app, session)] == [kept]


def test_every_operation_of_a_transaction_counts(app, session, world, account):
    world.pay(account, "2", count=3)
    assert [seen.operation_index for seen in read(app, session)] == [0, 1, 2]
    assert in_suspense(session) == 6 * LUMEN


def test_an_issued_asset_to_a_muxed_address_is_observed(app, session, world, account):
    muxed = MuxedAccount(account, 77).account_muxed
    world.apply(ISSUER, Payment(muxed, USD, "3"))
    [seen] = read(app, session)
    assert (seen.asset, seen.muxed_id, seen.account) == (USD_NAME, "77", account)
    assert in_suspense(session, USD_NAME) == 3 * LUMEN


def test_a_path_payment_is_observed_by_what_arrived(app, session, world, account):
    send = PathPaymentStrictSend(account, Asset.native(), "4", Asset.native(), "4", [])
    world.apply(world.payer, send)
    [seen] = read(app, session)
    assert (seen.kind, seen.amount) == ("path_payment_strict_send", 4 * LUMEN)


def test_an_account_that_merges_into_ours_brings_all_it_had(app, session, world, account):
    leaver = world.somebody()
    world.apply(leaver, AccountMerge(account))
    [seen] = read(app, session)
    assert (seen.kind, seen.counterparty, seen.amount) == ("account_merge", leaver.public_key, 10_000 * LUMEN - 100)


def test_a_claimed_balance_is_observed_when_it_is_claimed(app, session, world, account, treasury):
    world.apply(world.payer, CreateClaimableBalance(Asset.native(), "7", [Claimant(account)]))
    assert read(app, session) == []
    [waiting] = Server(world.url).claimable_balances().for_claimant(account).call()["_embedded"]["records"]
    world.apply(treasury, ClaimClaimableBalance(waiting["id"]))
    [seen] = read(app, session)
    assert (seen.kind, seen.direction, seen.amount) == ("claim_claimable_balance", "in", 7 * LUMEN)


def test_a_trade_is_observed_from_both_sides(app, session, world, account, treasury):
    maker = world.somebody(USD)
    world.apply(ISSUER, Payment(maker.public_key, USD, "100"))
    world.apply(maker, ManageSellOffer(USD, Asset.native(), "10", "2"))
    world.apply(treasury, ManageSellOffer(Asset.native(), USD, "6", "0.5"))
    assert [(seen.direction, seen.asset, seen.amount) for seen in read(app, session)] == [
        ("out", "stellar:native", 6 * LUMEN),
        ("in", USD_NAME, 3 * LUMEN),
    ]


def test_an_offer_nobody_takes_moves_nothing(app, session, world, account, treasury):
    world.apply(treasury, ManageSellOffer(Asset.native(), USD, "6", "1000"))
    assert read(app, session) == []


def test_effects_a_node_does_not_show_yet_are_waited_for(app, session, world, account, treasury, monkeypatch):
    world.apply(world.payer, CreateClaimableBalance(Asset.native(), "7", [Claimant(account)]))
    [waiting] = Server(world.url).claimable_balances().for_claimant(account).call()["_embedded"]["records"]
    world.apply(treasury, ClaimClaimableBalance(waiting["id"]))
    with monkeypatch.context() as lagging:
        lagging.setattr(feed.horizon, "effects", lambda url, id: [])
        assert read(app, session) == []
    assert len(read(app, session)) == 1


def test_money_clawed_back_is_observed_as_gone(app, session, world, organization_id):
    issuer, ours = world.somebody(), world.somebody()
    world.apply(issuer, SetOptions(set_flags=AuthorizationFlag(10)))  # revocable, clawback enabled
    world.apply(ours, ChangeTrust(Asset("EUR", issuer.public_key)))
    service.follow(session, organization_id, ours.public_key, service.before_ledger(world.ledger + 1))
    session.commit()
    world.apply(issuer, Payment(ours.public_key, Asset("EUR", issuer.public_key), "5"))
    world.apply(issuer, Clawback(Asset("EUR", issuer.public_key), ours.public_key, "2"))
    moved = [(seen.kind, seen.direction, seen.amount) for seen in read(app, session)]
    assert moved == [("payment", "in", 5 * LUMEN), ("clawback", "out", 2 * LUMEN)]


def test_an_account_is_read_from_its_creation(app, session, world, organization_id):
    ours = Keypair.random().public_key
    service.follow(session, organization_id, ours, service.before_ledger(world.ledger))
    session.commit()
    assert read(app, session) == []  # it does not exist yet
    world.apply(world.payer, CreateAccount(ours, "5"))
    assert [(seen.kind, seen.amount) for seen in read(app, session)] == [("create_account", 5 * LUMEN)]


def test_what_goes_out_is_observed_and_left_to_be_explained(app, session, world, account, treasury):
    world.apply(treasury, Payment(world.payer.public_key, Asset.native(), "1"), SetOptions(home_domain="x.example"))
    [seen] = read(app, session)
    assert (seen.state, seen.direction, seen.counterparty) == ("departed", "out", world.payer.public_key)
    assert in_suspense(session) == 0


def test_a_payment_from_one_account_of_ours_to_another_is_seen_from_both_sides(
    app, session, world, account, treasury, organization_id
):
    other = world.somebody().public_key
    service.follow(session, organization_id, other, service.before_ledger(world.ledger + 1))
    session.commit()
    world.apply(treasury, Payment(other, Asset.native(), "1"))
    sides = [(seen.account, seen.state) for seen in read(app, session)]
    assert sorted(sides) == sorted([(account, "departed"), (other, "arrived")])
    assert in_suspense(session) == LUMEN


def test_what_failed_never_happened(app, session, world, account):
    with pytest.raises(RuntimeError):
        world.apply(world.payer, Payment(account, Asset.native(), "0"))
    world.apply(world.payer, Payment(account, Asset.native(), "1"), Payment(account, USD, "1"))
    assert read(app, session) == []


def test_what_came_before_the_beginning_is_never_read(app, session, world, treasury, organization_id):
    world.pay(treasury.public_key, "1")
    service.follow(session, organization_id, treasury.public_key, service.before_ledger(world.ledger + 1))
    session.commit()
    world.pay(treasury.public_key, "2")
    assert [seen.amount for seen in read(app, session)] == [2 * LUMEN]


def test_a_long_absence_is_caught_up_with_page_by_page(app, session, world, account):
    for _ in range(5):
        world.pay(account, "1", count=90)
        world.network.close(50)
    assert catch_up(app) == 450
    assert catch_up(app) == 0
    assert len(observed(session)) == 450 and in_suspense(session) == 450 * LUMEN
    assert queries.lags(session) == {account: 0}


def test_what_a_node_repeats_or_shuffles_is_put_right(app, session, world, account, monkeypatch):
    world.pay(account, "1", count=5)
    honest = feed.horizon.operations

    def careless(url, address, cursor):
        records = honest(url, address, max(cursor - (5 << 32), 0))
        return [*reversed(records), *records[:2]]

    monkeypatch.setattr(feed.horizon, "operations", careless)
    read(app, session)
    world.pay(account, "1", count=2)
    seen = read(app, session)
    assert len(seen) == 7 and in_suspense(session) == 7 * LUMEN


@pytest.mark.parametrize("fault", ["busy", "limited", "stale", "unavailable"])
def test_a_node_that_refuses_costs_time_and_nothing_else(app, session, world, account, fault):
    world.pay(account)
    world.network.fault(fault, times=0, match="/operations")
    assert read(app, session) == []
    world.network.heal()
    assert len(read(app, session)) == 1


def test_a_node_that_does_not_answer_at_all_is_said_so(app, session, world, account):
    world.network.fault("unavailable", times=0)
    with pytest.raises(Unavailable):
        catch_up(app)


def test_one_account_that_cannot_be_read_holds_up_no_other(app, session, world, account, organization_id):
    other = world.somebody().public_key
    service.follow(session, organization_id, other, service.before_ledger(world.ledger + 1))
    session.commit()
    world.pay(account)
    world.pay(other)
    world.network.fault("busy", times=0, match=f"/accounts/{account}/operations")
    assert [seen.account for seen in read(app, session)] == [other]


@pytest.mark.parametrize("place, seen_before", [("watcher_before_commit", 0), ("watcher_after_commit", 3)])
def test_a_crash_around_the_commit_neither_loses_nor_doubles(app, session, world, account, place, seen_before):
    world.pay(account, "1", count=3)
    with armed(place):
        catch_up(app)
    assert len(observed(session)) == seen_before
    assert len(read(app, session)) == 3 and in_suspense(session) == 3 * LUMEN


def test_a_node_behind_what_was_read_is_waited_for(app, session, world, account):
    world.pay(account)
    read(app, session)
    before = session.get_one(Stream, account).cursor
    world.network.lag(3)
    world.network.close()  # the node stays where it is; what it shows is older than what we know
    session.execute(text("UPDATE stream SET read_ledger = read_ledger + 2"))
    session.commit()
    world.pay(account)
    assert len(read(app, session)) == 1
    assert (session.get_one(Stream, account).state, session.get_one(Stream, account).cursor) == ("following", before)
    world.network.lag(0)
    assert len(read(app, session)) == 2


def test_another_network_stops_the_stream_with_words(app, session, world, account):
    world.pay(account)
    session.execute(text("UPDATE stream SET network_passphrase = 'Some Other Network'"))
    session.commit()
    assert read(app, session) == []
    stream = session.get_one(Stream, account)
    assert stream.state == "stopped" and "this stream on 'Some Other Network'" in stream.reason


def test_a_network_that_was_reset_stops_the_stream_with_words(app, session, account, world):
    world.network.close(10)
    read(app, session)
    known = session.get_one(Stream, account)
    with network(close_seconds=0, passphrase=world.network.passphrase) as again:
        app.config["HORIZON_URL"] = again.url
        again.advance(3600)
        again.close()
        assert known.known_ledger > again.show()["ledger"]
        read(app, session)
    assert known.state == "stopped" and "the network was reset" in known.reason


def test_a_reset_is_noticed_although_the_new_network_is_longer(app, session, account, world):
    read(app, session)
    with network(close_seconds=0, passphrase=world.network.passphrase) as again:
        app.config["HORIZON_URL"] = again.url
        again.advance(3600)
        again.close(world.ledger + 50)
        read(app, session)
    stream = session.get_one(Stream, account)
    assert stream.state == "stopped" and "is not the one we know" in stream.reason


def test_a_gap_in_history_stops_the_stream_with_words(app, session, organization_id):
    with network(close_seconds=0, keep_ledgers=16) as short:
        app.config |= {"HORIZON_URL": short.url, "NETWORK_PASSPHRASE": short.passphrase}
        ours = Keypair.random().public_key
        short.fund(ours)
        service.follow(session, organization_id, ours, service.before_ledger(5))
        session.commit()
        short.close(100)
        read(app, session)
    stream = session.get_one(Stream, ours)
    assert stream.state == "stopped" and "was read up to 4 only" in stream.reason


def test_a_quiet_account_is_not_taken_for_a_gap(app, session, organization_id):
    with network(close_seconds=0, keep_ledgers=16) as short:
        app.config |= {"HORIZON_URL": short.url, "NETWORK_PASSPHRASE": short.passphrase}
        ours = Keypair.random().public_key
        short.fund(ours)
        service.follow(session, organization_id, ours, service.before_ledger(1))
        session.commit()
        assert len(read(app, session)) == 1
        for _ in range(8):
            short.close(12)
            read(app, session)
    stream = session.get_one(Stream, ours)
    assert stream.state == "following" and stream.cursor >> 32 < stream.read_ledger - 60


def test_what_cannot_be_read_does_not_stop_the_stream(app, session, world, account, monkeypatch):
    honest = feed.horizon.operations

    def crafty(url, address, cursor):
        records = honest(url, address, cursor)
        return [record | {"amount": "a lot"} if record["amount"] == "2.0000000" else record for record in records]

    monkeypatch.setattr(feed.horizon, "operations", crafty)
    for amount in ("1", "2", "3"):
        world.pay(account, amount)
    assert [seen.state for seen in read(app, session)] == ["arrived", "unparsed", "arrived"]
    assert '"a lot"' in observed(session)[1].raw and in_suspense(session) == 4 * LUMEN


def test_a_stream_of_one_organization_is_in_its_own_books_only(app, session, world, account):
    theirs = add_organization(session, "umbrella")
    other = world.somebody().public_key
    service.follow(session, theirs.id, other, service.before_ledger(world.ledger + 1))
    session.commit()
    world.pay(other)
    [seen] = read(app, session)
    assert seen.organization_id == theirs.id
    assert [trial.organization_id for trial in books.trial_balance(session)] == [theirs.id]
