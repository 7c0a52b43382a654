"""Whoever begins to work trusts no number that was written down before."""

import pytest
from celery.signals import worker_ready
from sqlalchemy import select
from stellar_sdk import Keypair

from app.clock import now
from app.organizations.models import Organization
from app.states import begin
from app.submission.models import Channel
from tasks import celery, cli, submission


class Consumer:
    """What Celery says is ready."""

    app = celery


@pytest.fixture
def channels(session):
    owner = Organization(name="Ours")
    session.add(owner)
    session.flush()
    for _ in range(3):
        address = Keypair.random().public_key
        begin(session, Channel(address=address, organization_id=owner.id, audited_at=now()), state="open")
    session.commit()


def audited(session):
    session.expire_all()
    return len(session.scalars(select(Channel.audited_at).where(Channel.audited_at.is_not(None))).all())


@pytest.mark.parametrize(("queue", "left"), [("stellar", 0), ("stream", 3)])
def test_a_worker_that_submits_payments_has_every_channel_audited_anew(
    app, session, channels, monkeypatch, queue, left
):
    woken = []
    monkeypatch.setattr(submission, "house", app)
    monkeypatch.setattr(submission, "wake", woken.append)
    monkeypatch.setattr(celery.amqp.queues, "_consume_from", {queue: None})
    answers = worker_ready.send(sender=Consumer())
    assert (submission.begin, None) in answers
    assert audited(session) == left
    assert woken == ["audit_channels"] * (left == 0)


def test_so_does_who_drains_everything_without_celery(app, session, channels, monkeypatch):
    rounds = []

    def interrupt(names, tolerant):
        rounds.append(audited(session))
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "round_of", interrupt)
    app.test_cli_runner().invoke(cli.drain, ["--all", "--loop"])
    assert rounds == [0]
