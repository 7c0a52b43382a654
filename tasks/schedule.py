"""Every drain: the queue it is served from, how often beat wakes it, and why so often.

Work is found at once by its wake-up; the interval is for wake-ups that got lost, and for what has no wake-up: the
world outside.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from config import Unconfigured


@dataclass(frozen=True)
class Entry:
    drain: str
    queue: str
    every_seconds: int
    why: str


# fmt: off
SCHEDULE = [Entry(*row) for row in [
    # drain                          queue       every  why
    ("catch_up",                     "stellar",  20,    "a stream that nobody follows is read all the same"),
    ("match_payments",               "rails",    5,     "payments the stream wrote down find their transaction"),
    ("execute_outgoing_transactions","rails",    10,    "money that came in is handed to its rail"),
    ("poll_outgoing_transactions",   "rails",    5,     "rails are asked about payouts that are due to be asked about"),
    ("settle_refunds",               "rails",    10,    "refunds learn what became of their payment on Stellar"),
    ("hear_customers",               "rails",    10,    "transactions that waited for a customer's information go on"),
    ("close_transactions",           "rails",    15,    "what nobody paid expires; what waits for an operator is called out"),
    ("audit_channels",               "stellar",  60,    "a channel whose number is not what we wrote down takes no more batches"),
    ("submit_payments",              "stellar",  5,     "orders are bound, signed, written down and sent"),
    ("collect_signatures",           "stellar",  10,    "what co-signers have signed is signed by us and sent"),
    ("resolve_payments",             "stellar",  2,     "what was sent is looked up until the ledger has decided"),
    ("entrust_payments",             "stellar",  5,     "custodians are handed their orders, and asked about them until the ledger shows them"),
    ("open_channels",                "stellar",  30,    "new channels take batches as soon as their accounts are there"),
    ("retry_messages",               "messages", 5,     "messages leave, and leave again until they arrive"),
    ("forget",                       "messages", 600,   "files nobody used, challenges nobody can answer, messages long over and payees of transactions that are over are deleted"),
    ("sweep",                        "rails",    5,     "whatever is overdue is woken: lost wake-ups, ended leases"),
]]
# fmt: on

QUEUES = ("stellar", "rails", "messages", "stream")


def intervals(asked: Mapping[str, str]) -> list[tuple[Entry, int]]:
    """Return every line with its seconds, as ``asked`` in the setting INTERVALS or as it stands here."""
    unknown = set(asked) - {line.drain for line in SCHEDULE}
    seconds = {drain: int(text) for drain, text in asked.items() if text.isascii() and text.isdigit() and int(text)}
    if unknown or len(seconds) < len(asked):
        raise Unconfigured(f"INTERVALS: {' '.join(asked)} must each be a drain and whole seconds, 1 or more")
    return [(line, seconds.get(line.drain, line.every_seconds)) for line in SCHEDULE]


def entry(drain: str) -> Entry:
    """Return the drain's line; raise KeyError if there is none."""
    return {line.drain: line for line in SCHEDULE}[drain]
