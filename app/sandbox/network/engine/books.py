"""Order books: the offers of each pair, best price first, then oldest."""

from bisect import bisect_left, insort
from collections.abc import Iterator

from app.sandbox.network.engine.entries import Asset, Offer

Rank = tuple[int, int, bytes]  # price, id, seller


class Books:
    """An index over the offers of a world. It holds no offers, only where to find them."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[Asset, Asset], list[Rank]] = {}
        self._sellers: dict[bytes, set[int]] = {}

    def replace(self, old: Offer | None, new: Offer | None) -> None:
        """Follow one offer as it appears, changes or goes."""
        if old is not None:
            ranks = self._pairs[old.selling, old.buying]
            del ranks[bisect_left(ranks, _rank(old))]
            self._sellers[old.seller].discard(old.id)
        if new is not None:
            insort(self._pairs.setdefault((new.selling, new.buying), []), _rank(new))
            self._sellers.setdefault(new.seller, set()).add(new.id)

    def best(self, selling: Asset, buying: Asset) -> tuple[bytes, int] | None:
        """Return (seller, id) of the best offer that sells ``selling`` for ``buying``."""
        ranks = self._pairs.get((selling, buying))
        return (ranks[0][2], ranks[0][1]) if ranks else None

    def offers(self, selling: Asset, buying: Asset) -> Iterator[tuple[bytes, int]]:
        """Yield (seller, id), best first."""
        return ((seller, id) for _, id, seller in self._pairs.get((selling, buying), ()))

    def pairs(self) -> list[tuple[Asset, Asset]]:
        """Return (selling, buying) of every book that has an offer."""
        return [pair for pair, ranks in self._pairs.items() if ranks]

    def of(self, seller: bytes) -> list[int]:
        """Return the ids of a seller's offers, oldest first."""
        return sorted(self._sellers.get(seller, ()))


def _rank(offer: Offer) -> Rank:
    return offer.price.rank, offer.id, offer.seller
