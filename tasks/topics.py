"""Which drains answer which wake-up.

A topic is ``table.state``, with an owner after it where the table is shared; the owner goes along to the drain.
"""

import logging
import time
from collections.abc import Iterable

from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from tasks import celery, house
from tasks.schedule import entry

log = logging.getLogger(__name__)

# fmt: off
TOPICS = {
    "observation.arrived":            "match_payments",
    "transaction.awaiting_customer":  "close_transactions",
    "transaction.awaiting_payment":   "close_transactions",
    "transaction.received":           "execute_outgoing_transactions",
    "transaction.executing":          "poll_outgoing_transactions",
    "transaction.initiated":          "poll_outgoing_transactions",
    "transaction.available":          "poll_outgoing_transactions",
    "transaction.needs_customer":     "close_transactions",
    "transaction.refunding":          "close_transactions",
    "transaction.held":               "close_transactions",
    "refund.sending":                 "settle_refunds",
    "refund.stuck":                   "close_transactions",
    "order.ready":                    "submit_payments entrust_payments",
    "order.bound":                    "resolve_payments",
    "order.recalled":                 "resolve_payments",
    "order.entrusted":                "entrust_payments",
    "order.settled.anchor":           "settle_refunds",
    "order.failed.anchor":            "settle_refunds",
    "order.cancelled.anchor":         "settle_refunds",
    "order.settled.channels":         "open_channels",
    "order.failed.channels":          "open_channels",
    "order.cancelled.channels":       "open_channels",
    "channel.founding":               "open_channels",
    "channel.open":                   "submit_payments",
    "batch.closed":                   "submit_payments",
    "batch.bound":                    "submit_payments",
    "batch.signing":                  "collect_signatures",
    "batch.live":                     "resolve_payments",
    "batch.parked":                   "resolve_payments",
    "customer_news.fresh":            "hear_customers",
    "message.pending":                "retry_messages",
}
# fmt: on

PAUSE_SECONDS = 5

_silent_until = 0.0


def answer(topic: str) -> list[tuple[str, str]]:
    """Return the drains that answer ``topic``, each with the owner it is for; raise KeyError if none does."""
    known, _, owner = (topic, "", "") if topic in TOPICS else topic.rpartition(".")
    return [(drain, owner) for drain in TOPICS[known].split()]


def publish(topics: Iterable[str]) -> None:
    """Wake the drains of ``topics``, each once. If the broker is away the sweeper finds the rows.

    It is called after a commit: a topic nobody answers is a mistake of ours, and must not look like one of the commit.
    """
    for drain, owner in dict.fromkeys(answered for topic in topics for answered in _answered(topic)):
        wake(drain, owner)


def _answered(topic: str) -> list[tuple[str, str]]:
    try:
        return answer(topic)
    except KeyError:
        log.error("nobody answers this wake-up", extra={"topic": topic})
        return []


def wake(drain: str, owner: str = "") -> None:
    """Send one wake-up; after a failure keep silent for a while, so that nobody waits for a broker that is away."""
    global _silent_until
    if time.monotonic() < _silent_until or not celery.conf.broker_url:
        return
    try:
        arguments = [owner] if owner else []
        celery.send_task(f"tasks.{drain}", args=arguments, queue=entry(drain).queue, expires=60, retry=False)
    except (KombuError, RedisError, OSError) as error:
        _silent_until = time.monotonic() + PAUSE_SECONDS
        log.warning("broker away: rows wait for the sweeper", extra={"error": type(error).__name__})


house.extensions["publish"] = publish  # from here on commits wake drains, whichever process makes them
