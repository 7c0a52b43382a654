"""Which orders go into a batch. Pure.

The caller has sorted out source and memo, which a transaction has one of. What remains: the treasury's room, so that
an envelope is not refused for money that is still on its way out; and one batch at a time to an account that must be
created, because the second would find it there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.money import NATIVE, show
from app.stellar.operations import CLAIMANTS, SET_ASIDE
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

    def short(self, item: Item) -> str:
        """Return the asset there is too little of for ``item``, or nothing."""
        return next((asset for asset in item.assets if self._need(item, asset) > max(self.left(asset), 0)), "")

    def take(self, item: Item) -> None:
        for asset in item.assets:
            self.taken[asset] = self.taken.get(asset, 0) + self._need(item, asset)

    def why_not(self, item: Item, asset: str) -> str:
        if self.holdings.missing:
            return "the sending account does not exist on Stellar"
        left = show(max(self.left(asset), 0))
        return f"the sending account has {left} to spend, and the next order takes {show(self._need(item, asset))}"

    def _need(self, item: Item, asset: str) -> int:
        reserve = item.operation == SET_ASIDE and asset == NATIVE
        sent = asset == item.asset and not asset.endswith(f":{self.source}")
        return sent * item.amount + reserve * CLAIMANTS * self.holdings.base_reserve


def pack(candidates: Iterable[Item], rooms: Rooms, creating: set[str], most: int = BATCH_MAX) -> Packed:
    """Choose among ``candidates``, the longest waiting first, and take what they need from ``rooms``.

    ``creating`` are the accounts other batches are about to create; those of this one are added.
    """
    packed = Packed()
    for item in candidates:
        if len(packed.chosen) == most:
            break
        if packed.short.keys() & item.assets or (item.operation == "create_account" and item.destination in creating):
            continue
        short = rooms.short(item)
        if short:
            packed.short[short] = rooms.why_not(item, short)  # nor shall a smaller one overtake it
            continue
        rooms.take(item)
        packed.chosen.append(item)
        if item.operation == "create_account":
            creating.add(item.destination)
    return packed
