"""One seed: a clock that jumps from event to event, faults for three minutes, then none, and then all must end."""

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

from app.money import NATIVE
from app.stellar.signing import Keys
from app.submission.facts import Source
from tests.sim import scenario
from tests.sim.faults import Weather
from tests.sim.happenings import HAPPENINGS, PLENTY, POOR
from tests.sim.houses import House, InMemory
from tests.sim.ledger import Ledger, Payee
from tests.sim.letters import Desk
from tests.sim.network import Network
from tests.sim.scenario import COSIGNER, ORGANIZATION, USDC, Scenario
from tests.sim.trace import brief, readable
from tests.sim.witness import Witness
from tests.sim.workers import Course, Lost, Worker

EPOCH = 1_800_000_000
SKEWS = (-600, -60, 0, 60, 600)

Build = Callable[["World"], House]


def in_memory(world: "World") -> House:
    return InMemory(lambda: world.now, world.scenario.interval_seconds, world.scenario.fees_daily_max)


class World:
    """Everything of a seed. ``now`` is in seconds since its beginning; ``tell`` is given a line for all that happens.

    The same seed has the same course, wherever it keeps its orders (``build``).
    """

    def __init__(self, seed: int, build: Build = in_memory, tell: Callable[[str], None] | None = None):
        self.seed = seed
        self.now = 0.0
        self.over = False
        self.random = Random(seed)
        self.weather = Weather(self.random)
        self.scenario: Scenario = scenario.drawn(self.random)
        self.tell = readable(tell, self.scenario) if tell else None
        self.desk = Desk()
        self.ledger = self._ledger()
        self.network = Network(self.ledger, self.desk, self.weather, self.scenario.nodes)
        self.witness = Witness(self.ledger, self.desk, self.scenario)
        self.workers = [
            Worker(self, f"worker {number}", self.random.choice(SKEWS))
            for number in range(1, self.scenario.workers + 1)
        ]
        self.events: list[tuple[float, int, Course, Worker | None, int]] = []
        self.count = 0
        self.keys = {source: Keys(elsewhere=(COSIGNER,)) for source in self.scenario.cosigned}
        self.house = build(self)
        sources = [Source(address, ORGANIZATION) for address in self.scenario.sources]
        self.house.found(sources, {channel: number + 1 for channel, number in self.ledger.numbers.items()})

    def _ledger(self) -> Ledger:
        ledger = Ledger(self.random, int(self.network_time()))
        ledger.numbers = {channel: self.random.randint(1, 9) << 32 for channel in self.scenario.channels}
        for source in self.scenario.sources:
            for asset in (NATIVE, USDC):
                ledger.held[source, asset] = self.random.choice((PLENTY, PLENTY, POOR)) + ledger.floor(source, asset)
        ledger.payees = {payee: self._payee() for payee in self.scenario.payees}
        ledger.payees |= {source: Payee() for source in self.scenario.sources}
        ledger.open()
        return ledger

    def _payee(self) -> Payee:
        return Payee(exists=self.random.randint(1, 4) > 1, trusts=self.random.randint(1, 4) > 1)

    def network_time(self) -> float:
        """What time it is on the network, in Unix seconds."""
        return EPOCH + self.scenario.clock_skew + self.now

    def run(self) -> Witness:
        """Live through it all and return the witness."""
        self.say("seed", self.seed, self.weather.rates, self.scenario)
        for happening in HAPPENINGS:
            self.start(happening(self))
        while not self.over:
            self.now, _, course, worker, life = heappop(self.events)
            if worker is None or self._goes_on(course, worker, life):
                self._step(course, worker, life)
        self._aftermath()
        self.witness.check(self.house)
        for kind, words in self.witness.wrong:
            self.say("WRONG", kind, words)
        return self.witness

    def start(self, course: Course, worker: Worker | None = None, delay: float = 0) -> None:
        """Let something happen from now on, or later; what is a worker's ends with it."""
        self._push(delay, course, worker, worker.life if worker else 0)

    def wake(self, drain: str) -> None:
        """Send a wake-up; it may be lost, doubled, late, and overtaken."""
        times = 0 if self.weather.strikes("wake_lost") else 2 if self.weather.strikes("wake_doubled") else 1
        for _ in range(times):
            worker = self.random.choice(self.workers)
            self.start(worker.drain(drain), worker, (20 if self.weather.strikes("slow") else 1) * self.random.random())

    def say(self, *words: object) -> None:
        """Tell whoever listens."""
        if self.tell:
            self.tell(f"{self.now:8.2f}  {' '.join(map(brief, words))}")

    def _push(self, delay: float, course: Course, worker: Worker | None, life: int) -> None:
        self.count += 1
        heappush(self.events, (self.now + delay, self.count, course, worker, life))

    def _step(self, course: Course, worker: Worker | None, life: int) -> None:
        try:
            self._push(next(course), course, worker, life)
        except StopIteration:
            pass
        except Lost as lost:
            self.say(worker.name if worker else "", lost)
        except Exception as error:
            if self.tell:
                raise
            self.witness.wrong.append(("raised", f"{type(error).__name__}: {error}"))

    def _goes_on(self, course: Course, worker: Worker, life: int) -> bool:
        """Say whether a worker takes its next step now: not if it has died, nor yet if it is suspended."""
        if life != worker.life:
            return False
        if worker.away_until > self.now:
            self._push(worker.away_until - self.now, course, worker, life)
            return False
        if self.weather.strikes("killed"):
            worker.life += 1
            worker.away_until = self.now + 20 * self.random.random()
            self.say(worker.name, "is killed")
            return False
        if self.weather.strikes("suspended"):
            worker.away_until = self.now + 80 * self.random.random()
            self.say(worker.name, "is suspended from its next step on")
        return True

    def _aftermath(self) -> None:
        """Whatever the network was ever told comes again: it must be too late for all of it."""
        for letter in list(self.desk.heard.values()):
            self.ledger.close([letter], self.ledger.closed_at + 1, letter.bid)
