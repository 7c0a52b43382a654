"""Collections: a page at a time, or as a stream of what comes."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from app.sandbox.network.horizon.history import Feed
from app.sandbox.network.horizon.node import Node
from app.sandbox.network.horizon.problems import invalid
from app.sandbox.network.http import Request, Response, json_response

LIMIT_USUAL, LIMIT_MAX = 10, 200

HAL = "application/hal+json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a collection is asked for. ``cursor`` is text, empty for the beginning."""

    cursor: str
    order: str
    limit: int


def _place(cursor: str) -> int:
    return int(cursor)


def _always(_: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Listing:
    """A collection: where its records are, what each shows, the text of its place and the place a text means."""

    feed: Callable[[], Feed[Any]]
    show: Callable[[Any], dict[str, Any]]
    keep: Callable[[Any], bool] = _always
    token: Callable[[Any], str] = str
    place: Callable[[str], Any] = _place
    history: bool = True  # ordered by time, so that there is a "now", and a beginning that may have been trimmed

    def select(self, page: Page, node: Node) -> list[Any]:
        return list(islice(filter(self.keep, self._from(page, node)), page.limit))

    def had(self, page: Page) -> list[Any]:
        """Return the record at the cursor of ``page``, which whoever asks for more has had."""
        return list(islice(filter(self.keep, self.feed().up_to(self.place(page.cursor))), 1))

    def _from(self, page: Page, node: Node) -> Any:
        feed = self.feed()
        descending = page.order == "desc"
        if not page.cursor:
            return feed.descending() if descending else iter(feed)
        try:
            place = self.place(page.cursor)
        except ValueError:
            raise invalid("cursor", "invalid value") from None
        if descending and self.history:
            node.refuse_before_history(place)
        return feed.before(place) if descending else feed.after(place)


def parse_page(request: Request, node: Node) -> Page:
    """Read cursor, order and limit. The place a stream was cut at beats the cursor it began with."""
    query = request.query
    cursor = query.get("cursor", "")
    if cursor == "now":
        cursor = str(node.end)
    cursor = request.headers.get("last-event-id") or cursor
    if cursor.startswith("-"):
        raise invalid("cursor", f"the cursor {cursor} is a negative number")
    order = query.get("order") or "asc"
    if order not in ("asc", "desc"):
        raise invalid("order", "order: invalid value")
    return Page(cursor, order, limit_of(request, LIMIT_USUAL))


def limit_of(request: Request, usual: int) -> int:
    text = request.query.get("limit", "")
    if not text:
        return usual
    try:
        limit = int(text)
    except ValueError:
        raise invalid("limit", "unparseable value") from None
    if limit <= 0:
        raise invalid("limit", "invalid limit: non-positive value provided")
    if limit > LIMIT_MAX:
        raise invalid("limit", f"invalid limit: value provided that is over limit max of {LIMIT_MAX}")
    return limit


def answer_page(request: Request, node: Node, listing: Listing) -> Response:
    page = parse_page(request, node)
    records = listing.select(page, node)
    tokens = [listing.token(record) for record in records]
    first, last = (tokens[0], tokens[-1]) if tokens else (page.cursor, page.cursor)
    reverse = "asc" if page.order == "desc" else "desc"
    content = {
        "_links": {
            "self": _page_link(request, page.cursor, page.order, page.limit),
            "next": _page_link(request, last, page.order, page.limit),
            "prev": _page_link(request, first, reverse, page.limit),
        },
        "_embedded": {"records": [listing.show(record) for record in records]},
    }
    return json_response(content, content_type=HAL)


def _page_link(request: Request, cursor: str, order: str, limit: int) -> dict[str, str]:
    query = request.query | {"cursor": cursor, "limit": str(limit), "order": order}
    return {"href": f"{request.base}{request.path}?{urlencode(query)}"}


HELLO = b'retry: 1000\nevent: open\ndata: "hello"\n\n'
BYEBYE = b'retry: 10\nevent: close\ndata: "byebye"\n\n'
STREAM_SECONDS = 55


def event(token: str, content: dict[str, Any]) -> bytes:
    return f"id: {token}\ndata: {json.dumps(content, separators=(',', ':'))}\n\n".encode()


async def stream(node: Node, listing: Listing, page: Page) -> AsyncIterator[bytes]:
    """Yield records as they come: until ``limit`` of them are sent, or for as long as Horizon holds a stream."""
    yield HELLO
    deadline = node.clock() + STREAM_SECONDS
    left, cursor = page.limit, page.cursor
    while left > 0 and node.clock() < deadline:
        heard = node.news.listen()
        records = listing.select(Page(cursor, page.order, left), node)
        for record in records:
            cursor = listing.token(record)
            yield event(cursor, listing.show(record))
        left -= len(records)
        if left > 0:
            await heard(deadline - node.clock())
    yield BYEBYE
