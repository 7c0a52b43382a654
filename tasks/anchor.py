"""Drains of the anchor room: what came finds its transaction, goes to its rail, and is asked about until it arrived."""

from functools import partial

from app.anchor import arrivals, closing, payouts, refunds
from app.anchor.counters import counter, names
from tasks.drain import Errand, drain, errand, step


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
        timeout_seconds=served.act_seconds,
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
        timeout_seconds=served.act_seconds,
    )
    return errand("poll_outgoing_transactions", name, work)


@drain()
def settle_refunds() -> bool:
    return step("settle_refunds", refunds.settle_refunds)


@drain()
def close_transactions() -> bool:
    return step("close_transactions", closing.close_transactions)


@drain()
def hear_customers() -> bool:
    return step("hear_customers", closing.hear_customers)
