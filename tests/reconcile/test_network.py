"""What is wrong between our rows and Stellar is named: each test breaks one thing in a house where all is well."""

import pytest
from sqlalchemy import delete, update
from stellar_sdk import Keypair

from app import reconcile
from app.clock import after
from app.db import db, transaction
from app.ledger import service as ledger
from app.money import NATIVE
from app.states import begin
from app.submission import fittings, treasuries
from app.submission.models import Batch, Channel, Order, Settlement, Treasury
from app.submission.service import request
from app.watcher import service as watcher
from app.watcher.models import Observation, Stream
from app.watcher.run import catch_up
from tests.submission.conftest import PAYEE, TREASURY, USDC, top_up
from tests.submission.conftest import channel as channel
from tests.submission.conftest import handle as handle
from tests.submission.conftest import organization as organization
from tests.submission.conftest import populated as populated
from tests.submission.conftest import wish as wish
from tests.submission.conftest import world as world

UNIT = 10**7


@pytest.fixture
def settings(settings, handle):
    ours = {"HORIZON_URL": handle.url, "NETWORK_PASSPHRASE": handle.passphrase, "RESOLVE_INTERVAL_SECONDS": 0}
    return settings | ours | {"PREFLIGHT_READS_MAX": 0, "RAILS": {}}


class House:
    """A treasury and a channel whose books are open, and one payment that has settled."""

    def __init__(self, app, world, organization_id, channel, wish):
        self.app, self.world, self.organization_id, self.channel, self.wish = app, world, organization_id, channel, wish

    def account(self, name, asset=USDC, rule="free"):
        return ledger.open_account(db.session(), self.organization_id, name, asset, rule)

    def book(self, name, amount, asset=USDC, rule="free"):
        with transaction() as session:
            debit, credit = self.account(name, asset, rule), self.account("equity", asset)
            ledger.transfer(session, f"book {name} {asset}", debit, credit, amount)

    def pay(self, key):
        with transaction() as session:
            store = self.account(f"treasury:{TREASURY.public_key}", rule="debit")
            ledger.reserve(session, key, self.account("equity"), store, UNIT)
            made = request(session, self.wish(owner_key=key, reservation=key))
        self.world.settle()
        return made

    def change(self, statement):
        with transaction() as session:
            session.execute(statement)

    def found(self, read=True):
        """Return what reconcile finds, when the watcher has read on."""
        if read:
            catch_up(self.app)
        db.session.remove()
        return [words for _, differences in reconcile.findings() for words in differences]


@pytest.fixture
def house(app, world, organization, channel, wish):
    top_up(world)
    organization_id = organization.id
    account, seen = treasuries.read(fittings.network(), TREASURY.public_key)
    with transaction() as session:
        treasuries.open_books(session, organization_id, account)
        watcher.follow(session, organization_id, TREASURY.public_key, watcher.before_ledger(seen + 1))
    house = House(app, world, organization_id, channel, wish)
    house.book(f"channel:{channel}", world.held(channel, NATIVE), NATIVE)
    house.order = house.pay("first")
    assert house.found() == []
    return house


def test_a_payment_that_is_at_no_such_place_in_the_ledger_is_named(house):
    house.change(update(Settlement).values(transaction_hash="ab" * 32))
    [words] = [words for words in house.found() if "order" in words]
    assert words.startswith(f"order {house.order} is settled in ledger ")
    assert words.endswith("; there moved nothing")


@pytest.mark.parametrize("wrong", [{"amount": 2 * UNIT}, {"asset": NATIVE}, {"destination": TREASURY.public_key}])
def test_a_payment_that_moved_something_else_is_named(house, wrong):
    house.change(update(Order).values(wrong))
    [words] = house.found()
    assert words.endswith(f"; there moved 1.0000000 USDC out at {TREASURY.public_key}")


def test_a_payment_that_left_for_an_order_that_is_not_settled_is_named(house):
    late = house.pay("late")
    house.change(delete(Settlement).where(Settlement.order_id == late))
    house.change(update(Order).where(Order.id == late).values(state="failed"))
    [words] = house.found()
    assert words.endswith(f"1.0000000 USDC left for order {late}, which is failed")


def test_a_payment_that_is_about_to_be_settled_is_named_only_when_it_is_late(house):
    slow = house.pay("slow")
    house.change(delete(Settlement).where(Settlement.order_id == slow))
    house.change(update(Order).where(Order.id == slow).values(state="bound", due_at=after(60), reservation=""))
    assert house.found() == []
    house.world.network.advance(3600)
    house.change(update(Observation).values(closed_at=after(-3600)))
    [words] = house.found()
    assert words.endswith(f"1.0000000 USDC left for order {slow}, which is bound")


def test_an_order_that_is_settled_nowhere_is_named(house):
    house.change(delete(Settlement))
    [words] = [words for words in house.found() if "no place" in words]
    assert words.startswith(f"order {house.order} of ")
    assert words.endswith(" is settled and has no place in the ledger")


def test_an_order_with_a_place_that_is_not_settled_is_named(house):
    house.change(update(Order).values(state="failed", reason="no trustline"))
    [words] = house.found()
    assert " is failed and has its place in ledger " in words
    assert words.endswith("; no trustline")


def test_an_order_that_is_open_for_days_is_named(house):
    with transaction() as session:
        request(session, house.wish(owner_key="slow"))
    assert house.found() == []
    house.change(update(Order).where(Order.owner_key == "slow").values(created_at=after(-2 * 86_400)))
    [words] = house.found()
    assert words.endswith(" is ready and has no place in the ledger")


def test_money_set_aside_for_nothing_is_named_and_so_is_money_that_is_not_set_aside(house):
    with transaction() as session:
        store = house.account(f"treasury:{TREASURY.public_key}", rule="debit")
        for key in ("stray", "loose"):
            ledger.reserve(session, key, house.account("equity"), store, UNIT)
        request(session, house.wish(owner_key="loose", reservation="loose"))
        ledger.void(session, "loose")
    assert house.found() == [
        "loose: 0.0000000 set aside where 1.0000000 is under way",
        "stray: 1.0000000 set aside, for nothing that is under way",
    ]


def test_a_channel_whose_books_are_wrong_is_named_unless_something_of_it_is_under_way(house):
    with transaction() as session:
        purse, fees = house.account(f"channel:{house.channel}", NATIVE), house.account("equity", NATIVE)
        ledger.transfer(session, "wrong", purse, fees, 5)
    [words] = house.found()
    assert words.startswith(f"channel {house.channel}: our books have ")
    house.change(update(Batch).values(closed_at=after(60)))
    assert house.found() == []


def test_a_channel_that_is_gone_is_named(house):
    address = Keypair.random().public_key
    with transaction() as session:
        begin(session, Channel(address=address, organization_id=house.organization_id, next_sequence=1), state="open")
    assert house.found() == [f"channel {address}: it does not exist on Stellar"]


def test_an_asset_the_treasury_no_longer_holds_is_named(house):
    house.book(f"treasury:{TREASURY.public_key}", UNIT, f"stellar:EUR:{PAYEE.public_key}", "debit")
    [words] = house.found()
    assert words.startswith(f"{TREASURY.public_key} holds 0.0000000 EUR in ledger ")


def test_books_of_an_account_that_is_no_treasury_are_named(house):
    house.book(f"treasury:{PAYEE.public_key}", UNIT, rule="debit")
    [words] = house.found()
    assert words == f"our books have 1.0000000 USDC in treasury:{PAYEE.public_key}, which is no treasury of ours"


def test_a_treasury_that_nobody_reads_is_named(house):
    house.change(update(Stream).values(state="stopped", reason="another network"))
    assert house.found(read=False) == [f"{TREASURY.public_key} is followed no more: another network"]
    house.change(update(Stream).values(state="following", read_ledger=Stream.read_ledger - 1000))
    [words, *_] = house.found(read=False)
    assert words.startswith(f"{TREASURY.public_key} is read up to ledger ")


def test_a_treasury_that_was_never_followed_is_named(house):
    house.change(Treasury.__table__.insert().values(address=PAYEE.public_key, organization_id=house.organization_id))
    assert f"{PAYEE.public_key} is not followed" in house.found()


def test_the_command_says_what_is_wrong_and_who_was_silent(house):
    house.app.config.update(RAILS={"by hand": "manual"}, RAIL_SETTINGS={"by hand": {}})
    runner = house.app.test_cli_runner()
    well = runner.invoke(args=["reconcile", "--days", "3"])
    assert (well.exit_code, "WRONG" in well.output) == (0, False)
    assert "note  the rail by hand gives no statement: its word is all there is" in well.output
    house.change(update(Order).values(amount=2 * UNIT))
    wrong = runner.invoke(args=["reconcile"])
    assert wrong.exit_code == 1
    assert "WRONG every payment in our books was seen to leave, once" in wrong.output
