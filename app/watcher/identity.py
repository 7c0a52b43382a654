"""Is this still the network we know, with all of its history since we last read?

Reading on after a reset would give other operations under ids we have had; reading on after a gap would lose money
silently. Both stop the stream, with words for the operator.
"""

from dataclasses import dataclass

from app.errors import Unavailable
from app.stellar import horizon
from app.stellar.facts import Node

RENEW_LEDGERS = 100  # for so many ledgers a network that was recognized is trusted
GENESIS = 1  # nothing happened in it


@dataclass(frozen=True)
class Known:
    """A ledger by which a network is known again. ``closed_at`` in Unix seconds."""

    ledger: int = 0
    hash: str = ""
    closed_at: int = 0


def known(url: str, node: Node) -> Known:
    """Return the node's last ledger, as what to know the network by."""
    hash = horizon.ledger_hash(url, node.ledger)
    if hash is None:
        raise Unavailable(f"{url} has lost its ledger {node.ledger}", code="horizon_unavailable")
    return Known(node.ledger, hash, node.closed_at)


def is_due(recognized: int | None, read_ledger: int, node: Node) -> bool:
    """Say whether to look at the known ledger: never done yet, done long ago, or the node seems to have gone back."""
    return recognized is None or node.ledger < read_ledger or node.ledger >= recognized + RENEW_LEDGERS


def objection(url: str, node: Node, passphrase: str, read_ledger: int) -> str:
    """Return why nothing of this node may be read, or nothing."""
    if node.passphrase != passphrase:
        return f"{url} is on the network {node.passphrase!r}, this stream on {passphrase!r}"
    if node.elder_ledger > max(read_ledger, GENESIS) + 1:
        return f"history of {url} begins with ledger {node.elder_ledger}, and was read up to {read_ledger} only"
    return ""


def objection_to_hash(url: str, node: Node, last: Known) -> str:
    """Return why this is not the network on which ``last`` closed, or nothing. Ledgers close in the order of time."""
    if node.ledger < last.ledger:
        reset = node.closed_at > last.closed_at
        return f"{url} is at ledger {node.ledger} again, later than {last.ledger} closed: the network was reset" * reset
    if node.elder_ledger <= last.ledger and horizon.ledger_hash(url, last.ledger) != last.hash:
        return f"ledger {last.ledger} of {url} is not the one we know: the network was reset"
    return ""
