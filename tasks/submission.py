"""Drains of the submission engine: orders are bound, signed and written down; then handed in and looked up."""

from app.submission import custodians, custody
from app.submission.drains import COLLECT, FORM, OPEN, SIGN, TURN
from tasks.drain import Errand, drain, errand

ACT_SECONDS = 20  # no question to Horizon lasts longer


@drain()
def submit_payments() -> bool:
    formed = errand("submit_payments", "form", Errand(*FORM, threads=8, timeout_seconds=ACT_SECONDS))
    signed = errand("submit_payments", "sign", Errand(*SIGN, threads=4, timeout_seconds=ACT_SECONDS))
    collected = errand("submit_payments", "collect", Errand(*COLLECT, threads=4, timeout_seconds=ACT_SECONDS))
    return formed or signed or collected


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
