"""What the engine asks of the network and of those who sign: facts in, facts out, no session.

In the order of a payment's life: what may the source spend; sign; hand in or ask. Each is free to fail or to be
repeated: before handing in nothing has left this machine, and what is handed in was written down before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.errors import Unavailable
from app.failpoint import failpoint
from app.stellar import envelopes, operations, signing
from app.stellar.facts import Node
from app.stellar.network import Network
from app.submission.decisions import LIFE_SECONDS, bid, decide, escalation, unposted, wants_sequence
from app.submission.facts import (
    Answers,
    Attempt,
    Batch,
    Bump,
    Decision,
    Envelope,
    Fate,
    Holdings,
    Item,
    Post,
    Rebuild,
    Result,
    Signed,
    Source,
    Wait,
)
from app.submission.preflight import Candidate, judge, wanted


@dataclass(frozen=True)
class Terms:
    """What an operation may cost, in stroops: the first bid, and the most ever bid; and after how many seconds what
    was set aside may be taken back."""

    bid: int
    bid_max: int
    back_seconds: int


@dataclass(frozen=True)
class Unsigned:
    """A batch to be signed, with its orders and those who sign for its accounts."""

    batch: Batch
    items: tuple[Item, ...]
    signers: tuple[signing.Signer, ...] = field(repr=False)


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


@dataclass(frozen=True)
class Outline:
    """What an attempt is to say, before it is bytes. ``fee`` is the most it may cost, in stroops; ``max_time`` in
    Unix seconds."""

    batch: Batch
    fee: int
    max_time: int
    instructions: Sequence[operations.Instruction]


Write = Callable[[Outline, str, Sequence[signing.Signer]], tuple[str, str]]


def write(outline: Outline, passphrase: str, signers: Sequence[signing.Signer]) -> tuple[str, str]:
    """Return the hash and the signed envelope of ``outline``."""
    batch = outline.batch
    plan = envelopes.Plan(
        source=batch.channel,
        sequence=batch.sequence,
        fee=outline.fee,
        max_time=outline.max_time,
        operations=[operations.octets(row) for row in outline.instructions],
        memo_type=batch.memo_type,
        memo=batch.memo,
    )
    body = envelopes.build(plan, passphrase)
    return body.hash.hex(), envelopes.seal(body, signing.sign(body.hash, signers))


def sign(network: Network, unsigned: Unsigned, terms: Terms, write: Write = write) -> Signed:
    """Return a new attempt for a batch. Its life ends by the network's clock, not by ours."""
    batch = unsigned.batch
    node = network.node()
    wanted = [item for item in unsigned.items if item.wanted]
    fee = bid(terms.bid, terms.bid_max, batch.attempts) * max(len(wanted), 1)
    max_time = node.closed_at + LIFE_SECONDS
    outline = Outline(batch, fee, max_time, instructions(batch, wanted, terms))
    hash, xdr = write(outline, network.passphrase, unsigned.signers)
    attempt = Attempt(hash, max_time, node.ledger, fee, max(len(wanted), 1))
    return Signed(attempt, Envelope(hash, hash, xdr, fee), tuple(item.id for item in wanted))


def instructions(batch: Batch, wanted: Sequence[Item], terms: Terms) -> list[operations.Instruction]:
    """Return the operations of the next attempt: where nobody wants anything any more, one that spends the number."""
    if not wanted:
        return [operations.Instruction("bump_sequence", batch.channel)]
    return [
        operations.Instruction(
            item.operation, item.source, item.destination, item.asset, item.amount, terms.back_seconds
        )
        for item in wanted
    ]


def signing_accounts(batch: Batch, items: Sequence[Item]) -> list[str]:
    """Return the accounts whose signatures the next attempt needs, and no other: the network refuses those."""
    return sorted({batch.channel, *(item.source for item in items if item.wanted)})


Wrap = Callable[[str, str, int, str, Sequence[signing.Signer]], tuple[str, str]]


def wrap(xdr: str, fee_source: str, fee: int, passphrase: str, signers: Sequence[signing.Signer]) -> tuple[str, str]:
    """Return the hash and the signed envelope of a fee bump around ``xdr``."""
    body = envelopes.bump(xdr, fee_source, fee, passphrase)
    return body.hash.hex(), envelopes.seal(body, signing.sign(body.hash, signers))


@dataclass(frozen=True)
class Purse:
    """Who pays a fee bump, and how many stroops an operation may cost at most."""

    bid_max: int
    signers: tuple[signing.Signer, ...] = field(repr=False)
    wrap: Wrap = wrap


def take_turn(network: Network, batch: Batch, purse: Purse | None = None) -> Result:
    """Ask about a batch, decide, and hand in what is to be handed in."""
    decision = next_decision(network, batch, purse)
    if isinstance(decision, Bump) and purse is not None:
        return Result(decision, envelope=raise_fee(network, batch, decision, purse))
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


def raise_fee(network: Network, batch: Batch, decision: Bump, purse: Purse) -> Envelope:
    """Return a fee bump around the newest attempt, paid by its channel: to be written down before it is handed in."""
    inner = next(row for row in batch.envelopes if row.hash == batch.attempts[-1].hash)
    hash, xdr = purse.wrap(inner.xdr, batch.channel, decision.fee, network.passphrase, purse.signers)
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
