"""Drains of the submission engine: orders are bound, signed and written down; then handed in and looked up."""

from typing import Any

from celery.signals import worker_ready

from app.db import transaction
from app.submission import audits, custodians, custody
from app.submission.drains import AUDIT, COLLECT, FORM, OPEN, SIGN, TURN
from tasks import house
from tasks.drain import Errand, drain, errand
from tasks.schedule import entry
from tasks.topics import wake

ACT_SECONDS = 20  # no question to Horizon lasts longer


@drain()
def submit_payments() -> bool:
    formed = errand("submit_payments", "form", Errand(*FORM, threads=8, timeout_seconds=ACT_SECONDS))
    return errand("submit_payments", "sign", Errand(*SIGN, threads=8, timeout_seconds=ACT_SECONDS, refill=4)) or formed


@drain()
def collect_signatures() -> bool:
    return errand("collect_signatures", "", Errand(*COLLECT, threads=4, timeout_seconds=ACT_SECONDS))


@drain()
def resolve_payments() -> bool:
    return errand("resolve_payments", "", Errand(*TURN, threads=4, timeout_seconds=ACT_SECONDS))


@drain(owners=custodians.names)
def entrust_payments(name: str) -> bool:
    served = custodians.desk(name)
    entrust, inquire = custody.errands(served)
    handed = errand("entrust_payments", name, Errand(*entrust, threads=4, timeout_seconds=served.act_seconds))
    asking = Errand(*inquire, threads=1, timeout_seconds=served.act_seconds)
    return errand("entrust_payments", f"{name} asked", asking) or handed


@drain()
def open_channels() -> bool:
    return errand("open_channels", "", Errand(*OPEN, threads=8, timeout_seconds=ACT_SECONDS))


@drain()
def audit_channels() -> bool:
    return errand("audit_channels", "", Errand(*AUDIT, threads=4, timeout_seconds=ACT_SECONDS))


def trust_nothing() -> None:
    """Have every channel audited anew: whoever begins to work does not know what happened before."""
    with transaction() as session:
        addresses = audits.audited(session)
    for address in addresses:  # each by itself: to lock many at once is to wait for those who lock them too
        with transaction() as session:
            audits.distrust(session, address)


@worker_ready.connect
def begin(sender: Any, **_: Any) -> None:
    """A worker that submits payments begins by trusting nothing."""
    if entry("audit_channels").queue in sender.app.amqp.queues.consume_from:
        with house.app_context():
            trust_nothing()
        wake("audit_channels")
