"""How one asset becomes another through the books: what a path payment would cost, or bring.

Round by round every asset reached is traded one hop further, keeping for each asset only the best way to it; each
better way to a wanted asset found underway is a path to show. Amounts are computed as the ledger does.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import gt, lt

from app.sandbox.network.engine.entries import INT64_MAX, Asset, Offer
from app.sandbox.network.engine.exchange import Limits, Rounding, exchange
from app.sandbox.network.horizon.view import View

BETWEEN_MAX = 3  # assets between source and destination
PATHS_MAX = 5  # for one source asset, or one destination asset


@dataclass(frozen=True, slots=True)
class Path:
    source: Asset
    source_amount: int
    destination: Asset
    destination_amount: int
    between: tuple[Asset, ...]


Reached = tuple[int, tuple[Asset, ...]]  # an amount, and the assets on the way to it


def strict_receive(view: View, destination: Asset, amount: int, sources: dict[Asset, int], ignore: bytes) -> list[Path]:
    """Return the cheapest ways to let ``amount`` arrive.

    ``sources``: how much each may cost at most; ``ignore``: the source account, which cannot take its own offers.
    """

    def trade(asset: Asset, wanted: int, other: Asset) -> int | None:
        return _cost(_offers(view, asset, other, ignore), wanted)

    found = _search(view, destination, amount, trade, forwards=False)
    paths = [
        Path(asset, cost, destination, amount, way[:0:-1])
        for asset, cost, way in found
        if cost <= sources.get(asset, -1)
    ]
    return _best(paths, lambda path: (path.source, path.source_amount, len(path.between)), lambda path: path.source)


def strict_send(view: View, source: Asset, amount: int, destinations: Iterable[Asset]) -> list[Path]:
    """Return the ways on which most of each destination asset arrives for ``amount`` sent."""

    def trade(asset: Asset, held: int, other: Asset) -> int | None:
        return _proceeds(_offers(view, other, asset, b""), held)

    wanted = set(destinations)
    found = _search(view, source, amount, trade, forwards=True)
    paths = [Path(source, amount, asset, brought, way[1:]) for asset, brought, way in found if asset in wanted]
    return _best(
        paths,
        lambda path: (path.destination, -path.destination_amount, len(path.between)),
        lambda path: path.destination,
    )


def _search(
    view: View, start: Asset, amount: int, trade: Callable[[Asset, int, Asset], int | None], *, forwards: bool
) -> list[tuple[Asset, int, tuple[Asset, ...]]]:
    """Return every improvement found: an asset, the amount of it, and the way to it, ``start`` first."""
    neighbours = _neighbours(view, forwards=forwards)
    improves = gt if forwards else lt
    best: dict[Asset, Reached] = {start: (amount, ())}
    found: list[tuple[Asset, int, tuple[Asset, ...]]] = [(start, amount, (start,))]
    for _ in range(BETWEEN_MAX + 1):
        better = dict(best)
        for asset, (held, way) in best.items():
            here = (*way, asset)
            for other in neighbours.get(asset, ()):
                reached = None if other in here else trade(asset, held, other)
                if reached and (other not in better or improves(reached, better[other][0])):
                    better[other] = (reached, here)
                    found.append((other, reached, here))
        best = better
    return found


def _neighbours(view: View, *, forwards: bool) -> dict[Asset, list[Asset]]:
    """Return which assets a hop leads to: forwards, what is sold for an asset; backwards, what it is sold for."""
    edges: dict[Asset, list[Asset]] = {}
    for selling, buying in view.books.pairs():
        here, there = (buying, selling) if forwards else (selling, buying)
        edges.setdefault(here, []).append(there)
    return edges


def _offers(view: View, selling: Asset, buying: Asset, ignore: bytes) -> Iterable[Offer]:
    return (view.offer(seller, id) for seller, id in view.books.offers(selling, buying) if seller != ignore)


def _cost(offers: Iterable[Offer], wanted: int) -> int | None:
    """Return what taking ``wanted`` from a book costs, None if it has not so much."""
    cost = 0
    for offer in offers:
        limits = Limits(wheat_send=offer.amount, wheat_receive=wanted)
        taken = exchange(offer.price, limits, Rounding.STRICT_RECEIVE)
        wanted, cost = wanted - taken.wheat, cost + taken.sheep
        if taken.wheat_stays or wanted == 0:
            break
    return cost if wanted == 0 and cost <= INT64_MAX else None


def _proceeds(offers: Iterable[Offer], held: int) -> int | None:
    """Return what giving ``held`` to a book brings, None if it does not take so much."""
    brought = 0
    for offer in offers:
        limits = Limits(wheat_send=offer.amount, sheep_send=held)
        taken = exchange(offer.price, limits, Rounding.STRICT_SEND)
        held, brought = held - taken.sheep, brought + taken.wheat
        if taken.wheat_stays or held == 0:
            break
    return brought if held == 0 else None


def _best(
    paths: list[Path], order: Callable[[Path], tuple[Asset, int, int]], of: Callable[[Path], Asset]
) -> list[Path]:
    kept: list[Path] = []
    counts: dict[Asset, int] = {}
    for path in sorted(paths, key=order):
        counts[of(path)] = counts.get(of(path), 0) + 1
        if counts[of(path)] <= PATHS_MAX:
            kept.append(path)
    return kept
