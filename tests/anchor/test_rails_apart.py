"""Rails that raise, hang, talk nonsense or fall silent hold up their own rows only, and these say why."""

import threading

import pytest
from sqlalchemy import update

from app.anchor.models import Transaction
from app.db import transaction
from rails.base import Method, Rail, Report, State
from tasks import celery, drain
from tasks.drain import DRAINS, finish
from tests.anchor.conftest import USD

GO = threading.Event()


class Moody(Rail):
    """Behaves as the narrow part of its settings says: well, raising, hanging, babbling or silent."""

    timeout_seconds = 1

    def __init__(self, settings):
        self.name = self.mood = settings["mood"]
        self.methods = (Method("bank_account", USD),)

    def execute_outgoing_transaction(self, payout):
        if self.mood == "raising":
            raise ConnectionError("no line")
        if self.mood == "hanging":
            GO.wait(30)
        if self.mood == "babbling":
            return {"status": "ok"}
        return Report(payout.key, State.INITIATED if self.mood == "silent" else State.DELIVERED)


MOODS = ["hanging", "raising", "babbling", "silent", "well"]


@pytest.fixture
def settings(settings):
    path = "tests.anchor.test_rails_apart:Moody"
    return {**settings, "RAILS": dict.fromkeys(MOODS, path), "RAIL_SETTINGS": {mood: {"mood": mood} for mood in MOODS}}


@pytest.fixture
def drains(app, monkeypatch):
    celery.loader.import_default_modules()
    monkeypatch.setattr(drain, "_places", {})
    GO.clear()
    yield DRAINS
    GO.set()
    finish(10)


def paid(house, rail):
    key = house.announce()
    with transaction() as session:
        session.execute(update(Transaction).where(Transaction.id == key).values(rail=rail))
    house.pay(key)
    return key


def test_each_rail_s_trouble_is_its_own(house, drains):
    keys = {mood: paid(house, mood) for mood in MOODS}
    for mood in MOODS:
        drains["execute_outgoing_transactions"].once(mood)
    stands = {mood: (house.see(key).state, house.see(key).message) for mood, key in keys.items()}
    assert stands["well"] == ("completed", "")
    assert stands["silent"] == ("initiated", "")
    assert stands["hanging"] == ("executing", "")
    assert stands["raising"][0] == stands["babbling"][0] == "executing"
    assert stands["raising"][1].startswith("the rail raised ConnectionError at ")
    assert stands["babbling"][1] == "the rail answered dict instead of Report"


def test_an_answer_that_comes_late_is_heard_all_the_same(house, drains):
    key = paid(house, "hanging")
    drains["execute_outgoing_transactions"].once("hanging")
    GO.set()
    finish(10)
    assert house.see(key).state == "completed"


def test_who_never_answers_again_is_called_out_and_loses_nothing(house, drains):
    key = paid(house, "silent")
    drains["execute_outgoing_transactions"].once("silent")
    house.later("4 days")
    drains["poll_outgoing_transactions"].once("silent")
    row = house.see(key)
    assert (row.state, "no final word from the rail since" in row.message) == ("held", True)
    assert house.balance("owed") == 100 * 10**7
