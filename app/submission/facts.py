"""What the engine's decisions are made from, and what they come to: plain facts, no rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.money import NATIVE
from app.stellar.facts import Node, Receipt, TransactionFacts
from app.stellar.operations import SET_ASIDE, TAKE_BACK
from app.stellar.results import Codes


@dataclass(frozen=True)
class Item:
    """An order, as its batch sees it. ``otherwise`` is what to do where the destination cannot be paid; ``code`` and
    ``reason`` are the network's word against it, if there was one."""

    id: str
    kind: str
    operation: str
    source: str
    destination: str
    asset: str
    amount: int
    reservation: str = ""
    otherwise: str = "fail"
    code: str = ""
    reason: str = ""
    recalled: bool = False

    @property
    def wanted(self) -> bool:
        """Whether the next envelope should carry it."""
        return not self.recalled and not self.code

    @property
    def assets(self) -> tuple[str, ...]:
        """What the source must have some of: for what is set aside, also XLM, for its reserve."""
        if self.kind == TAKE_BACK:
            return ()
        return (self.asset, NATIVE) if self.operation == SET_ASIDE else (self.asset,)


@dataclass(frozen=True)
class Attempt:
    """A signed transaction: in no ledger up to ``after_ledger``, in none closed after ``max_time`` (Unix seconds)."""

    hash: str
    max_time: int
    after_ledger: int
    fee: int
    operations: int = 1


@dataclass(frozen=True)
class Envelope:
    """What is handed in for an attempt, and what was last said to it; ``posted_ledger`` 0: it never was."""

    hash: str
    attempt_hash: str
    xdr: str
    fee: int
    posted_ledger: int = 0
    receipt: str = ""
    code: str = ""


@dataclass(frozen=True)
class Batch:
    """Orders tied to one sequence number of one channel; attempts and envelopes the oldest first.

    ``drafted_until``: the last moment, in Unix seconds, of any draft of it that came to nothing or still waits.
    ``fees_left``: what raising its fee may cost today, in stroops, where it is late.
    """

    id: int
    fence: int
    organization_id: str
    channel: str
    sequence: int
    source: str
    memo_type: str = "none"
    memo: str = ""
    asked_ledger: int = 0
    attempts: tuple[Attempt, ...] = ()
    envelopes: tuple[Envelope, ...] = ()
    drafted_until: int = 0
    fees_left: int = 0

    @property
    def late(self) -> bool:
        """Whether it was asked for in vain, or refused: a higher fee may help."""
        return self.asked_ledger > 0 or any(envelope.code for envelope in self.envelopes)

    @property
    def max_time(self) -> int:
        """The last moment at which anything signed for it could apply."""
        return max((attempt.max_time for attempt in self.attempts), default=0)


@dataclass(frozen=True)
class Signed:
    """A new attempt and its envelope, before anybody has seen it; ``orders`` by operation index."""

    attempt: Attempt
    envelope: Envelope
    orders: tuple[str, ...]


@dataclass(frozen=True)
class Draft:
    """A new attempt that others must sign first: ``xdr`` is its envelope without any signature; ``orders`` by
    operation index. They have ``seconds`` for it. ``signatures``: by whom, and what they signed so far."""

    attempt: Attempt
    xdr: str
    orders: tuple[str, ...]
    seconds: int = 0
    signatures: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Answers:
    """What one node said, in this order: how far its history goes; the channel's sequence number, if it was asked
    for (None: no such account); the one attempt found in the ledger, if any. Each answer is at least as new as the
    one before."""

    node: Node
    sequence: int | None = None
    sequence_asked: bool = False
    found: TransactionFacts | None = None


@dataclass(frozen=True)
class Wait:
    """Nothing to do for ``seconds``. ``ledger``: nothing of the batch was in the ledger up to there."""

    seconds: int = 0
    ledger: int = 0


@dataclass(frozen=True)
class Post:
    """Hand these bytes in; ``ledger`` is the last one we know of."""

    envelope: Envelope
    ledger: int


@dataclass(frozen=True)
class Close:
    """The ledger has spent the number on one of our attempts."""

    transaction: TransactionFacts
    codes: Codes


@dataclass(frozen=True)
class Rebuild:
    """Nothing signed so far will do: sign anew, on the same channel and number. ``faults``: order → code, words."""

    why: str
    faults: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Park:
    """Nothing more can be done without an operator, or until the world changes."""

    why: str


@dataclass(frozen=True)
class Bump:
    """Others pay more: offer ``fee`` stroops for the newest attempt, in a fee bump around it."""

    fee: int


Decision = Wait | Post | Close | Rebuild | Park | Bump


@dataclass(frozen=True)
class Result:
    """What came of a batch's turn: the decision; the receipt where something was handed in; a fee bump where one was
    signed."""

    decision: Decision
    receipt: Receipt | None = None
    envelope: Envelope | None = None


@dataclass(frozen=True)
class Fate:
    """What becomes of an order when its batch's number is spent: an event of its machine and the columns with it;
    ``pause`` is an asset its source has too little of."""

    event: str
    code: str = ""
    reason: str = ""
    operation: str = ""
    suspect: bool = False
    pause: str = ""


@dataclass(frozen=True)
class Allowance:
    """How much of an asset may leave in a day, and what is left of that, in stroops."""

    daily_max: int
    left: int


@dataclass(frozen=True)
class Source:
    """An account with orders that are ready."""

    address: str
    organization_id: str


@dataclass(frozen=True)
class Holdings:
    """What a source can spend of each asset, as of ``ledger`` or later; of what it issues itself, anything. Also in
    stroops, ``base_reserve`` of XLM can be spent no more for each claimant of what is set aside."""

    ledger: int
    spendable: Mapping[str, int]
    missing: bool = False  # there is no such account
    base_reserve: int = 0
    findings: Mapping[str, "Fate"] = field(default_factory=dict)  # orders that cannot go as they are
