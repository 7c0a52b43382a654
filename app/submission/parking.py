"""Why a batch is parked: what happened, and what an operator does about it, in words for the middle of the night.

A parked batch keeps its orders and its number, so nothing can be paid twice while it waits. It is looked at again by
itself, every minute, and goes on if the world has changed.
"""

from collections.abc import Iterable

from app.stellar.facts import Node, TransactionFacts
from app.submission.facts import Batch, Park


def forgotten(batch: Batch, node: Node) -> Park:
    """The node cannot know whether it was paid."""
    return Park(
        f"the node's history begins after this was signed, with ledger {node.elder_ledger}: it cannot tell whether "
        "this was paid. Name a Horizon that goes further back first in HORIZON_URL; this goes on by itself then"
    )


def spent(batch: Batch) -> Park:
    """The number is gone, and not on anything we know of."""
    return Park(
        f"{batch.channel} has spent number {batch.sequence} on a transaction that is not in our books: by somebody who "
        "has its key, or by us before the database was put back to an earlier day. Look for that transaction among the "
        f"account's on Stellar. If it paid none of these orders, `flask channels release {batch.channel}` sends them "
        "elsewhere; if it did, leave this as it is, and settle with who ordered them"
    )


def homeless(batch: Batch) -> Park:
    """The account whose number it has does not exist."""
    return Park(
        f"the channel's account {batch.channel} does not exist on Stellar, and nothing of this was paid. Create the "
        f"account (send it XLM): its numbers begin higher then, and `flask channels release {batch.channel}` sends the "
        "orders elsewhere"
    )


def astray(batch: Batch, sequence: int) -> Park:
    """The number is not the next, and was not spent."""
    return Park(
        f"{batch.channel} stands at {sequence}: number {batch.sequence} is not its next, and nothing of this was paid. "
        "If only the node was behind, this goes on by itself in a minute. Else the network was reset, or the number "
        f"is wrong here: a bump_sequence of the account to {batch.sequence - 1} lets it go on"
    )


def refused(batch: Batch, code: str, words: str) -> Park:
    """No node took it, for a reason we cannot put right."""
    return Park(
        f"no node took it, and nothing of it was paid: {code}: {words}. When that is put right, `flask channels retry "
        f"{batch.channel}` signs it anew"
    )


def undecided(batch: Batch, transaction: TransactionFacts, code: str, words: str) -> Park:
    """It failed in the ledger, in a way that is not ours to interpret."""
    return Park(
        f"transaction {transaction.hash} failed with {code}: {words}. Nothing of it was paid. When that is put right, "
        f"`flask channels release {batch.channel}` lets its orders go again"
    )


def keyless(batch: Batch, accounts: Iterable[str]) -> Park:
    """Nobody can sign it."""
    return Park(
        f"there is no key to sign for {', '.join(accounts)}: `flask treasury add` takes a treasury's; a channel's was "
        f"in the database, and is in a copy of it. Then `flask channels retry {batch.channel}`"
    )
