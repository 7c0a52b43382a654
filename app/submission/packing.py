"""Which orders go into a batch. Pure.

The caller has sorted out source and memo, which a transaction has one of. What remains: the treasury's room, so that
an envelope is not refused for money that is still on its way out; and one batch at a time to an account that must be
created, because the second would find it there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.money import show
from app.submission.facts import Holdings, Item

BATCH_MAX = 100
SUSPECTS_MAX = 10  # orders that broke a batch once go in smaller ones, and keep the good ones out of it


@dataclass
class Packed:
    """The orders chosen, and the assets there was no room for, with the reason."""

    chosen: list[Item] = field(default_factory=list)
    short: dict[str, str] = field(default_factory=dict)


class Rooms:
    """How much of each asset may still leave one source."""

    def __init__(self, source: str, holdings: Holdings, in_flight: Mapping[str, int]):
        self.source = source
        self.holdings = holdings
        self.taken = dict(in_flight)

    def left(self, asset: str) -> int:
        return self.holdings.spendable.get(asset, 0) - self.taken.get(asset, 0)

    def fits(self, item: Item) -> bool:
        return item.asset.endswith(f":{self.source}") or item.amount <= self.left(item.asset)

    def take(self, item: Item) -> None:
        self.taken[item.asset] = self.taken.get(item.asset, 0) + item.amount

    def why_not(self, item: Item) -> str:
        if self.holdings.missing:
            return "the sending account does not exist on Stellar"
        left = show(max(self.left(item.asset), 0))
        return f"the sending account has {left} to spend, and the next order is of {show(item.amount)}"


def pack(candidates: Iterable[Item], rooms: Rooms, creating: set[str], most: int = BATCH_MAX) -> Packed:
    """Choose among ``candidates``, the longest waiting first, and take what they need from ``rooms``.

    ``creating`` are the accounts other batches are about to create; those of this one are added.
    """
    packed = Packed()
    for item in candidates:
        if len(packed.chosen) == most:
            break
        if item.asset in packed.short or (item.operation == "create_account" and item.destination in creating):
            continue
        if not rooms.fits(item):
            packed.short[item.asset] = rooms.why_not(item)  # nor shall a smaller one overtake it
            continue
        rooms.take(item)
        packed.chosen.append(item)
        if item.operation == "create_account":
            creating.add(item.destination)
    return packed
