"""The rows of the store in memory: orders and batches, moved only as their tables of states allow."""

from dataclasses import dataclass, field

from app.states import Machine
from app.submission import facts
from app.submission.facts import Item
from app.submission.service import NewOrder
from app.submission.states import BATCH, ORDER, RECALLED


@dataclass(eq=False)
class Order:
    """A row of the table of orders; its id is what its owner calls it."""

    wish: NewOrder
    operation: str
    due_at: float
    state: str = ORDER.start
    suspect: bool = False
    code: str = ""
    reason: str = ""
    batch_id: int = 0

    @property
    def group(self) -> tuple[bool, str, str]:
        """What orders must share to travel together."""
        return self.suspect, self.wish.memo_type, self.wish.memo

    def item(self) -> Item:
        wish, recalled = self.wish, self.state in RECALLED
        return Item(
            *(wish.owner_key, wish.kind, self.operation, wish.source, wish.destination, wish.asset, wish.amount),
            *(wish.reservation, wish.otherwise, self.code, self.reason, recalled),
        )


@dataclass(eq=False)
class Batch:
    """A row of the table of batches, with its attempts, envelopes and orders."""

    organization_id: str
    id: int
    channel: str
    sequence: int
    source: str
    memo_type: str
    memo: str
    due_at: float
    orders: list[Order]
    state: str = BATCH.start
    fence: int = 0
    asked_ledger: int = 0
    reason: str = ""
    closed_at: float = 0
    fee: int = 0
    attempts: list[facts.Attempt] = field(default_factory=list)
    envelopes: list[facts.Envelope] = field(default_factory=list)
    drafts: list[facts.Draft] = field(default_factory=list)  # of which no envelope was made

    def facts(self) -> facts.Batch:
        return facts.Batch(
            *(self.id, self.fence, self.organization_id, self.channel, self.sequence, self.source),
            *(self.memo_type, self.memo, self.asked_ledger, tuple(self.attempts), tuple(self.envelopes)),
            max((draft.attempt.max_time for draft in self.drafts), default=0),
        )

    def items(self) -> list[Item]:
        return [order.item() for order in self.orders]


def moved(row: Order | Batch, machine: Machine, event: str) -> bool:
    """Move a row as its table of states allows; say whether it may."""
    if row.state not in machine.sources(event):
        return False
    row.state = machine.target[event]
    return True
