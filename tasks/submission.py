"""Drains of the submission engine: orders are bound, signed and written down; then handed in and looked up."""

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


@drain()
def open_channels() -> bool:
    return errand("open_channels", "", Errand(*OPEN, threads=8, timeout_seconds=ACT_SECONDS))
