"""What a stranger says in an exception is no matter for a log; where it was raised is."""

import io
import json
import logging
import sys

import pytest

from app import log
from app.anchor.models import Transaction
from app.db import transaction
from app.errors import Unavailable
from rails.base import Method, Rail
from tasks import Failed, celery
from tasks.drain import DRAINS, finish
from tests.anchor.conftest import USD
from tests.anchor.conftest import house as house

NAME, IBAN = "Ada Lovelace", "DE89370400440532013000"


@pytest.fixture
def lines(app, monkeypatch):
    """All that is logged."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    log.configure("DEBUG")
    yield written
    monkeypatch.undo()
    log.configure()


def broken():
    try:
        raise KeyError(f"{NAME} has no account {IBAN}")
    except KeyError as cause:
        raise ValueError(f"cannot pay {NAME}") from cause


def caught(act=broken):
    with pytest.raises(Exception) as caught:  # noqa: PT011 whatever it is
        act()
    return caught.value


def test_an_exception_is_told_by_its_type_and_place_and_by_what_it_came_from():
    told = log.told(caught())
    first, second = told.split(", from ")
    assert first.startswith(f"ValueError at {__name__}:")
    assert f" < {__name__}:" in first
    assert second.startswith(f"KeyError at {__name__}:")
    assert (NAME in told, IBAN in told) == (False, False)


def test_a_refusal_of_ours_is_told_in_its_own_words():
    assert log.told(Unavailable("the node fell silent")) == "Unavailable: the node fell silent"


def test_exceptions_that_came_from_each_other_are_told_once():
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert log.told(one) == "ValueError, from KeyError"


def test_a_logged_exception_has_places_and_no_words(lines):
    try:
        broken()
    except ValueError:
        logging.getLogger("x").exception("it broke")
    logging.getLogger("x").warning("it broke", exc_info=caught())
    logging.getLogger("x").warning(f"pay {IBAN}")
    first, second, third = map(json.loads, lines.getvalue().splitlines())
    for line in (first, second):
        assert line["exception"].startswith(f"ValueError at {__name__}:")
    assert third["event"] == "pay [struck]"
    assert NAME not in lines.getvalue()


def test_a_task_that_fails_tells_celery_where_and_not_what():
    task = celery.task(name="tests.broken", typing=False)(broken)
    failed = caught(task)
    assert isinstance(failed, Failed)
    assert str(failed).startswith(f"ValueError at {__name__}:")
    assert (failed.__cause__, NAME in str(failed)) == (None, False)


class Gossip(Rail):
    """Raises with whatever it was told, wherever it is asked."""

    methods = (Method("bank_account", USD),)

    def __init__(self, settings):
        if settings["mood"] == "unmade":
            raise ValueError(f"{NAME} {IBAN}")

    def execute_outgoing_transaction(self, payout):
        raise ValueError(f"{NAME} {IBAN}")

    def poll_outgoing_transactions(self, payouts, cursor):
        yield from ()
        raise ValueError(f"{NAME} {IBAN}")


@pytest.fixture
def settings(settings):
    made = {"RAILS": {"bank": f"{__name__}:Gossip"}, "RAIL_SETTINGS": {"bank": {"mood": "made"}}}
    return {**settings, **made, "RAIL_POLL_SECONDS": 0}


def test_a_rail_that_raises_leaves_no_name_in_the_log_and_the_operator_learns_where_it_broke(house, lines):
    celery.loader.import_default_modules()
    key = house.announce()
    house.pay(key)
    for name in ("execute_outgoing_transactions", "poll_outgoing_transactions"):
        with transaction() as session:
            house._now_due(session, Transaction)
        DRAINS[name].once("bank")
        finish(5)
    assert f"the rail raised ValueError at {__name__}:" in house.see(key).message
    assert f"raised ValueError at {__name__}:" in lines.getvalue()
    assert (NAME in lines.getvalue(), IBAN in lines.getvalue()) == (False, False)
