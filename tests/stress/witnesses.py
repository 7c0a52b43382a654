"""What must be true after an ordeal: as the network's own history tells it, and as ``flask reconcile`` does.

Every order is of another amount. So each is known again on the network, without a look into our tables.
"""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import func, select

from app import money, reconcile
from app.db import transaction
from app.stellar import horizon
from app.submission import audits, channels
from app.submission.fittings import network
from app.submission.models import Settlement
from app.watcher import tally as seen
from tests.bench.installation import amount_of, standing
from tests.bench.population import TREASURY, Population

NAMED_MAX = 10  # of a kind


def all_seen() -> bool:
    """Say whether the watcher has read on beyond the last settlement."""
    with transaction() as session:
        last = session.scalar(select(func.max(Settlement.ledger))) or 0
        return min(seen.spans(session).values()) >= last


def findings(url: str, people: Population, count: int) -> list[str]:
    """Return all that is wrong: nothing, if all is well."""
    books = [f"{sentence}: {words}" for sentence, differences in reconcile.findings() for words in differences]
    stand = standing()
    orders = [] if stand == {"settled": count} else [f"orders stand as {stand}"]
    return [*orders, *_history(url, people, count), *_channels(), *books]


def _history(url: str, people: Population, count: int) -> list[str]:
    """Compare what the network shows to have left the treasury with what was ordered: each order once, to its payee."""
    paid = Counter((record["to"], money.parse(record["amount"])) for record in _payments(url))
    ordered = Counter((people.payee(number), amount_of(number)) for number in range(count))
    twice, never = list((paid - ordered).elements()), list((ordered - paid).elements())
    return [f"paid, and not ordered so: {payment}" for payment in twice[:NAMED_MAX]] + [
        f"ordered, and not paid: {payment}" for payment in never[:NAMED_MAX]
    ]


def _payments(url: str) -> Iterator[dict[str, str]]:
    """Yield every successful payment out of the treasury."""
    cursor, more = 0, True
    while more:
        page = horizon.operations(url, TREASURY.public_key, cursor) or []
        yield from (record for record in page if record["type"] == "payment" and record["from"] == TREASURY.public_key)
        cursor, more = int(page[-1]["id"]) if page else cursor, len(page) == horizon.RECORDS_MAX


def _channels() -> list[str]:
    """Return what the audit has against each channel: its number, its money, its books."""
    node, found = network(), []
    with transaction() as session:
        addresses = [row.address for row in channels.listed(session)]
    for address in addresses:
        with transaction() as session:
            asked = audits.question(session, channels.channel(session, address))
        seen = audits.look(node, address, 0)
        with transaction() as session:
            finding = audits.compare(session, asked, seen)
        found += [f"{address}: {words}" for words in finding.wrong] if finding else [f"{address}: has moved on"]
    return found
