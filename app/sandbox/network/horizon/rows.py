"""Collections of what stands in the ledger now."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from app.sandbox.network.horizon.history import Feed
from app.sandbox.network.horizon.pages import Listing


class Row(NamedTuple):
    """A record of the state with its place in its collection."""

    place: Any
    content: Any


def rows_listing(
    rows: Callable[[], Iterable[Row]], show: Callable[[Any], dict[str, Any]], token: Callable[[Any], str], **more: Any
) -> Listing:
    return Listing(
        lambda: Feed(sorted(rows(), key=lambda row: row.place)),
        show=lambda row: show(row.content),
        token=lambda row: token(row.content),
        history=False,
        **more,
    )
