"""Who drives a store by hand in the tests both stores must pass."""

from collections.abc import Callable
from typing import Any

from app.money import NATIVE
from app.stellar.facts import TransactionFacts
from app.stellar.results import Codes
from app.submission.facts import (
    Attempt,
    Batch,
    Close,
    Envelope,
    Holdings,
    Item,
    Signed,
    Source,
)
from app.submission.service import NewOrder
from tests.sim.houses import House
from tests.sim.scenario import ORGANIZATION, UNIT, USDC, address

SOURCE = Source(address("treasury 1"), ORGANIZATION)
CHANNELS = {address("channel 1"): 101, address("channel 2"): 201}
FEES_MAX = 5000
PLENTY = Holdings(10, {NATIVE: 1000 * UNIT, USDC: 1000 * UNIT})


class Clerk:
    """A house, its clock, and the verbs of the store, each in a transaction of its own."""

    def __init__(self, build: Callable[..., House]):
        self.now = 0.0
        self.house = build(lambda: self.now, interval_seconds=2, fees_daily_max=FEES_MAX)
        self.house.found([SOURCE], CHANNELS)

    def order(self, key: str, **facts: Any) -> str:
        plain: dict[str, Any] = {
            "organization_id": ORGANIZATION,
            "owner": "anchor",
            "owner_key": key,
            "source": SOURCE.address,
            "destination": address("payee 1"),
            "asset": USDC,
            "amount": UNIT,
            "reservation": f"reserved {key}",
        }
        self.now += 0.01  # no two at once
        return self.house.request(NewOrder(**plain | facts))

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        def call(*facts: Any) -> Any:
            with self.house.transaction() as store:
                return getattr(store, verb)(*facts)

        return call

    def formed(self, holdings: Holdings = PLENTY) -> list[tuple[Batch, list[Item]]]:
        """Form and lease what there is to sign."""
        self.form(SOURCE, holdings, 20)
        return sorted(((batch, list(items)) for batch, items in self.lease_bound(20)), key=lambda leased: leased[0].id)

    def live(self, holdings: Holdings = PLENTY) -> Batch:
        """Form one batch, sign it and lease it to be handed in."""
        [(batch, items)] = self.formed(holdings)
        assert self.persist(batch, signed(batch, items))
        return self.leased()

    def leased(self) -> Batch:
        [batch] = self.lease_live(20)
        return batch

    def states(self) -> dict[str, str]:
        return {key: row.state for key, row in self.house.orders().items()}


def signed(batch: Batch, items: list[Item], mark: str = "a") -> Signed:
    hash = f"{batch.id}{mark}"
    wanted = tuple(item.id for item in items if item.wanted)
    return Signed(Attempt(hash, 100, 9, 200, len(wanted) or 1), Envelope(hash, hash, f"xdr {hash}", 200), wanted)


def landed(batch: Batch, *codes: str, fee: int = 100) -> Close:
    """The batch's newest attempt is in ledger 11: with these codes of its operations, or successful if none."""
    facts = TransactionFacts(
        batch.attempts[-1].hash, not codes, 11, 50, fee, batch.channel, batch.channel, batch.sequence, ""
    )
    return Close(facts, Codes("tx_failed" if codes else "tx_success", codes))
