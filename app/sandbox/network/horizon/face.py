"""One node's HTTP face: routes, streams, submission, and the faults ordered for it."""

import logging
from collections.abc import AsyncIterator
from inspect import isawaitable

from app.sandbox.network.core import Core
from app.sandbox.network.horizon.funding import befriend
from app.sandbox.network.horizon.node import Node
from app.sandbox.network.horizon.pages import BYEBYE, HELLO, Listing, Page, answer_page, event, parse_page, stream
from app.sandbox.network.horizon.problems import Problem
from app.sandbox.network.horizon.routes import ROUTES, Answer
from app.sandbox.network.horizon.submission import submit, submit_async
from app.sandbox.network.http import Cut, Request, Response, Stream

_SENDING = {"/transactions": submit, "/transactions_async": submit_async}
_JSON = ("application/json", "application/hal+json", "*/*", "application/*", "text/html", "text/*", "")


class Face:
    def __init__(self, node: Node, core: Core) -> None:
        self._node = node
        self._core = core

    async def __call__(self, request: Request) -> Response | Stream:
        if request.method == "OPTIONS":
            return _preflight(request)
        try:
            self._refuse(request)
            answer = await self._answer(request)
            if isinstance(answer, Response):
                return self._stamped(answer)
            return self._list(request, answer)
        except Problem as problem:
            return problem.response()
        except Cut:
            raise
        except Exception:
            logging.exception("%s %s", request.method, request.path)
            return Problem("server_error").response()

    def _refuse(self, request: Request) -> None:
        fault = self._core.faults.strike(self._node.number, request.path, *_REFUSALS)
        if fault and fault.kind == "unavailable":
            raise Cut
        if fault:
            raise Problem(_REFUSALS[fault.kind], headers={"Retry-After": str(fault.seconds)})

    async def _answer(self, request: Request) -> Answer:
        if request.path == "/friendbot":
            return await befriend(self._node, self._core, request)
        if request.method == "POST" and request.path in _SENDING:
            return await _SENDING[request.path](self._node, self._core, request)
        if request.method in ("GET", "HEAD"):
            path = request.path.rstrip("/") or "/"
            for pattern, view in ROUTES:
                match = pattern.fullmatch(path)
                if match:
                    answer = view(self._node, request, **match.groupdict())
                    return await answer if isawaitable(answer) else answer
        raise Problem("not_found")

    def _stamped(self, answer: Response) -> Response:
        answer.headers["Latest-Ledger"] = str(self._node.latest.header.sequence)
        return answer

    def _list(self, request: Request, listing: Listing) -> Response | Stream:
        accepted = {part.split(";")[0].strip() for part in request.headers.get("accept", "").split(",")}
        if "text/event-stream" in accepted:
            page = parse_page(request, self._node)
            listing.select(page, self._node)  # what is wrong with the cursor is said before the stream begins
            return Stream(self._stream(request, listing, page))
        if not accepted.intersection(_JSON):
            raise Problem("not_acceptable")
        return self._stamped(answer_page(request, self._node, listing))

    async def _stream(self, request: Request, listing: Listing, page: Page) -> AsyncIterator[bytes]:
        """A stream with what may go wrong on it."""
        again = self._core.faults.strike(self._node.number, request.path, "duplicate")
        if again and page.cursor:
            yield HELLO
            for record in listing.had(page):
                yield event(listing.token(record), listing.show(record))
        async for chunk in stream(self._node, listing, page):
            fault = None
            if chunk is not HELLO:
                fault = self._core.faults.strike(self._node.number, request.path, *_ON_STREAM)
            if fault is None:
                yield chunk
            elif fault.kind == "cut":
                yield chunk[: len(chunk) // 2]
                raise Cut
            elif fault.kind == "silence":
                await self._node.sleep(fault.seconds)
                yield chunk
            else:
                yield _ON_STREAM[fault.kind]
                return


_REFUSALS = {
    "busy": "server_over_capacity",
    "limited": "rate_limit_exceeded",
    "stale": "stale_history",
    "unavailable": "",
}

_ON_STREAM = {
    "cut": b"",
    "silence": b"",
    "byebye": BYEBYE,
    "stream_error": b"event: error\ndata: Unexpected stream error\n\n",
}


def _preflight(request: Request) -> Response:
    asked = request.headers.get("access-control-request-headers", "*")
    headers = {"Access-Control-Allow-Headers": asked, "Access-Control-Allow-Methods": "GET, POST, OPTIONS"}
    return Response(b"", 200, headers=headers)
