"""Wake-ups on their way to a drain: each drain once, and never a reason for a commit to fail."""

import logging

import pytest

from tasks import celery, topics


@pytest.fixture
def sent(monkeypatch):
    messages = []
    monkeypatch.setattr(topics, "_silent_until", 0.0)
    monkeypatch.setattr(celery.conf, "broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(celery, "send_task", lambda name, args, queue, **_: messages.append((name, args, queue)))
    return messages


def test_a_topic_with_an_owner_tells_the_drain_whose_rows_wait(sent):
    topics.publish(["transaction.received.bank"])
    assert sent == [("tasks.execute_outgoing_transactions", ["bank"], "rails")]


def test_a_drain_is_woken_once_however_many_states_call_for_it(sent):
    topics.publish(["batch.live", "order.bound", "batch.parked"])
    assert [name for name, *_ in sent] == ["tasks.resolve_payments"]


def test_a_topic_nobody_answers_is_logged_and_breaks_nothing(sent, caplog):
    with caplog.at_level(logging.ERROR):
        topics.publish(["order.settled.nobody.knows", "observation.arrived"])
    assert [name for name, *_ in sent] == ["tasks.match_payments"]
    assert "nobody answers this wake-up" in caplog.text


def test_after_a_broker_was_found_away_nobody_waits_for_it(monkeypatch):
    tried = []

    def refuse(name, **_):
        tried.append(name)
        raise ConnectionRefusedError

    monkeypatch.setattr(topics, "_silent_until", 0.0)
    monkeypatch.setattr(celery.conf, "broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(celery, "send_task", refuse)
    topics.publish(["observation.arrived", "batch.live"])
    assert len(tried) == 1


def test_where_no_broker_is_set_none_is_looked_for(sent, monkeypatch):
    monkeypatch.setattr(celery.conf, "broker_url", None)
    topics.publish(["observation.arrived"])
    assert sent == []
