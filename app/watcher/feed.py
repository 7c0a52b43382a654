"""Where facts come from: Horizon, a page at a time, from a cursor on. Another source would offer the same ``pages``."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from app.errors import Unavailable
from app.stellar import horizon
from app.watcher.facts import Fact, facts
from app.watcher.movements import ALWAYS_HAVE_EFFECTS, Record, needs_effects


@dataclass(frozen=True)
class Page:
    """What happened on ``account`` after ``cursor_before`` up to ``cursor_after``; ``full``: there may be more."""

    account: str
    cursor_before: int
    cursor_after: int
    facts: Sequence[Fact]
    full: bool


def pages(url: str, account: str, cursor: int) -> Iterator[Page]:
    """Yield every page of ``account`` after ``cursor``, one at least; the next is read while one is written down."""
    with ThreadPoolExecutor(max_workers=1) as ahead:
        current = page(url, account, cursor)
        while current.full:
            coming = ahead.submit(page, url, account, current.cursor_after)
            yield current
            current = coming.result()
        yield current


def page(url: str, account: str, cursor: int) -> Page:
    """Read the next page of ``account`` after ``cursor``. An account that does not exist yet has an empty one.

    What the node repeats or gives out of order is put right. Raises Unavailable if it cannot be read now.
    """
    records = horizon.operations(url, account, cursor) or []
    try:
        fresh = {int(record["id"]): record for record in records if int(record["id"]) > cursor}
        found = [fact for id in sorted(fresh) for fact in facts(fresh[id], account, _effects(url, fresh[id]))]
    except (KeyError, ValueError, TypeError) as error:
        raise Unavailable(f"{url} answered in an unknown shape", code="horizon_unavailable") from error
    return Page(account, cursor, max(fresh, default=cursor), found, bool(fresh) and len(records) >= horizon.RECORDS_MAX)


def _effects(url: str, record: Record) -> Sequence[Record]:
    if not needs_effects(record):
        return ()
    found = horizon.effects(url, int(record["id"]))
    if not found and record["type"] in ALWAYS_HAVE_EFFECTS:
        raise Unavailable(f"{url} does not show yet what {record['id']} moved", code="horizon_unavailable")
    return found
