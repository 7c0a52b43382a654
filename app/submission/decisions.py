"""What to do about a batch, given what one node said. Pure: facts in, one decision out.

Safety rests on one fact of the protocol: two transactions with one source and one sequence number can never both
apply. A batch keeps its number until the ledger has spent it, so whatever is signed meanwhile, its orders are paid
once or not at all. All else here is about not waiting longer than we must, and not acting on half an answer:

- a node's receipt is only a hint; what counts is what is in its ledger, or can never be
- *not found* counts only together with how far that same node's history went when we began to ask
- a spent number with none of our attempts found is never explained away: an operator looks
"""

from collections.abc import Collection, Mapping, Sequence

from app.money import NATIVE
from app.stellar.facts import Node, Receipt, TransactionFacts
from app.stellar.operations import SET_ASIDE
from app.stellar.results import Codes, codes
from app.submission import parking, verdicts
from app.submission.facts import (
    Answers,
    Attempt,
    Batch,
    Bump,
    Close,
    Decision,
    Draft,
    Envelope,
    Fate,
    Item,
    Post,
    Rebuild,
    Wait,
)

LIFE_SECONDS = 60  # how long after the last ledger's close an envelope may apply
LOOK_SECONDS = 300  # how often a draft that others are to sign is looked at, if nothing is heard
OUTBID_LEDGERS = 3  # so many ledgers without it, and others seem to pay more
BUMP_FACTOR = 10  # the network replaces what it has queued only for so many times the rate
TAKEN = ("pending", "duplicate")
GUILTY = ("fail", "flip")  # verdicts on which an order does not go again as it is
UNPAYABLE = ("op_no_destination", "op_no_trust", "op_not_authorized", "op_line_full")


def unposted(batch: Batch) -> Envelope | None:
    """Return the newest envelope if nobody has been given it yet."""
    newest = batch.envelopes[-1]
    return None if newest.posted_ledger else newest


def expired(batch: Batch, node: Node) -> bool:
    """Say whether nothing signed for ``batch`` can get into any ledger that ``node`` has not told us of."""
    return node.closed_at > batch.max_time


def forgotten(batch: Batch, node: Node) -> bool:
    """Say whether the node's history begins so late that what was signed for ``batch`` may be in what it lacks."""
    return any(node.elder_ledger > attempt.after_ledger + 1 for attempt in batch.attempts)


def wants_sequence(batch: Batch, node: Node) -> bool:
    """Say whether to ask for the channel's sequence number: it is over, or a node says the number is spent."""
    return expired(batch, node) or any(envelope.code == "tx_bad_seq" for envelope in batch.envelopes)


def decide(batch: Batch, answers: Answers) -> Decision:
    """Return what to do about a live batch."""
    if (ended := _decided(batch, answers)) is not None:
        return ended
    if expired(batch, answers.node):
        return _dead(batch, answers)
    return _alive(batch, answers.node)


def hold(batch: Batch, draft: Draft, answers: Answers, wanted: Sequence[str]) -> Decision:
    """Return what to do about a batch whose draft others are to sign, as long as they have not.

    Nothing of the draft can apply yet; what was signed before it may, and is asked for until it cannot either.
    """
    if batch.attempts and (ended := _decided(batch, answers)) is not None:
        return ended
    left = draft.attempt.max_time - answers.node.closed_at - LIFE_SECONDS
    if left < 0:
        return Rebuild("too few signed it in time")
    if tuple(wanted) != draft.orders:
        return Rebuild("it carries orders that are wanted no more")
    quiet = not batch.attempts or expired(batch, answers.node)
    return Wait(min(left + 1, LOOK_SECONDS) if quiet else 0)


def _decided(batch: Batch, answers: Answers) -> Decision | None:
    """Return what follows where the ledger has decided about the number, or this node cannot know whether it has."""
    if answers.found is not None:
        return _landed(batch, answers.found)
    if forgotten(batch, answers.node):
        return parking.forgotten(batch, answers.node)
    if answers.sequence_asked and answers.sequence is not None and answers.sequence >= batch.sequence:
        return parking.spent(batch)
    return None


def _landed(batch: Batch, transaction: TransactionFacts) -> Decision:
    found = Codes("tx_success") if transaction.successful else codes(transaction.result_xdr)
    ruling = verdicts.of_transaction(found.transaction)
    if ruling.landed == "park":
        return parking.undecided(batch, transaction, found.transaction, ruling.words)
    guilty = [code for code in found.operations if verdicts.of_operation(code).act == "park"]
    if guilty:
        return parking.undecided(batch, transaction, guilty[0], verdicts.of_operation(guilty[0]).words)
    if ruling.landed == "split" and not set(found.operations) - {"op_success"}:
        return parking.undecided(batch, transaction, found.transaction, "no operation of it says why")
    return Close(transaction, found)


def _dead(batch: Batch, answers: Answers) -> Decision:
    """Nothing signed can apply any more, and nothing did: the number is free, if it is still the next one."""
    if answers.sequence is None:
        return parking.homeless(batch)
    if answers.sequence < batch.sequence - 1:
        return parking.astray(batch, answers.sequence)
    code = batch.envelopes[-1].code
    words = last_word(code)
    return parking.refused(batch, code, words.words) if words.refused == "park" else Rebuild(words.words)


def last_word(code: str) -> verdicts.Ruling:
    """Return what to do when ``code``, of the transaction or of an operation, is the last that was said."""
    if code.startswith("op_"):
        return verdicts.Ruling("park", "park", verdicts.of_operation(code).words)
    return verdicts.of_transaction(code)


def _alive(batch: Batch, node: Node) -> Decision:
    """Hand the same bytes in again, at most once a ledger; leave out one where a node said that it has them."""
    newest = batch.envelopes[-1]
    patience = 2 if newest.receipt in TAKEN else 1
    if node.ledger >= newest.posted_ledger + patience:
        return Post(newest, node.ledger)
    return Wait(ledger=node.ledger)


def escalation(batch: Batch, node: Node, bid_max: int) -> Bump | None:
    """Return the fee bump to make around the newest attempt, if it seems outbid and neither ``bid_max`` stroops for
    each operation nor what is left for today forbid it. The same transaction is inside: nothing can happen twice."""
    attempt, newest = batch.attempts[-1], batch.envelopes[-1]
    envelopes = [row for row in batch.envelopes if row.attempt_hash == attempt.hash]
    patient = node.ledger < attempt.after_ledger + OUTBID_LEDGERS * len(envelopes)
    rate = -(-newest.fee // (attempt.operations + (newest.hash != attempt.hash)))
    fee = BUMP_FACTOR * rate * (attempt.operations + 1)
    if BUMP_FACTOR * rate > bid_max or fee > batch.fees_left or (patient and newest.code != "tx_insufficient_fee"):
        return None
    return Bump(fee)


def heed(carried: Mapping[str, str], receipt: Receipt) -> Decision:
    """Return what to do after a receipt for an attempt that ``carried`` orders (and their operations), by index.

    Guilty operations named at the door are left out of the next attempt at once: nothing has to be waited for,
    because both attempts want the same number.
    """
    found = [
        (order, code, verdicts.of_operation(code, operation))
        for (order, operation), code in zip(carried.items(), receipt.codes.operations, strict=False)
    ]
    faults = {order: (code, verdict.words) for order, code, verdict in found if verdict.act in GUILTY}
    if receipt.status == "refused" and faults:
        return Rebuild(receipt.codes.transaction, faults)
    return Wait(receipt.retry_after_seconds)


def decisive(found: Codes) -> str:
    """Return the code to remember a refusal by: that of an operation only an operator can help, if there is one."""
    guilty = (code for code in found.operations if verdicts.of_operation(code).act == "park")
    return next(guilty, found.transaction)


def fates(items: Sequence[Item], carried: Collection[str], closing: Close) -> dict[str, Fate]:
    """Return what becomes of every order of a batch whose number was spent on the attempt that ``carried`` these."""
    if closing.transaction.successful:
        paid = dict.fromkeys(carried, Fate("settle"))
    else:
        blamed = closing.codes.operations  # none where it never got so far: then no operation is to blame
        judged = dict(zip(carried, blamed, strict=True)) if blamed else {}
        paid = {item.id: _judged(item, judged[item.id]) for item in items if item.id in judged}
    return {item.id: _unspent(item, paid.get(item.id)) for item in items}


def unpaid(items: Sequence[Item]) -> dict[str, Fate]:
    """Return what becomes of every order of a batch of which nothing was paid, and never will be."""
    return {item.id: _unspent(item, None) for item in items}


def _judged(item: Item, code: str) -> Fate:
    """The verdict on one operation of a transaction that failed."""
    verdict = verdicts.of_operation(code, item.operation)
    if verdict.act in GUILTY:
        return _guilty(item, code, verdict.words)
    paused = {"pause": item.asset, "reserve": NATIVE}.get(verdict.act, "")
    return Fate("release", suspect=verdict.act != "good", pause=paused, reason=verdict.words)


def _guilty(item: Item, code: str, words: str) -> Fate:
    """What becomes of an order that cannot be done as it is: it goes another way if there is one."""
    operation = another_way(item, code)
    if operation in ("", item.operation):
        return Fate("fail", code, words)
    return Fate("release", reason=words, operation=operation)


def another_way(item: Item, code: str) -> str:
    """Return the operation that would do, its destination being as ``code`` says, or nothing."""
    if item.kind == "create_account":
        return {"op_already_exists": "payment", "op_no_destination": "create_account"}.get(code, "")
    return SET_ASIDE if item.otherwise == "claimable_balance" and code in UNPAYABLE else ""


def _unspent(item: Item, fate: Fate | None) -> Fate:
    """What becomes of an order, seeing also what its owner and earlier refusals said of it."""
    if fate is not None and fate.event == "settle":
        return fate
    if item.recalled:
        return Fate("cancel")
    if item.code:
        return _guilty(item, item.code, item.reason)
    return fate or Fate("release")


def bid(base: int, most: int, attempts: Sequence[Attempt]) -> int:
    """Return the stroops to offer for each operation: twice as much for every attempt that came to nothing."""
    return min(base << min(len(attempts), 20), most)
