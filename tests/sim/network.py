"""Nodes that show the truth, each late in its own way, and take envelopes on its way there.

What a node's core takes and refuses follows stellar-core: one transaction of an account waits at a time, four
ledgers long; what has waited in vain, or has just been applied, is banned from that node for ten.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from app.money import NATIVE
from app.stellar import facts
from app.stellar.facts import Receipt
from app.stellar.receivers import Receiver, Receivers, Wanted
from app.stellar.results import Codes
from tests.sim.faults import Weather
from tests.sim.ledger import BASE_FEE, BASE_RESERVE, FIRST, RESERVED_ENTRIES, Closed, Ledger, Payee
from tests.sim.letters import Desk, Letter

PASSPHRASE = "Simulated Network ; for tests"
QUEUE_LEDGERS = 4
BAN_LEDGERS = 10
BUMP_FACTOR = 10  # what is queued is replaced only for so many times its bid
CLOSE_SECONDS = 5
SHORT_MEMORY = 4  # the ledgers a pruned node remembers

PENDING, DUPLICATE, LATER = (Receipt(status) for status in ("pending", "duplicate", "try_again_later"))


def refused(code: str, operations: tuple[str, ...] = ()) -> Receipt:
    return Receipt("refused", Codes(code, operations))


@dataclass
class Pending:
    letter: Letter
    ledgers: int = 0


class Node:
    """A Horizon and its core."""

    def __init__(self, name: str, ledger: Ledger, desk: Desk, weather: Weather):
        self.name = name
        self.truth = ledger
        self.desk = desk
        self.weather = weather
        self.queue: dict[str, Pending] = {}
        self.bans: dict[str, int] = {}
        self.arriving: list[tuple[float, Closed]] = []  # ledgers closed, and when this node will have read them
        self.seen = ledger.history[-1]
        self.elder = FIRST

    def read(self, now: float) -> None:
        """Read what has arrived by now."""
        while self.arriving and self.arriving[0][0] <= now:
            self.seen = self.arriving.pop(0)[1]

    def node(self) -> facts.Node:
        return facts.Node(self.seen.number, self.seen.closed_at, self.elder, PASSPHRASE)

    def ledger(self) -> facts.Ledger:
        return facts.Ledger(self.seen.number, self.seen.closed_at, BASE_FEE, BASE_RESERVE, 1000)

    def account(self, address: str) -> facts.AccountFacts | None:
        held = {asset: amount for (holder, asset), amount in self.seen.held.items() if holder == address}
        balances = [facts.Balance(asset, amount, None if asset == NATIVE else 2**63) for asset, amount in held.items()]
        number = self.seen.numbers.get(address, 0)
        entries = RESERVED_ENTRIES + self.seen.reserved.get(address, 0)
        return facts.AccountFacts(address, number, 0, 0, 0, (), tuple(balances), entries)

    def receivers(self, wanted: Wanted) -> Receivers:
        return {account: self._receiver(account, self.seen.payees[account], wanted[account]) for account in wanted}

    def _receiver(self, account: str, payee: Payee, assets: Iterable[str]) -> Receiver | None:
        for asset in assets:
            self.truth.suspected.add((account, asset, payee.refusal(asset)))
        room = 0 if payee.full else 2**62
        lines = {asset: facts.Balance(asset, 0, room, is_authorized=payee.authorized) for asset in assets}
        return Receiver(lines if payee.trusts else {}, memo_required=False) if payee.exists else None

    def transaction(self, hash: str) -> facts.TransactionFacts | None:
        found = self.truth.landed.get(hash)
        return found if found and self.elder <= found.ledger <= self.seen.number else None

    def submit(self, envelope_xdr: str) -> Receipt:
        receipt = self.take(self.desk.read(envelope_xdr))
        if receipt is PENDING and self.weather.strikes("false_bad_seq"):
            return refused("tx_bad_seq")
        if receipt is PENDING and self.weather.strikes("hasty_refusal"):
            return LATER
        return receipt

    def take(self, letter: Letter) -> Receipt:
        """Let a letter wait for the next ledger, if it may; say what the core says, in its order."""
        waiting = self.queue.get(letter.source)
        if self.bans.get(letter.hash, 0) >= self.truth.number:
            return LATER
        refusal = self._beside(waiting.letter, letter) if waiting else None
        refusal = refusal or self._untimely(letter) or self._unreadable(letter) or self._hopeless(letter)
        if refusal is None:
            self.queue[letter.source] = Pending(letter)
        return refusal or PENDING

    def _beside(self, waiting: Letter, letter: Letter) -> Receipt | None:
        """Refuse a letter because of the one that waits: unless it is a fee bump that offers ten times as much."""
        if letter.hash in (waiting.hash, waiting.inner):
            return DUPLICATE
        if letter.sequence < waiting.sequence:
            return refused("tx_bad_seq")
        if not letter.bumped or letter.sequence > waiting.sequence:
            return LATER
        if letter.bid < BUMP_FACTOR * waiting.bid:
            return refused("tx_insufficient_fee")
        return None

    def _untimely(self, letter: Letter) -> Receipt | None:
        if letter.max_time < self.truth.closed_at + 2 * CLOSE_SECONDS:
            return refused("tx_too_late")
        if letter.sequence != self._core().numbers[letter.source] + 1:
            return refused("tx_bad_seq")
        return None

    def _core(self) -> Closed:
        back = 2 if self.weather.strikes("stale_core") else 1
        return self.truth.history[-back:][0]

    def _unreadable(self, letter: Letter) -> Receipt | None:
        """Refuse what can be refused without looking at any account."""
        if not any(letter.malformed):
            return None
        codes = tuple("op_malformed" if malformed else "op_success" for malformed in letter.malformed)
        for part, code in zip(letter.instructions, codes, strict=True):
            self.truth.accuse(part.amount, code)
        return refused("tx_failed", codes)

    def _hopeless(self, letter: Letter) -> Receipt | None:
        """Refuse what would fail now, as a node does that tries before it takes."""
        codes = self.truth.refusal(letter) if self.weather.strikes("tried") else ()
        return refused("tx_failed", codes) if codes else None

    def close(self, included: list[Letter]) -> None:
        """Forget what is in the ledger and what has waited too long."""
        until = self.truth.number + BAN_LEDGERS
        for letter in included:
            self.bans[letter.hash] = until
        for source, pending in list(self.queue.items()):
            pending.ledgers += 1
            if pending.ledgers >= QUEUE_LEDGERS or self.truth.invalid(pending.letter):
                self.forget(source)

    def forget(self, source: str) -> None:
        letter = self.queue.pop(source).letter
        self.bans[letter.hash] = self.truth.number + BAN_LEDGERS


class Network:
    """All nodes of a seed, and what closes their ledgers."""

    def __init__(self, ledger: Ledger, desk: Desk, weather: Weather, nodes: int):
        self.ledger = ledger
        self.desk = desk
        self.weather = weather
        self.random = weather.random
        self.nodes = [Node(f"node {number}", ledger, desk, weather) for number in range(1, nodes + 1)]
        for node in self.nodes:
            node.elder = ledger.number if weather.strikes("pruned") else FIRST

    def close(self, closed_at: float, now: float) -> int:
        """Close a ledger; return the rate it took, in stroops an operation."""
        self._flood()
        rate = BASE_FEE << self.random.randint(1, 8) if self.weather.strikes("surge") else BASE_FEE
        offered = {pending.letter.hash: pending.letter for node in self.nodes for pending in node.queue.values()}
        letters = [row for row in offered.values() if row.bid >= rate and not self.weather.strikes("skipped")]
        included = self.ledger.close(letters, int(closed_at), rate)
        for node in self.nodes:
            node.close(included)
            self._evict(node, rate)
            self._show(node, now)
        return rate

    def clear(self, now: float) -> None:
        """Let every node show all there is."""
        for node in self.nodes:
            node.arriving = [(min(at, now + 1), closed) for at, closed in node.arriving]
            node.elder = FIRST

    def _flood(self) -> None:
        """Tell other nodes what one has; now and then also what all have forgotten."""
        told = [pending.letter for node in self.nodes for pending in node.queue.values()]
        if self.weather.strikes("remembered"):
            told += [letter for letter in self.desk.heard.values() if self.ledger.may_land(letter)]
        for letter in told:
            self.random.choice(self.nodes).take(letter)

    def _evict(self, node: Node, rate: int) -> None:
        for source, pending in list(node.queue.items()):
            if pending.letter.bid < rate and self.weather.strikes("evicted"):
                node.forget(source)

    def _show(self, node: Node, now: float) -> None:
        """Have a node read the ledger: at once, or late, but in order."""
        late = self.random.choice((10, 30, 60, 120)) if self.weather.strikes("lagging") else 1
        before = node.arriving[-1][0] if node.arriving else now
        node.arriving.append((max(before, now + late * self.random.random()), self.ledger.history[-1]))
        if node.elder > FIRST:
            node.elder = max(node.elder, node.seen.number - SHORT_MEMORY)
