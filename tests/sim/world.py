"""One seed: a clock that jumps from event to event, faults for three minutes, then none, and then all must end."""

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

from app.errors import WrongState
from app.money import NATIVE
from app.submission.facts import Source
from tests.sim import scenario
from tests.sim.faults import Weather
from tests.sim.houses import House, InMemory
from tests.sim.ledger import RESERVE, Ledger, Payee
from tests.sim.letters import Desk
from tests.sim.network import CLOSE_SECONDS, Network
from tests.sim.scenario import ORGANIZATION, UNIT, USDC, Scenario
from tests.sim.witness import Witness
from tests.sim.workers import Course, Lost, Worker

EPOCH = 1_800_000_000
FAULTS_SECONDS = 180
HEALED_SECONDS = 1500  # a parked batch is looked at after 600, an envelope lives for 60
BEAT_SECONDS = 5
DRAINS = "submit_payments", "resolve_payments"
PLENTY = 1_000 * UNIT

Build = Callable[["World"], House]


def in_memory(world: "World") -> House:
    return InMemory(lambda: world.now, world.scenario.interval_seconds)


class World:
    """Everything of a seed. ``now`` is in seconds since its beginning."""

    def __init__(self, seed: int, build: Build = in_memory, tell: Callable[[str], None] | None = None):
        self.seed = seed
        self.tell = tell
        self.now = 0.0
        self.random = Random(seed)
        self.weather = Weather(self.random)
        self.scenario: Scenario = scenario.drawn(self.random)
        self.desk = Desk()
        self.ledger = self._ledger()
        self.network = Network(self.ledger, self.desk, self.weather, self.scenario.nodes)
        self.witness = Witness(self.ledger, self.desk, self.scenario)
        skews = [self.random.choice((-600, -60, 0, 60, 600)) for _ in range(self.scenario.workers)]
        self.workers = [Worker(self, f"worker {number}", skew) for number, skew in enumerate(skews, 1)]
        self.events: list[tuple[float, int, Course, Worker | None, int]] = []
        self.count = 0
        self.over = False
        self.house = build(self)
        sources = [Source(address, ORGANIZATION) for address in self.scenario.sources]
        self.house.found(sources, {channel: number + 1 for channel, number in self.ledger.numbers.items()})

    def _ledger(self) -> Ledger:
        ledger = Ledger(self.random, int(self.network_time()))
        ledger.numbers = {channel: self.random.randint(1, 9) << 32 for channel in self.scenario.channels}
        for source in self.scenario.sources:
            for asset in (NATIVE, USDC):
                ledger.held[source, asset] = self.random.choice((PLENTY, PLENTY, 20 * UNIT)) + RESERVE.get(asset, 0)
        ledger.payees = {payee: Payee(exists=self.random.randint(1, 4) > 1) for payee in self.scenario.payees}
        ledger.open()
        return ledger

    def network_time(self) -> float:
        """What time it is on the network, in Unix seconds."""
        return EPOCH + self.scenario.clock_skew + self.now

    def run(self) -> Witness:
        """Live through it all and return the witness."""
        self.say(f"seed {self.seed}: {self.weather.faults} {self.scenario}")
        for course in (self._closing(), self._beating(), self._ordering(), self._mischief(), self._healing()):
            self.start(course)
        while not self.over:
            self.now, _, course, worker, life = heappop(self.events)
            if worker is None or self._goes_on(worker, life, course):
                self._step(course, worker, life)
        self._aftermath()
        self.witness.check(self.house)
        for wrong in self.witness.wrong:
            self.say("WRONG " + ": ".join(wrong))
        return self.witness

    def start(self, course: Course, worker: Worker | None = None) -> None:
        """Let something happen from now on; what is a worker's ends with it."""
        self._push(0, course, worker, worker.life if worker else 0)

    def wake(self, drain: str) -> None:
        """Send a wake-up; it may be lost, doubled, late, and overtaken."""
        times = 0 if self.weather.strikes("wake_lost") else 2 if self.weather.strikes("wake_doubled") else 1
        for _ in range(times):
            self.start(self._delivered(drain))

    def say(self, words: str) -> None:
        """Tell whoever listens."""
        if self.tell:
            self.tell(f"{self.now:8.2f}  {words}")

    def _push(self, delay: float, course: Course, worker: Worker | None, life: int) -> None:
        self.count += 1
        heappush(self.events, (self.now + delay, self.count, course, worker, life))

    def _step(self, course: Course, worker: Worker | None, life: int) -> None:
        try:
            self._push(next(course), course, worker, life)
        except (StopIteration, Lost):
            pass
        except Exception as error:
            self.witness.wrong.append(("raised", f"{type(error).__name__}: {error}"))
            if self.tell:
                raise

    def _goes_on(self, worker: Worker, life: int, course: Course) -> bool:
        """Say whether a worker takes its next step now: not if it has died, nor yet if it is suspended."""
        if life != worker.life:
            return False
        if worker.away_until > self.now:
            self._push(worker.away_until - self.now, course, worker, life)
            return False
        if self.weather.strikes("killed"):
            self.say(f"{worker.name} is killed")
            worker.life += 1
            worker.away_until = self.now + 20 * self.random.random()
            return False
        if self.weather.strikes("suspended"):
            self.say(f"{worker.name} is suspended")
            worker.away_until = self.now + 80 * self.random.random()
        return True

    def _delivered(self, drain: str) -> Course:
        yield (20 if self.weather.strikes("slow") else 1) * self.random.random()
        worker = self.random.choice(self.workers)
        if worker.away_until <= self.now:
            self.start(worker.drain(drain), worker)

    def _beating(self) -> Course:
        while True:
            for drain in DRAINS:
                self.wake(drain)
            yield BEAT_SECONDS
            self.over = self._ended()

    def _ended(self) -> bool:
        """Say whether every order came and ended, or it has been long enough."""
        if self.now > FAULTS_SECONDS + HEALED_SECONDS:
            return True
        orders = self.house.orders()
        ended = all(order.state in ("settled", "failed", "cancelled") for order in orders.values())
        return ended and len(orders) == len(self.scenario.wishes) and not self.house.open_batches()

    def _closing(self) -> Course:
        while True:
            yield 30 if self.weather.strikes("stalled") else CLOSE_SECONDS + self.random.randint(-1, 1)
            rate = self.network.close(self.network_time(), self.now)
            self.say(f"ledger {self.ledger.number} closes at {self.ledger.closed_at}, rate {rate}")

    def _ordering(self) -> Course:
        for at, wish in self.scenario.wishes:
            yield max(at - self.now, 0)
            self.house.request(wish)
            self.say(f"{wish.owner_key} is ordered: {wish.kind} of {wish.amount} {wish.asset} to {wish.destination}")
            self.wake("submit_payments")
            if self.weather.strikes("recalled"):
                self.start(self._recalling(wish.owner_key))

    def _recalling(self, key: str) -> Course:
        yield 60 * self.random.random()
        try:
            self.house.cancel(key)
        except WrongState:
            return
        self.witness.recalled.add(key)
        self.say(f"{key} is recalled")

    def _mischief(self) -> Course:
        """Now and then others change what we counted on."""
        while True:
            yield 20 * self.random.random()
            if self.weather.strikes("guilty"):
                payee = self.ledger.payees[self.random.choice(self.scenario.payees)]
                wrong = self.random.choice(("trusts", "authorized", "full"))
                setattr(payee, wrong, not getattr(payee, wrong))
            if self.weather.strikes("drained"):
                purse = self.random.choice(self.scenario.sources), self.random.choice((NATIVE, USDC))
                self.ledger.held[purse] = RESERVE.get(purse[1], 0) + self.random.randint(0, 20) * UNIT

    def _healing(self) -> Course:
        yield FAULTS_SECONDS
        self.say("nothing goes wrong any more")
        self.weather.clear()
        self.network.clear(self.now)
        for worker in self.workers:
            worker.away_until = min(worker.away_until, self.now)
        for purse in self.ledger.held:
            self.ledger.held[purse] += PLENTY

    def _aftermath(self) -> None:
        """Whatever the network was ever told comes again: it must be too late for all of it."""
        for letter in list(self.desk.heard.values()):
            self.ledger.close([letter], self.ledger.closed_at + 1, letter.bid)
