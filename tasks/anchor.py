"""Drains of the anchor room: what came finds its transaction, goes to its rail, and is asked about until it arrived."""

from functools import cache, partial

from flask import current_app

import rails
from app.anchor import arrivals, closing, payouts, refunds
from app.anchor.consequences import Counter
from rails.base import Rail
from tasks.drain import Errand, drain, errand, step


@cache
def rail(name: str) -> Rail:
    """Return the rail that the settings call ``name``, one for this process."""
    return rails.build(current_app.config["RAILS"][name], current_app.config["RAIL_SETTINGS"][name])


def counter(name: str) -> Counter:
    """Return where the rail ``name`` is served."""
    settings = current_app.config
    return Counter(name, rail(name), settings["RAIL_POLL_SECONDS"], settings["RAIL_PATIENCE_SECONDS"])


def names() -> list[str]:
    return list(current_app.config["RAILS"])


@drain()
def match_payments() -> bool:
    return step("match_payments", arrivals.match_payments)


@drain(owners=names)
def execute_outgoing_transactions(name: str) -> bool:
    served = counter(name)
    work = Errand(
        claim=partial(payouts.claim_orders, served),
        act=partial(payouts.execute, served),
        record=partial(payouts.record_order, served),
        timeout_seconds=served.rail.timeout_seconds,
    )
    return errand("execute_outgoing_transactions", name, work)


@drain(owners=names)
def poll_outgoing_transactions(name: str) -> bool:
    served = counter(name)
    work = Errand(
        claim=partial(payouts.claim_question, served),
        act=partial(payouts.ask_rail, served),
        record=partial(payouts.record_news, served),
        threads=1,
        timeout_seconds=served.rail.timeout_seconds,
    )
    return errand("poll_outgoing_transactions", name, work)


@drain()
def settle_refunds() -> bool:
    return step("settle_refunds", refunds.settle_refunds)


@drain()
def close_transactions() -> bool:
    return step("close_transactions", closing.close_transactions)

