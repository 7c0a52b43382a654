"""Reads streams to their end, each page in a commit of its own. No session is open while a stranger is asked."""

import logging
import threading

from app.db import transaction
from app.errors import Unavailable
from app.failpoint import failpoint
from app.stellar import horizon
from app.stellar.facts import Node
from app.watcher import feed, identity, queries, service
from app.watcher.feed import Page
from app.watcher.leader import Leader
from app.watcher.queries import Followed

log = logging.getLogger(__name__)


class Reader:
    """Reads what ``leader`` leads from the Horizon at ``url``, until ``stop`` is set."""

    def __init__(self, url: str, leader: Leader, stop: threading.Event):
        self.url, self.leader, self.stop = url, leader, stop
        self.recognized: dict[str, int] = {}  # at which ledger the network was last found to be the one we know

    def read_all(self) -> dict[str, int]:
        """Read every stream we lead to its end; return how many facts each gave. One that fails holds up no other.

        Raises Unavailable if the node does not answer at all.
        """
        with transaction() as session:
            streams = queries.following(session)
        ours = self.leader.lead(stream.account for stream in streams)
        if not ours:
            return {}
        node = horizon.node(self.url)
        return {stream.account: self._try(stream, node) for stream in streams if stream.account in ours}

    def _try(self, stream: Followed, node: Node) -> int:
        try:
            return self._read(stream, node)
        except Unavailable as error:
            log.warning("cannot read now", extra={"account": stream.account, "why": error.message})
        except Exception:
            log.exception(
                "could not read: nothing is lost, the cursor has not moved", extra={"account": stream.account}
            )
        return 0

    def _read(self, stream: Followed, node: Node) -> int:
        found = 0
        if self._may_read(stream, node):
            for page in feed.pages(self.url, stream.account, stream.cursor):
                if self.stop.is_set() or not self._record(page, node):
                    break
                found += len(page.facts)
        return found

    def _record(self, page: Page, node: Node) -> bool:
        """Write the page down; say whether it was ours to write, not another leader's, nor stopped by an operator."""
        with transaction() as session:
            recorded = service.record(session, page, node.ledger)
            if page.facts:
                failpoint("watcher_before_commit")
        if page.facts:
            failpoint("watcher_after_commit")
        return recorded

    def _may_read(self, stream: Followed, node: Node) -> bool:
        """Say whether this is the network we know, and all of it. If not, the stream is stopped, loudly.

        Raises Unavailable if the node has not come so far as we have: it lags, and we wait.
        """
        why = identity.objection(self.url, node, stream.network_passphrase, stream.read_ledger)
        why = why or self._recognize(stream, node)
        if why:
            log.error("stream stopped", extra={"account": stream.account, "why": why})
            with transaction() as session:
                service.stop(session, stream.account, why)
            return False
        if node.ledger < stream.read_ledger:
            raise Unavailable(f"{self.url} is at ledger {node.ledger}, we have read up to {stream.read_ledger}")
        return True

    def _recognize(self, stream: Followed, node: Node) -> str:
        """Return why this is not the network we know, or nothing; the answer holds for some ledgers."""
        if not identity.is_due(self.recognized.get(stream.account), stream.read_ledger, node):
            return ""
        if stream.known.ledger:
            why = identity.objection_to_hash(self.url, node, stream.known)
            if why:
                return why
        if node.ledger >= stream.known.ledger:
            known = identity.known(self.url, node)
            with transaction() as session:
                service.recognize(session, stream.account, known)
            self.recognized[stream.account] = node.ledger
        return ""
