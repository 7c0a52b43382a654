"""What is recorded after each act: the engine's three turns, over any store.

form      orders ready + what the source can spend   →  batches, tied to a channel and its next number
persist   a signed attempt                           →  written down, so that it may be handed in
          a draft that others must sign first        →  written down, and left to them
collect   their signatures                           →  an envelope, written down so that it may be handed in
record    what the network said                      →  closed, signed anew, parked, or asked again later
"""

from app.submission.decisions import heed
from app.submission.facts import (
    Batch,
    Close,
    Decision,
    Draft,
    Envelope,
    Holdings,
    Park,
    Post,
    Rebuild,
    Result,
    Signed,
    Source,
    Wait,
)
from app.submission.store import Store

BATCHES_MAX = 20  # formed in one transaction
UNANSWERED_SECONDS = 5


def form(store: Store, source: Source, fact: Holdings | Exception) -> int:
    """Pack orders of ``source``; if its account could not be read, let it rest."""
    if isinstance(fact, Exception):
        store.rest(source, UNANSWERED_SECONDS)
        return 0
    if fact.findings:
        store.judge(fact.findings)
    return store.form(source, fact, BATCHES_MAX)


def persist(store: Store, batch: Batch, fact: Signed | Draft | Park | Exception) -> bool:
    """Write the attempt down; what could not be signed is asked again later."""
    if isinstance(fact, Signed):
        return store.persist(batch, fact)
    if isinstance(fact, Draft):
        return store.circulate(batch, fact)
    return record(store, batch, fact if isinstance(fact, Exception) else Result(fact))


def collect(store: Store, batch: Batch, fact: Envelope | Decision | Exception) -> bool:
    """Write down the envelope others have signed with us, or what else is to become of their draft."""
    if isinstance(fact, Envelope):
        return store.collect(batch, fact)
    return record(store, batch, fact if isinstance(fact, Exception) else Result(fact))


def record(store: Store, batch: Batch, fact: Result | Exception) -> bool:
    """Write down what a batch's turn came to; return whether it was still ours."""
    if isinstance(fact, Exception):
        return store.put_off(batch, Wait(UNANSWERED_SECONDS))
    decision = fact.decision
    if isinstance(decision, Close):
        return store.close(batch, decision)
    if isinstance(decision, Rebuild):
        return store.rebuild(batch, decision)
    if isinstance(decision, Park):
        return store.park(batch, decision)
    if isinstance(decision, Post):
        return _noted(store, batch, decision, fact)
    if fact.envelope is not None:
        return store.add(batch, fact.envelope)
    return store.put_off(batch, decision)


def _noted(store: Store, batch: Batch, decision: Post, result: Result) -> bool:
    """Write a receipt down and heed it, as far as a receipt can be heeded."""
    if result.receipt is None or not store.note(batch, result):
        return False
    named = result.receipt.codes.operations  # where none is, there is nothing to look up
    next_step = heed(store.carried(decision.envelope.attempt_hash) if named else {}, result.receipt)
    if isinstance(next_step, Rebuild):
        return store.rebuild(batch, next_step)
    return store.put_off(batch, next_step)
