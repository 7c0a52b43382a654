"""The engine broken on purpose, one rule at a time: if the simulator did not notice, it would prove nothing.

Each mutant is a few lines put in the place of a production function. ``seed`` is one that is known to show it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from app.stellar.facts import Node, Receipt, TransactionFacts
from app.stellar.results import Codes
from app.submission import acts, decisions, engine, signing
from app.submission.facts import Answers, Batch, Close, Draft, Fate, Item, Park, Post, Rebuild, Result, Signed
from app.submission.store import Store
from tests.sim.conversation import Conversation

ask, sign, record, noted = acts.ask, signing.sign, engine.record, engine._noted
judged, unspent, way = decisions._judged, decisions._unspent, decisions.another_way


@dataclass(frozen=True)
class Mutant:
    """``place``: the function it replaces, by its module; ``words``: which rule it breaks."""

    name: str
    words: str
    place: tuple[Any, str]
    function: Callable[..., Any]
    seed: int

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Within the block, the engine is broken."""
        with patch.object(*self.place, self.function):
            yield


def submit_first(network: Conversation, *rest: Any) -> Signed | Draft | Park:
    signed = sign(network, *rest)
    if not isinstance(signed, Park):
        network.submit(signed.envelope.xdr if isinstance(signed, Signed) else signed.xdr)
    return signed


def ask_two_nodes(network: Conversation, batch: Batch, node: Node) -> Answers:
    network.turn_to_another()
    return ask(network, batch, node)


def ask_how_far_last(network: Conversation, batch: Batch, node: Node) -> Answers:
    return replace(ask(network, batch, node), node=network.node())


def ask_for_the_newest(network: Conversation, batch: Batch, node: Node) -> Answers:
    return ask(network, replace(batch, attempts=batch.attempts[-1:]), node)


def expired_by_our_clock(batch: Batch, _node: Node) -> bool:
    return Conversation.running.worker_clock > batch.max_time


def expired_by_the_network(batch: Batch, _node: Node) -> bool:
    return Conversation.running.network_clock > batch.max_time


def expired_at_once(_batch: Batch, _node: Node) -> bool:
    return True


def believing(wanted: Callable[[Receipt], bool], successful: bool) -> Callable[..., bool]:
    """Return an ``engine._noted`` that takes some receipts for the last word."""

    def believe(store: Store, batch: Batch, decision: Post, result: Result) -> bool:
        if result.receipt is None or not wanted(result.receipt) or not store.note(batch, result):
            return noted(store, batch, decision, result)
        return store.close(batch, invented(store, batch, successful, "op_malformed"))

    return believe


refusal_is_final = believing(lambda receipt: receipt.codes.transaction == "tx_bad_seq", successful=False)
silence_is_final = believing(lambda receipt: receipt.status == "unknown", successful=False)
promise_is_final = believing(lambda receipt: receipt.status == "pending", successful=True)


def invented(store: Store, batch: Batch, successful: bool, code: str) -> Close:
    """Return an end that no ledger has seen."""
    hash = batch.attempts[-1].hash
    facts = TransactionFacts(hash, successful, 1, 0, 0, batch.channel, batch.channel, batch.sequence, "")
    return Close(facts, Codes("tx_failed", (code,) * len(store.carried(hash))))


def release_unburnt(store: Store, batch: Batch, fact: Result | Exception) -> bool:
    if isinstance(fact, Result) and isinstance(fact.decision, Rebuild) and batch.attempts:
        return store.close(batch, invented(store, batch, successful=False, code="op_success"))
    return record(store, batch, fact)


def all_are_guilty(item: Item, code: str) -> Fate:
    return Fate("fail", "op_no_trust", "one of them was bad") if code == "op_success" else judged(item, code)


def recalled_is_cancelled(item: Item, fate: Fate | None) -> Fate:
    return Fate("cancel") if item.recalled else unspent(item, fate)


def set_aside_unasked(item: Item, code: str) -> str:
    return way(replace(item, otherwise="claimable_balance"), code)


EXPIRED, ASK = (decisions, "expired"), (acts, "ask")
NOTED, RECORD = (engine, "_noted"), (engine, "record")
# fmt: off
MUTANTS = [
    Mutant("submit before persist", "what is handed in was written down before", (signing, "sign"), submit_first, 0),
    Mutant("ask two nodes", "one node answers all of a question", ASK, ask_two_nodes, 26),
    Mutant("wall clock", "no clock of ours decides", EXPIRED, expired_by_our_clock, 2),
    Mutant("the network's clock", "what counts is what a node has ingested", EXPIRED, expired_by_the_network, 3),
    Mutant("no expiry check", "what may still apply is not replaced", EXPIRED, expired_at_once, 0),
    Mutant("bad_seq final", "a refusal is a hint", NOTED, refusal_is_final, 7),
    Mutant("timeout final", "silence is no answer", NOTED, silence_is_final, 1),
    Mutant("move without burning", "a number keeps its orders until it is spent", RECORD, release_unburnt, 2),
    Mutant("pending final", "a promise is not a payment", NOTED, promise_is_final, 0),
    Mutant("ask how far last", "not found counts up to where history went before", ASK, ask_how_far_last, 691),
    Mutant("ask for the newest", "every attempt may be the one", ASK, ask_for_the_newest, 231),
    Mutant("all are guilty", "who did no wrong goes again", (decisions, "_judged"), all_are_guilty, 0),
    Mutant("set aside unasked", "a balance only by its owner's wish", (decisions, "another_way"), set_aside_unasked, 2),
    Mutant("recalled is cancelled", "a recall may come too late", (decisions, "_unspent"), recalled_is_cancelled, 15),
]
# fmt: on
