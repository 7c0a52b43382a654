"""What /health and /metrics say, and that they say it while things are broken."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from app import health
from app.clock import after
from app.db import transaction
from app.metrics import Tick, tick
from tests.anchor.conftest import UNIT, house

__all__ = ["house"]  # a fixture


@pytest.fixture
def settings(settings, redis_url):
    return {**settings, "CELERY_BROKER_URL": redis_url}


def test_a_house_in_order_is_healthy(client, house):
    with transaction() as session:
        tick(session, "sweep", 3)
    answer = client.get("/health")
    assert (answer.status_code, answer.json["troubles"]) == (200, [])
    assert (answer.json["database"], answer.json["broker"]) == ("ok", "ok")
    assert answer.json["ticks"] == {"sweep": 0}
    assert set(answer.json["stream_lag_ledgers"]) == {house.distribution}


def test_a_drain_that_stopped_ticking_is_called_out(client, app):
    with transaction() as session:
        tick(session, "sweep", 0)
        session.execute(update(Tick).values(at=after(-3600)))
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json["troubles"] == ["no sweep for 3600 s"]


def test_a_row_nobody_looks_at_is_called_out(client, house):
    key = house.announce()
    house.pay(key)
    house.later("10 minutes")
    troubles = client.get("/health").json["troubles"]
    assert "the oldest transaction is 600 s overdue" in troubles
    assert any(trouble.startswith("the stream of") for trouble in troubles)


def test_a_broker_that_is_away_is_told_and_no_trouble(client, app):
    app.config["CELERY_BROKER_URL"] = "redis://127.0.0.1:1/0"
    answer = client.get("/health")
    assert (answer.status_code, answer.json["broker"]) == (200, "away")


def test_a_database_that_is_away_is_told(client, app, monkeypatch):
    def away(_session):
        raise OperationalError("SELECT 1", {}, ConnectionError())

    monkeypatch.setattr(health, "rows", away)
    answer = client.get("/health")
    assert (answer.status_code, answer.json["database"]) == (503, "away")


def test_metrics_count_the_rows_that_still_have_a_way_to_go(client, house):
    house.pay(house.announce(), 100 * UNIT)
    text = client.get("/metrics").text
    assert 'railhead_rows{state="received",table="transaction"} 1.0' in text
    assert 'railhead_overdue_seconds{state="received",table="transaction"}' in text
    assert "completed" not in text
