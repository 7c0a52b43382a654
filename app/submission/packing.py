"""Which orders go into a batch. Pure.

The caller has sorted out source and memo, which a transaction has one of. What remains: the treasury's room, so that
an envelope is not refused for money that is still on its way out; what may leave in a day; and one batch at a time to
an account that must be created, because the second would find it there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from app.money import NATIVE, show
from app.stellar.operations import CLAIMANTS, SET_ASIDE
from app.submission.facts import Allowance, Fate, Holdings, Item

BATCH_MAX = 100
SUSPECTS_MAX = 10  # orders that broke a batch once go in smaller ones, and keep the good ones out of it
SURGE_MAX = 25  # a ledger that many want to be in has no room for a hundred at once
OVER_CAP = "over_daily_cap"


@dataclass
class Packed:
    """The orders chosen; the assets there was no room for, with the reason; the orders there never will be room for."""

    chosen: list[Item] = field(default_factory=list)
    short: dict[str, str] = field(default_factory=dict)
    never: dict[str, Fate] = field(default_factory=dict)


class Rooms:
    """How much of each asset may still leave one source."""

    def __init__(
        self, source: str, holdings: Holdings, in_flight: Mapping[str, int], allowances: Mapping[str, Allowance]
    ):
        self.source = source
        self.holdings = holdings
        self.taken = dict(in_flight)
        self.allowances = dict(allowances)

    def left(self, asset: str) -> int:
        return self.holdings.spendable.get(asset, 0) - self.taken.get(asset, 0)

    def take(self, item: Item) -> None:
        for asset in item.assets:
            self.taken[asset] = self.taken.get(asset, 0) + self._need(item, asset)
        allowance = self._allowance(item)
        if allowance:
            self.allowances[item.asset] = replace(allowance, left=allowance.left - item.amount)

    def never(self, item: Item) -> Fate | None:
        """Say that an order is of more than may ever leave in a day, if it is."""
        allowance = self._allowance(item)
        if allowance is None or item.amount <= allowance.daily_max:
            return None
        return Fate("fail", OVER_CAP, f"no more than {show(allowance.daily_max)} may leave in a day")

    def shortage(self, item: Item) -> tuple[str, str] | None:
        """Return the asset of which there is too little for ``item`` now, and why; None where there is enough."""
        allowance = self._allowance(item)
        if allowance and item.amount > allowance.left:
            rest = f"{show(allowance.left)} of the {show(allowance.daily_max)} that may leave in a day"
            return item.asset, f"{rest} are left, and the next order is of {show(item.amount)}"
        poor = (asset for asset in item.assets if self._need(item, asset) > max(self.left(asset), 0))
        return next(((asset, self._why(item, asset)) for asset in poor), None)

    def _why(self, item: Item, asset: str) -> str:
        if self.holdings.missing:
            return "the sending account does not exist on Stellar"
        left = show(max(self.left(asset), 0))
        return f"the sending account has {left} to spend, and the next order takes {show(self._need(item, asset))}"

    def _allowance(self, item: Item) -> Allowance | None:
        return self.allowances.get(item.asset) if item.assets else None

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
        if never := rooms.never(item):
            packed.never[item.id] = never
            continue
        if shortage := rooms.shortage(item):
            packed.short.setdefault(*shortage)  # nor shall a smaller one overtake it
            continue
        rooms.take(item)
        packed.chosen.append(item)
        if item.operation == "create_account":
            creating.add(item.destination)
    return packed
