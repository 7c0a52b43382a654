"""What the engine asks of the network: facts in, facts out, no session.

In the order of a payment's life: what may the source spend; (signing.py: sign;) hand in or ask. Each is free to fail
or to be repeated: before handing in nothing has left this machine, and what is handed in was written down before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.errors import Unavailable
from app.failpoint import failpoint
from app.stellar import envelopes, signing
from app.stellar.facts import Node
from app.stellar.network import Network
from app.submission.decisions import decide, escalation, unposted, wants_sequence
from app.submission.facts import (
    Answers,
    Batch,
    Bump,
    Decision,
    Envelope,
    Fate,
    Holdings,
    Post,
    Rebuild,
    Result,
    Source,
    Wait,
)
from app.submission.preflight import Candidate, judge, wanted


def holdings(network: Network, source: Source) -> Holdings:
    """Return what ``source`` can spend: the ledger is read first, so the balances are of it or of a later one."""
    last = network.ledger()
    account = network.account(source.address)
    if account is None:
        return Holdings(last.sequence, {}, missing=True)
    assets = [balance.asset for balance in account.balances if balance.is_authorized]
    spendable = {asset: account.spendable(asset, last.base_reserve) for asset in assets}
    return Holdings(last.sequence, spendable, base_reserve=last.base_reserve)


def survey(network: Network, candidates: Sequence[Candidate]) -> dict[str, Fate]:
    """Return which candidates cannot go as they are, as far as the network can be asked about that; else nothing."""
    try:
        return judge(candidates, network.receivers(wanted(candidates, network.receivers_max)))
    except Unavailable:
        return {}


Wrap = Callable[[str, str, int, str, Sequence[signing.Signer]], tuple[str, str]]


def wrap(xdr: str, fee_source: str, fee: int, passphrase: str, signers: Sequence[signing.Signer]) -> tuple[str, str]:
    """Return the hash and the signed envelope of a fee bump around ``xdr``."""
    body = envelopes.bump(xdr, fee_source, fee, passphrase)
    return body.hash.hex(), envelopes.seal(body, signing.sign(body.hash, signers))


@dataclass(frozen=True)
class Purse:
    """Who pays a fee bump, and how many stroops an operation may cost at most."""

    bid_max: int
    keys: signing.Keys
    wrap: Wrap = wrap


def take_turn(network: Network, batch: Batch, purse: Purse | None = None) -> Result:
    """Ask about a batch, decide, and hand in what is to be handed in."""
    decision = next_decision(network, batch, purse)
    if isinstance(decision, Bump) and purse is not None:
        envelope = raise_fee(network, batch, decision, purse)
        return Result(decision, envelope=envelope) if envelope else Result(Wait())
    if not isinstance(decision, Post):
        return Result(decision)
    failpoint("after_persist")
    receipt = network.submit(decision.envelope.xdr)
    failpoint("after_post")
    return Result(decision, receipt)


def next_decision(network: Network, batch: Batch, purse: Purse | None = None) -> Decision:
    """What nobody has seen yet is handed in at once; else one node is asked, unless it has nothing new to say."""
    if not batch.envelopes:
        return Rebuild("it could not be signed before")
    fresh = unposted(batch)
    if fresh is not None:
        return Post(fresh, max(batch.attempts[-1].after_ledger, batch.asked_ledger))
    node = network.node()
    if node.ledger <= batch.asked_ledger:
        return Wait()
    decision = decide(batch, ask(network, batch, node))
    if purse is not None and isinstance(decision, (Post, Wait)):
        return escalation(batch, node, purse.bid_max) or decision
    return decision


def raise_fee(network: Network, batch: Batch, decision: Bump, purse: Purse) -> Envelope | None:
    """Return a fee bump around the newest attempt, paid by its channel: to be written down before it is handed in.

    None where the keys that are here do not suffice for it.
    """
    chosen = signing.quorum(network, batch.channel, purse.keys, signing.LOW).fewest(purse.keys.ours)
    if chosen is None:
        return None
    signers = [signer for signer in purse.keys.here if signer.public_key in chosen]
    inner = next(row for row in batch.envelopes if row.hash == batch.attempts[-1].hash)
    hash, xdr = purse.wrap(inner.xdr, batch.channel, decision.fee, network.passphrase, signers)
    return Envelope(hash, inner.hash, xdr, decision.fee)


def ask(network: Network, batch: Batch, node: Node, sequence_too: bool = False) -> Answers:
    """Ask one node: first how far its history goes, then the channel's number, last for every attempt.

    The order matters. A number seen as spent, by an attempt that is then not found, was spent by something else.
    """
    asked = sequence_too or wants_sequence(batch, node)
    account = network.account(batch.channel) if asked else None
    found = (network.transaction(attempt.hash) for attempt in batch.attempts)
    return Answers(
        node=node,
        sequence=account.sequence if account else None,
        sequence_asked=asked,
        found=next((transaction for transaction in found if transaction is not None), None),
    )
