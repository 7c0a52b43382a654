"""What the verbs do, seen by one caller."""

import pytest

from app.errors import Conflict, Invalid, NotFound
from app.ledger import queries
from app.ledger import service as ledger
from app.ledger.service import Posting, Resolution


def test_a_transfer_moves_its_amount(session, opened):
    cash, owed = opened("cash", "debit"), opened("owed", "credit")
    ledger.transfer(session, "arrival", cash, owed, 700)
    assert ledger.balance(session, cash).posted == ledger.balance(session, owed).posted == 700


def test_an_account_is_opened_once(session, opened):
    assert opened("cash", "debit").id == opened("cash", "debit").id


def test_an_account_keeps_its_rule(session, opened):
    opened("cash", "debit")
    with pytest.raises(Conflict, match="cash is debit, not credit"):
        opened("cash", "credit")


def test_one_name_may_hold_two_assets(session, opened):
    assert opened("cash", asset="iso4217:USD").id != opened("cash", asset="iso4217:EUR").id


def test_the_same_key_with_the_same_facts_moves_nothing_again(session, opened):
    cash, owed = opened("cash"), opened("owed")
    for words in ("first words", "other words"):
        ledger.transfer(session, "arrival", cash, owed, 700, about=words)
    assert [line.about for line in queries.statement(session, cash)] == ["first words"]
    assert ledger.balance(session, cash).posted == 700


@pytest.mark.parametrize("amount, turned", [(701, False), (700, True)])
def test_the_same_key_with_other_facts_is_a_conflict(session, opened, amount, turned):
    cash, owed = opened("cash"), opened("owed")
    ledger.transfer(session, "arrival", cash, owed, 700)
    with pytest.raises(Conflict, match="arrival is written already, as posted of 0.0000700"):
        ledger.transfer(session, "arrival", *((owed, cash) if turned else (cash, owed)), amount)


@pytest.mark.parametrize("amount", [0, -1, 2**63, True, "5", 5.0])
def test_an_amount_is_a_whole_number_of_stroops(session, opened, amount):
    with pytest.raises(Invalid, match="is not between 1 and"):
        ledger.transfer(session, "arrival", opened("cash"), opened("owed"), amount)


def test_a_transfer_stays_within_its_asset(session, opened):
    with pytest.raises(Invalid, match="differ in asset"):
        ledger.transfer(session, "arrival", opened("cash"), opened("cash", asset="iso4217:EUR"), 5)


def test_a_transfer_stays_within_its_organization(session, opened):
    theirs = ledger.open_account(session, "umbrella", "cash", "iso4217:USD", "free")
    with pytest.raises(Invalid, match="differ in asset or organization"):
        ledger.transfer(session, "arrival", opened("cash"), theirs, 5)


def test_a_transfer_needs_two_accounts(session, opened):
    with pytest.raises(Invalid, match="debited and credited at once"):
        ledger.transfer(session, "arrival", opened("cash"), opened("cash"), 5)


@pytest.mark.parametrize("rule", ["debit", "credit"])
def test_what_is_not_there_cannot_be_moved(session, opened, rule):
    purse, world = opened("purse", rule, holds=100), opened("world")
    sides = (world, purse) if rule == "debit" else (purse, world)
    with pytest.raises(Conflict, match="purse lacks 0.0000050 iso4217:USD") as refused:
        ledger.transfer(session, "spend", *sides, 150)
    assert refused.value.facts["account"] == "purse" and refused.value.facts["shortage"] == 50
    ledger.transfer(session, "spend", *sides, 100)  # a refusal left nothing behind
    assert ledger.balance(session, purse).posted == 0


def test_a_free_account_may_be_overdrawn(session, opened):
    ledger.transfer(session, "spend", opened("owed"), opened("treasury"), 150)
    assert ledger.balance(session, opened("treasury")).posted == -150


def test_what_is_reserved_is_no_longer_available(session, opened):
    purse, shop = opened("purse", "credit", holds=100), opened("shop", "credit")
    ledger.reserve(session, "order", purse, shop, 60)
    balance = ledger.balance(session, purse)
    assert (balance.posted, balance.pending, balance.available) == (100, 60, 40)
    assert ledger.balance(session, shop).incoming == 60
    with pytest.raises(Conflict, match="purse lacks"):
        ledger.transfer(session, "spend", purse, shop, 41)


def test_what_a_reservation_will_bring_cannot_be_spent_yet(session, opened):
    purse = opened("purse", "credit")
    ledger.reserve(session, "order", opened("world"), purse, 60)
    with pytest.raises(Conflict, match="purse lacks"):
        ledger.transfer(session, "spend", purse, opened("world"), 1)


@pytest.mark.parametrize(
    "end, left",
    [
        (lambda session: ledger.post(session, "order"), 40),
        (lambda session: ledger.post(session, "order", 25), 75),
        (lambda session: ledger.void(session, "order"), 100),
        (lambda session: ledger.expire(session, "order"), 100),
    ],
)
def test_a_reservation_ends_whole_and_may_be_told_so_again(session, opened, end, left):
    purse = opened("purse", "credit", holds=100)
    ledger.reserve(session, "order", purse, opened("world"), 60)
    end(session)
    end(session)
    balance = ledger.balance(session, purse)
    assert (balance.posted, balance.pending) == (left, 0)


def test_a_reservation_ends_once(session, opened):
    purse = opened("purse", "credit", holds=100)
    ledger.reserve(session, "order", purse, opened("world"), 60)
    ledger.post(session, "order", 25)
    for otherwise in (ledger.void, ledger.expire, ledger.post):
        with pytest.raises(Conflict, match="written already, as post of 0.0000025"):
            otherwise(session, "order")


def test_a_reservation_holds_until_it_ends(session, opened):
    assert not ledger.holding(session, "order")
    ledger.reserve(session, "order", opened("purse"), opened("world"), 60)
    assert ledger.holding(session, "order") == 60
    ledger.void(session, "order")
    assert not ledger.holding(session, "order")


@pytest.mark.parametrize("amount", [0, 61])
def test_no_more_is_posted_than_was_reserved(session, opened, amount):
    ledger.reserve(session, "order", opened("purse"), opened("world"), 60)
    with pytest.raises(Invalid, match="is not between 1 and 60"):
        ledger.post(session, "order", amount)


def test_only_a_reservation_can_be_resolved(session, opened):
    ledger.transfer(session, "arrival", opened("cash"), opened("owed"), 5)
    for key in ("arrival", "never heard of"):
        with pytest.raises(NotFound):
            ledger.void(session, key)


def test_many_transfers_are_made_in_their_order_or_not_at_all(session, opened):
    purse, world = opened("purse", "credit"), opened("world")
    fill = [Posting(f"fill:{n}", world, purse, 10) for n in range(3)]
    spend = [Posting(f"spend:{n}", purse, world, 10) for n in range(3)]
    with pytest.raises(Conflict, match="purse lacks"):
        ledger.transfers(session, [*fill[:2], *spend, fill[2]])
    assert ledger.balance(session, purse).posted_credits == 0
    ledger.transfers(session, [*fill, *spend, fill[0]])
    assert [line.key for line in queries.statement(session, purse)][-2:] == ["spend:1", "spend:2"]
    assert ledger.balance(session, purse).posted == 0


def test_a_key_may_not_say_two_things_in_one_list(session, opened):
    cash, owed = opened("cash"), opened("owed")
    with pytest.raises(Conflict, match="written already"):
        ledger.transfers(session, [Posting("arrival", cash, owed, 5), Posting("arrival", cash, owed, 6)])


def test_ten_thousand_reservations_settle_in_a_few_statements(session, opened, statements):
    purse, world = opened("purse", "credit", holds=10_000), opened("world")
    statements.clear()
    ledger.transfers(session, [Posting(f"order:{n}", purse, world, 1, reserve=True) for n in range(10_000)])
    ledger.resolve(session, [Resolution(f"order:{n}", "post" if n % 4 else "void") for n in range(10_000)])
    assert len(statements) < 10
    assert ledger.balance(session, purse).available == 2_500
    assert all(trial.balanced for trial in queries.trial_balance(session))


def test_nothing_to_do_is_done(session):
    ledger.transfers(session, [])
    ledger.resolve(session, [])
    assert not list(queries.trial_balance(session))


def test_totals_may_outgrow_an_int64(session, opened):
    cash, owed = opened("cash"), opened("owed")
    for n in range(3):
        ledger.transfer(session, f"arrival:{n}", cash, owed, 2**63 - 1)
    assert ledger.balance(session, cash).posted == 3 * (2**63 - 1)
