"""Reads streams to their end, each page in a commit of its own. No session is open while a stranger is asked."""

import logging
import threading
from dataclasses import dataclass

from app.db import transaction
from app.errors import Unavailable
from app.failpoint import failpoint
from app.stellar import horizon
from app.stellar.facts import Node
from app.stellar.nodes import Pool, Watched
from app.watcher import feed, identity, queries, service
from app.watcher.feed import Page
from app.watcher.leader import Leader
from app.watcher.queries import Followed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """The node a reading comes from, all of it, and where that node's history was before."""

    node: Watched
    history: Node

    @property
    def url(self) -> str:
        return self.node.url


class Reader:
    """Reads what ``leader`` leads, until ``stop`` is set: each stream from one node of ``pool``.

    A node that fails, or does not know our past, is left alone, and the next reading is another's: ids of operations,
    and so our cursors, are the same on all nodes.
    """

    def __init__(self, pool: Pool, leader: Leader, stop: threading.Event):
        self.pool, self.leader, self.stop = pool, leader, stop
        self.recognized: dict[str, int] = {}  # at which ledger the network was last found to be the one we know

    def read_all(self) -> dict[str, int]:
        """Read every stream we lead to its end; return how many facts each gave. One that fails holds up no other.

        Raises Unavailable if a node does not answer at all.
        """
        with transaction() as session:
            streams = queries.following(session)
        ours = self.leader.lead(stream.account for stream in streams)
        source, found = None, {}
        for stream in streams:
            if stream.account in ours:
                source = self._source(source)
                found[stream.account] = self._try(stream, source)
        return found

    def _source(self, last: Source | None) -> Source:
        """Return what to read the next stream from: the same as the last, unless it failed."""
        node = self.pool.one()
        if last is not None and last.node is node:
            return last
        with node.heeded():
            return Source(node, horizon.node(node.url))

    def _try(self, stream: Followed, source: Source) -> int:
        try:
            with source.node.heeded():
                return self._read(stream, source)
        except Unavailable as error:
            log.warning("cannot read now", extra={"account": stream.account, "why": error.message})
        except Exception:
            log.exception(
                "could not read: nothing is lost, the cursor has not moved", extra={"account": stream.account}
            )
        return 0

    def _read(self, stream: Followed, source: Source) -> int:
        found = 0
        if self._may_read(stream, source):
            for page in feed.pages(source.url, stream.account, stream.cursor):
                if self.stop.is_set() or not self._record(page, source.history):
                    break
                found += len(page.facts)
        return found

    def _record(self, page: Page, history: Node) -> bool:
        """Write the page down; say whether it was ours to write, not another leader's, nor stopped by an operator."""
        with transaction() as session:
            recorded = service.record(session, page, history.ledger)
            if page.facts:
                failpoint("watcher_before_commit")
        if page.facts:
            failpoint("watcher_after_commit")
        return recorded

    def _may_read(self, stream: Followed, source: Source) -> bool:
        """Say whether this is the network we know, and all of it. If not, the stream is stopped, loudly.

        Raises Unavailable if the node has not come so far as we have: it lags, and we wait. Or if another can be asked.
        """
        history = source.history
        why = identity.objection(source.url, history, stream.network_passphrase, stream.read_ledger)
        why = why or self._recognize(stream, source)
        if why:
            self._stop(stream, source, why)
            return False
        if history.ledger < stream.read_ledger:
            raise Unavailable(f"{source.url} is at ledger {history.ledger}, we have read up to {stream.read_ledger}")
        return True

    def _stop(self, stream: Followed, source: Source, why: str) -> None:
        """Stop the stream. Raises Unavailable if there is another node: it may know better."""
        source.node.fail(why)
        if self.pool.one() is not source.node:
            raise Unavailable(why)
        log.error("stream stopped", extra={"account": stream.account, "why": why})
        with transaction() as session:
            service.stop(session, stream.account, why)

    def _recognize(self, stream: Followed, source: Source) -> str:
        """Return why this is not the network we know, or nothing; the answer holds for some ledgers."""
        history = source.history
        if not identity.is_due(self.recognized.get(stream.account), stream.read_ledger, history):
            return ""
        if stream.known.ledger:
            why = identity.objection_to_hash(source.url, history, stream.known)
            if why:
                return why
        if history.ledger >= stream.known.ledger:
            known = identity.known(source.url, history)
            with transaction() as session:
                service.recognize(session, stream.account, known)
            self.recognized[stream.account] = history.ledger
        return ""
