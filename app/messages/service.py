"""The verbs of messages: say, send until it arrives, try again.

For one lane nothing older leaves after something newer: only the first that is pending may be claimed. Of one host
only a few are under way at a time, whoever claims: a host that is slow or dead holds up nobody else's messages.
"""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from sqlalchemy import Select, delete, func, select, true, update
from sqlalchemy.orm import Session, aliased
from stellar_sdk import Keypair

import config
from app import clock, states, vault
from app.db import new_id
from app.errors import Conflict, Invalid, NotFound, Refused
from app.messages.acts import ANSWER_SECONDS, CHANNELS, LEASE_SECONDS, Delivery, Job
from app.messages.models import Message
from app.messages.states import MESSAGE
from app.strangers import CONNECTIONS_PER_HOST

BACKOFF_SECONDS = 5
BACKOFF_SECONDS_MAX = 3600
PENDING = MESSAGE.named("wakes")

Signer = Callable[[Session, str], Keypair]
"""Finds the SIGNING_KEY of a home domain by its id. Given by whoever starts the errand: this room holds no keys."""


@dataclass(frozen=True)
class Letter:
    """What to say: ``body`` leaves byte for byte as it is. Callbacks need ``home_domain_id``, to be signed for it."""

    organization_id: str
    channel: str
    address: str = field(repr=False)
    subject: str
    body: bytes = field(repr=False)
    home_domain_id: str | None = None


def say(session: Session, letter: Letter) -> Message:
    """Put ``letter`` into the outbox, in the caller's transaction; raise Invalid for an impossible address.

    Letters of one subject are ordered as they are said: hold the subject's own row while saying.
    """
    if letter.channel not in CHANNELS:
        raise Invalid(f"no such channel: {letter.channel}")
    id, seals = new_id(), vault.seals()
    message = Message(
        id=id,
        organization_id=letter.organization_id,
        home_domain_id=letter.home_domain_id,
        channel=letter.channel,
        host=CHANNELS[letter.channel].host(letter.address),
        subject=letter.subject,
        lane=seals.fingerprint(json.dumps([letter.subject, letter.channel, letter.address])),
        address=seals.seal(letter.address, _context(id, "address")),
        body=seals.seal(letter.body, _context(id, "body")),
        expires_at=_expiry(),
    )
    return states.begin(session, message)


def claim(session: Session, limit: int, signer: Signer) -> list[Job]:
    """Claim up to ``limit`` messages that are due, first come first served among the hosts."""
    heads = Message.id.in_(_heads())
    rows = states.claim(session, Message, PENDING, heads, limit=limit, lease_seconds=LEASE_SECONDS)
    return [job for row in rows if (job := _job(session, row, signer))]


def record(session: Session, job: Job, outcome: Delivery | Exception) -> None:
    """Write down what became of a claim: it arrived, or it is tried again later, or never again."""
    mine = states.held(Message, job.id, job.fence)
    delivery = outcome if isinstance(outcome, Delivery) else Delivery(False, _reason(outcome))
    facts: dict[str, Any] = {"answered": job.fence, "error": "" if delivery.arrived else delivery.note[:200]}
    if delivery.arrived:
        states.move(session, Message, "deliver", *mine, address=b"", body=b"", **facts)
    elif job.last:
        states.move(session, Message, "give_up", *mine, note=facts["error"], **facts)
    else:
        seconds = backoff(job.attempts)
        if states.put_off(session, Message, job.id, job.fence, seconds, **facts):
            _let_wait(session, job, seconds)


def retry(session: Session, id: str) -> None:
    """Let a failed message try again; raise Conflict if something newer on its subject has left meanwhile."""
    message = session.get(Message, id)
    if message is None:
        raise NotFound("no such message")
    newer = select(Message.attempts).where(Message.lane == message.lane, Message.position > message.position)
    if any(session.scalars(newer.with_for_update())):
        raise Conflict("something newer on this subject has been sent: this one would be stale")
    states.move_one(session, message, "retry", attempts=0, expires_at=_expiry())


def latest(session: Session, state: str, limit: int) -> list[Message]:
    """Return messages standing in ``state``, the newest first."""
    found = select(Message).where(Message.state == state).order_by(Message.position.desc()).limit(limit)
    return list(session.scalars(found))


def forget(session: Session, subject: str) -> None:
    """Delete every message about ``subject``, sent or not."""
    session.execute(delete(Message).where(Message.subject == subject))


def prune(session: Session, limit: int) -> int:
    """Delete messages that came to their end long ago, arrived or not; return how many."""
    kept = config.need(current_app.config, "MESSAGE_KEEP_SECONDS")
    old = select(Message.id).where(Message.state != MESSAGE.start, Message.updated_at < clock.after(-kept)).limit(limit)
    return len(session.execute(delete(Message).where(Message.id.in_(old)).returning(Message.id)).all())


def backoff(attempts: int) -> int:
    """Return after how many seconds to try again: twice as long each time, and never all at the same moment."""
    seconds = min(BACKOFF_SECONDS << min(attempts - 1, 20), BACKOFF_SECONDS_MAX)
    return seconds + random.randrange(seconds // 2 + 1)


def _heads() -> Select[Any]:
    """Return the ids that may be claimed: the first of each lane, as many of each host as may be under way."""
    earlier = aliased(Message)
    blocked = select(earlier.id).where(
        earlier.lane == Message.lane, earlier.state.in_(PENDING), earlier.position < Message.position
    )
    due = Message.state.in_(PENDING), Message.due_at <= clock.now()
    hosts = select(Message.host, _room(Message.host).label("room")).where(*due).group_by(Message.host).subquery("hosts")
    heads = (
        select(Message.id)
        .where(Message.host == hosts.c.host, *due, ~blocked.exists())
        .order_by(Message.due_at)
        .limit(hosts.c.room)
        .correlate(hosts)
        .lateral("heads")
    )
    return select(heads.c.id).select_from(hosts.join(heads, true()))


def _room(host: Any) -> Any:
    """Return how many more messages to ``host`` may be under way."""
    under_way = aliased(Message)
    busy = select(func.count()).where(
        under_way.host == host,
        under_way.state == MESSAGE.start,
        under_way.fence > under_way.answered,
        under_way.due_at > clock.now(),
    )
    return func.greatest(CONNECTIONS_PER_HOST - busy.scalar_subquery(), 0)


def _job(session: Session, row: Message, signer: Signer) -> Job | None:
    settings, seals = current_app.config, vault.seals()
    try:
        address = seals.open(row.address, _context(row.id, "address")).decode()
        body = seals.open(row.body, _context(row.id, "body"))
    except vault.Unopenable as error:
        states.move(session, Message, "give_up", Message.id == row.id, note=str(error), error=str(error))
        return None
    too_often = row.attempts >= config.need(settings, "MESSAGE_ATTEMPTS_MAX")
    return Job(
        id=row.id,
        fence=row.fence,
        attempts=row.attempts,
        last=too_often or row.expires_at <= clock.read(session),
        begin_by=time.monotonic() + LEASE_SECONDS - 2 * ANSWER_SECONDS,
        lane=row.lane,
        position=row.position,
        channel=row.channel,
        address=address,
        body=body,
        signer=signer(session, row.home_domain_id) if row.home_domain_id else None,
        allow_private=config.need(settings, "ALLOW_PRIVATE_ADDRESSES"),
    )


def _let_wait(session: Session, job: Job, seconds: int) -> None:
    """Put off what must wait behind ``job`` anyway, so that it does not count as overdue."""
    behind = (Message.lane == job.lane, Message.position > job.position, Message.state.in_(PENDING))
    session.execute(update(Message).where(*behind).values(due_at=clock.after(seconds)))


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, Refused) else type(error).__name__


def _expiry() -> Any:
    return clock.after(config.need(current_app.config, "MESSAGE_AGE_SECONDS_MAX"))


def _context(id: str, part: str) -> str:
    return f"message {id} {part}"
