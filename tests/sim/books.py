"""Double entry in memory: the verbs of app.ledger the engine uses, with the same laws."""

from collections import defaultdict

Facts = tuple[str, str, str, int]  # debit, credit, asset, amount


class Books:
    """``posted`` and ``pending``: what each account has, by name and asset; debits add, credits take away."""

    def __init__(self) -> None:
        self.transfers: dict[str, Facts] = {}
        self.reservations: dict[str, Facts] = {}
        self.ends: dict[str, str] = {}
        self.posted: dict[tuple[str, str], int] = defaultdict(int)
        self.pending: dict[tuple[str, str], int] = defaultdict(int)

    def transfer(self, key: str, debit: str, credit: str, asset: str, amount: int) -> None:
        """Move ``amount`` at once; the same again moves nothing."""
        facts = debit, credit, asset, amount
        if self.transfers.setdefault(key, facts) is not facts:
            return self._same(key, self.transfers[key], facts)
        return self._move(self.posted, facts, amount)

    def reserve(self, key: str, debit: str, credit: str, asset: str, amount: int) -> None:
        """Hold ``amount`` until it is resolved."""
        facts = debit, credit, asset, amount
        if self.reservations.setdefault(key, facts) is not facts:
            return self._same(key, self.reservations[key], facts)
        return self._move(self.pending, facts, amount)

    def resolve(self, key: str, end: str) -> None:
        """End a reservation: "post" or "void". An empty key is nobody's. Raises ValueError if it ended otherwise."""
        if not key or self.ends.get(key) == end:
            return
        if self.ends.setdefault(key, end) != end:
            raise ValueError(f"reservation {key} has ended in {self.ends[key]}, and cannot {end}")
        facts = self.reservations[key]
        self._move(self.pending, facts, -facts[3])
        if end == "post":
            self._move(self.posted, facts, facts[3])

    def _move(self, balances: dict[tuple[str, str], int], facts: Facts, amount: int) -> None:
        debit, credit, asset, _ = facts
        balances[debit, asset] += amount
        balances[credit, asset] -= amount

    def _same(self, key: str, first: Facts, again: Facts) -> None:
        if first != again:
            raise ValueError(f"{key} was {first}, and is now {again}")
