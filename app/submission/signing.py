"""How a batch gets its signatures: facts in, facts out, no session.

Where the keys that are here suffice, it is signed at once, with as few of them as its accounts ask for. Else a draft
is drawn up for others to sign, and we sign last: until then nobody can have it applied. That holds also where the
account that lends its number is one the others could sign for without us: then the draft demands our signature.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from stellar_sdk import DecoratedSignature

from app.failpoint import failpoint
from app.stellar import envelopes, operations
from app.stellar.network import Network
from app.stellar.signing import HIGH, LOW, MEDIUM, Keys, Quorum, Signer, decorated, quorum
from app.stellar.signing import sign as signed
from app.submission.acts import ask
from app.submission.decisions import LIFE_SECONDS, bid, hold
from app.submission.facts import Answers, Attempt, Batch, Decision, Draft, Envelope, Item, Park, Signed, Wait

LEVELS = {"bump_sequence": LOW, "account_merge": HIGH}  # every other operation needs the medium threshold
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Terms:
    """What an operation may cost, in stroops: the first bid, and the most ever bid; after how many seconds what was
    set aside may be taken back; and how long co-signers may take."""

    bid: int
    bid_max: int
    back_seconds: int
    signatures_seconds: int = DAY_SECONDS


@dataclass(frozen=True)
class Unsigned:
    """A batch to be signed, with its orders and, for each of its accounts, the keys that sign for it."""

    batch: Batch
    items: tuple[Item, ...]
    keys: Mapping[str, Keys] = field(default_factory=dict)

    @property
    def wanted(self) -> list[Item]:
        return [item for item in self.items if item.wanted]


@dataclass(frozen=True)
class Outline:
    """What an attempt is to say, before it is bytes. ``fee`` is the most it may cost, in stroops; ``max_time`` in
    Unix seconds."""

    batch: Batch
    fee: int
    max_time: int
    instructions: Sequence[operations.Instruction]
    countersigner: str = ""


Write = Callable[[Outline, str, Sequence[Signer]], tuple[str, str]]
Seal = Callable[[str, str, Sequence[Signer], Sequence[DecoratedSignature]], str]


def write(outline: Outline, passphrase: str, signers: Sequence[Signer]) -> tuple[str, str]:
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
        countersigner=outline.countersigner,
    )
    body = envelopes.build(plan, passphrase)
    return body.hash.hex(), envelopes.seal(body, signed(body.hash, signers))


def seal(draft_xdr: str, passphrase: str, signers: Sequence[Signer], theirs: Sequence[DecoratedSignature]) -> str:
    """Return the envelope of a draft with the signatures of others and, last, ours."""
    body = envelopes.unsigned(draft_xdr, passphrase)
    return envelopes.seal(body, [*theirs, *signed(body.hash, signers)])


def sign(network: Network, unsigned: Unsigned, terms: Terms, write: Write = write) -> Signed | Draft | Park:
    """Return a new attempt for a batch, or a draft of it for others to sign, or why these keys cannot sign it.

    Its life ends by the network's clock, not by ours, and after that of anything signed for the batch before: there is
    something to hand in as long as anything of it may apply. No two drafts are alike.
    """
    batch, wanted, node = unsigned.batch, unsigned.wanted, network.node()
    quorums = _quorums(network, unsigned)
    lacking = _lacking(unsigned, quorums)
    if lacking:
        return Park(lacking)
    here, signers = _here(unsigned), _choose(unsigned, quorums, ())
    patience_seconds = terms.signatures_seconds if signers is None else 0
    count = max(len(wanted), 1)
    fee = bid(terms.bid, terms.bid_max, batch.attempts) * count
    earlier = max(batch.max_time, batch.drafted_until if signers is None else 0)
    max_time = max(node.closed_at + LIFE_SECONDS + patience_seconds, earlier + 1)
    countersigner = _countersigner(unsigned) if signers is None else ""
    outline = Outline(batch, fee, max_time, instructions(batch, wanted, terms), countersigner)
    hash, xdr = write(outline, network.passphrase, [here[address] for address in dict.fromkeys(signers or ())])
    attempt, orders = Attempt(hash, max_time, node.ledger, fee, count), tuple(item.id for item in wanted)
    if signers is None:
        return Draft(attempt, xdr, orders, patience_seconds)
    return Signed(attempt, Envelope(hash, hash, xdr, fee), orders)


def collect(network: Network, unsigned: Unsigned, draft: Draft, seal: Seal = seal) -> Envelope | Decision:
    """Return the envelope of a draft as soon as enough have signed it, or what else is to become of its batch."""
    batch, node = unsigned.batch, network.node()
    answers = ask(network, batch, node) if batch.attempts else Answers(node)
    decision = hold(batch, draft, answers, [item.id for item in unsigned.wanted])
    if not isinstance(decision, Wait):
        return decision
    here, theirs = _here(unsigned), dict(draft.signatures)
    chosen = _choose(unsigned, _quorums(network, unsigned), theirs)
    if chosen is None:
        return decision
    last = filter(None, [_countersigner(unsigned)])
    ours = [here[address] for address in dict.fromkeys([*chosen, *last]) if address in here]
    added = [decorated(address, theirs[address]) for address in dict.fromkeys(chosen) if address not in here]
    xdr = seal(draft.xdr, network.passphrase, ours, added)
    failpoint("after_collect")
    return Envelope(draft.attempt.hash, draft.attempt.hash, xdr, draft.attempt.fee)


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


def levels(batch: Batch, items: Sequence[Item]) -> dict[str, int]:
    """Return the accounts that must sign the next attempt, and no other: the network refuses those. With each, which
    of its thresholds must be reached."""
    found = {batch.channel: LOW}
    for item in items:
        if item.wanted:
            found[item.source] = max(found.get(item.source, LOW), LEVELS.get(item.operation, MEDIUM))
    return found


def _quorums(network: Network, unsigned: Unsigned) -> dict[str, Quorum]:
    needed = sorted(levels(unsigned.batch, unsigned.items).items())
    return {account: quorum(network, account, unsigned.keys.get(account, Keys()), level) for account, level in needed}


def _lacking(unsigned: Unsigned, quorums: Mapping[str, Quorum]) -> str:
    """Say why the keys we know of cannot sign, all of them together; nothing if they can."""
    for account, needs in quorums.items():
        weight = needs.weight(needs.weights)
        if weight < needs.needed:
            return f"the keys we know of for {account} weigh {weight} together, and {needs.needed} are needed"
    keys = unsigned.keys.get(unsigned.batch.channel, Keys())
    return "" if keys.here or not keys.elsewhere else f"no key for {unsigned.batch.channel} is here: it cannot lend"


def _choose(unsigned: Unsigned, quorums: Mapping[str, Quorum], theirs: Collection[str]) -> list[str] | None:
    """Return who signs, of those whose key is here and those who have signed; None if they are too few."""
    chosen: list[str] = []
    for account, needs in quorums.items():
        keys = unsigned.keys.get(account, Keys())
        fewest = needs.fewest([*keys.ours, *(address for address in keys.elsewhere if address in theirs)])
        if fewest is None:
            return None
        chosen += fewest
    return chosen


def _here(unsigned: Unsigned) -> dict[str, Signer]:
    return {signer.public_key: signer for keys in unsigned.keys.values() for signer in keys.here}


def _countersigner(unsigned: Unsigned) -> str:
    """Return whose signature a draft must demand, so that the others cannot do without us: nobody's, where the account
    that lends its number is signed for by us alone."""
    keys = unsigned.keys.get(unsigned.batch.channel, Keys())
    return keys.ours[0] if keys.elsewhere else ""
