"""What must hold, whatever goes wrong: checked while it happens where that is the only time to see it, and at the end.

The truth is the ledger. Each check needs only what the engine promised, never how it keeps the promise.
"""

from collections import Counter
from collections.abc import Iterator

from app.money import NATIVE
from app.stellar.operations import SET_ASIDE
from app.submission.decisions import UNPAYABLE
from app.submission.facts import Batch, Rebuild, Result, Signed
from tests.sim.houses import Fact, House, Standing
from tests.sim.ledger import Ledger, Paid
from tests.sim.letters import Desk
from tests.sim.scenario import BID_MAX, Scenario

ENDED = ("settled", "failed", "cancelled")


class Witness:
    """``wrong``: every promise seen broken, as kind and words."""

    def __init__(self, ledger: Ledger, desk: Desk, scenario: Scenario):
        self.ledger = ledger
        self.desk = desk
        self.scenario = scenario
        self.wrong: list[tuple[str, str]] = []
        self.written: dict[str, str] = {}  # envelope → hash
        self.pinned: dict[str, set[tuple[str, int]]] = {}  # order → (channel, number) it was signed for
        self.recalled: set[str] = set()

    def wrote(self, batch: Batch, signed: Signed) -> None:
        """An attempt was written down: none of its orders may have another number that is not spent yet."""
        self.written[signed.envelope.xdr] = signed.attempt.hash
        for order in signed.orders:
            pins = self.pinned.setdefault(order, set())
            loose = [pin for pin in sorted(pins) if pin != (batch.channel, batch.sequence) and not self._spent(*pin)]
            if loose:
                self.wrong.append(("tied twice", f"{order} is signed for {batch.sequence} while {loose} is not spent"))
            pins.add((batch.channel, batch.sequence))

    def recorded(self, batch: Batch, fact: Fact) -> None:
        """A turn was written down, or came too late for that."""
        if isinstance(fact, Result) and fact.envelope:
            self.written[fact.envelope.xdr] = fact.envelope.attempt_hash
        if isinstance(fact, Result) and isinstance(fact.decision, Rebuild):
            self._wrote_off(batch)

    def heard(self, envelope: str) -> None:
        """A node was handed an envelope: by then it must be written down, and not offer more than we are ready to."""
        if envelope not in self.written:
            self.wrong.append(("not written", f"{envelope} was handed in before it was written down"))
        letter = self.desk.letters[envelope]
        if letter.bid > BID_MAX:
            self.wrong.append(("dear", f"{envelope} offers {letter.bid} for an operation"))

    def _wrote_off(self, batch: Batch) -> None:
        """What was signed so far was declared dead: then it must be. Behind a balancer nobody can know."""
        for attempt in batch.attempts:
            letter = self.desk.letters[f"envelope of {attempt.hash}"]
            if not self.scenario.balanced and (attempt.hash in self.ledger.landed or self.ledger.may_land(letter)):
                self.wrong.append(("written off", f"{letter.hash} for {batch.sequence} was not dead"))

    def check(self, house: House) -> None:
        """Compare the books with the ledger, now that all is over."""
        standing, paid = house.orders(), Counter(row.amount for row in self.ledger.paid)
        places = {row.amount: row for row in self.ledger.paid}
        for _, wish in self.scenario.wishes:
            for kind in self._wrong(standing[wish.owner_key], paid[wish.amount], places.get(wish.amount), wish.amount):
                self.wrong.append((kind, f"{wish.owner_key}: {standing[wish.owner_key]}"))
        open_batches = house.open_batches()
        self.wrong += [("stuck", words) for words in open_batches]
        if not open_batches:
            self.wrong += self._numbers(house)
        self.wrong += self._books(house)

    def _wrong(self, order: Standing, times: int, place: Paid | None, amount: int) -> Iterator[str]:
        yield from self._order(order, times, place, amount)
        yield from self._wish(order, place)

    def _wish(self, order: Standing, place: Paid | None) -> Iterator[str]:
        """What cannot be paid is set aside where its owner wants that, and nothing else is."""
        aside = order.wish.otherwise == "claimable_balance"
        if place and order.state == "settled" and place.kind != order.operation:
            yield f"settled as {order.operation}, and done as {place.kind}"
        if order.state == "failed" and aside and order.code in UNPAYABLE:
            yield "failed, not set aside"
        if place and place.kind == SET_ASIDE and not aside:
            yield "set aside against its owner's wish"
        if place and place.kind == SET_ASIDE and not any(self._seen(order, code) for code in UNPAYABLE):
            yield "set aside without a cause"

    def _order(self, order: Standing, times: int, place: Paid | None, amount: int) -> Iterator[str]:
        if times > 1:
            yield "paid twice"
        if order.state not in ENDED:
            yield "stuck"
        if order.state == "settled" and not times:
            yield "settled, not paid"
        if order.state in ("failed", "cancelled") and times:
            yield f"{order.state}, but paid"
        if order.state == "failed" and not self._seen(order, order.code):
            yield "failed without a cause"
        if order.state == "cancelled" and order.key not in self.recalled:
            yield "cancelled by nobody"
        if place and times == 1 and order.state == "settled" and order.place != (place.hash, place.index, place.ledger):
            yield "settled in another place"

    def _seen(self, order: Standing, code: str) -> bool:
        """Say whether the network refused the order with a code, or a node showed why it would."""
        shown = order.wish.destination, order.wish.asset, code
        return code in self.ledger.accused.get(order.wish.amount, ()) or shown in self.ledger.suspected

    def _numbers(self, house: House) -> Iterator[tuple[str, str]]:
        for channel, following in house.numbers().items():
            if following != self.ledger.numbers[channel] + 1:
                yield "number", f"{channel}: {following} follows {self.ledger.numbers[channel]}"

    def _books(self, house: House) -> Iterator[tuple[str, str]]:
        """Every stroop paid is posted, none is held for what has ended, and the network's fees are booked."""
        booked = house.balances()
        settled = [row.wish for row in house.orders().values() if row.state == "settled"]
        waiting = [row.wish for row in house.orders().values() if row.state not in ENDED]
        for asset in {wish.asset for _, wish in self.scenario.wishes}:
            due = sum(wish.amount for wish in settled if wish.asset == asset)
            held = sum(wish.amount for wish in waiting if wish.asset == asset)
            if booked.get(("owed", asset), (0, 0)) != (due, held):
                yield "books", f"owed {asset}: {booked.get(('owed', asset))}, not {due, held}"
        fees = sum(self.ledger.fees.values())
        if not waiting and booked.get(("fees:network", NATIVE), (0, 0))[0] != fees:
            yield "books", f"fees: {booked.get(('fees:network', NATIVE))}, not {fees}"
        for asset in {asset for _, asset in booked}:
            if sum(posted for (_, of), (posted, _) in booked.items() if of == asset):
                yield "books", f"{asset} does not sum to nothing"

    def _spent(self, channel: str, sequence: int) -> bool:
        return self.ledger.numbers[channel] >= sequence
