"""Workers as production has them: they claim, act without a session, and record; at any step they may die."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.errors import Unavailable
from app.stellar.facts import Node as NodeFacts
from app.stellar.facts import Receipt
from app.stellar.signing import Keys
from app.submission import acts, engine, signing
from app.submission.facts import Batch, Draft, Envelope, Holdings, Item, Park, Signed, Source
from app.submission.preflight import Candidate
from app.submission.store import Store
from tests.sim.conversation import Asked, Conversation
from tests.sim.houses import Fact, Turn
from tests.sim.network import Node
from tests.sim.scenario import BACK_SECONDS, BID, BID_MAX, SIGNATURES_SECONDS

if TYPE_CHECKING:
    from tests.sim.world import World

Course = Generator[float, None, Any]  # yields the seconds until it goes on

TERMS = signing.Terms(BID, BID_MAX, BACK_SECONDS, SIGNATURES_SECONDS)
REMEMBERED_SECONDS = 0.2  # as long as app.stellar.network.NODE_SECONDS
PATIENCE_SECONDS = 12


@dataclass(frozen=True)
class Group:
    """A batch, those it was leased together with, and what their turns have come to so far."""

    batch: Batch
    batches: Sequence[Batch]
    facts: dict[int, Fact]


def together(leased: Sequence[Batch]) -> list[Group]:
    """Return what was leased at once, in an order that does not depend on where it is kept."""
    batches, facts = sorted(leased, key=lambda batch: batch.id), dict[int, Fact]()
    return [Group(batch, batches, facts) for batch in batches]


class Lost(Exception):
    """A transaction that did not commit, or nobody knows whether it did."""


class Worker:
    """One process. Its clock is wrong by ``skew_seconds``; ``life`` counts its starts."""

    def __init__(self, world: "World", name: str, skew_seconds: int):
        self.world = world
        self.name = name
        self.skew_seconds = skew_seconds
        self.life = 0
        self.away_until = 0.0  # dead, or suspended
        self.remembered: dict[str, tuple[float, NodeFacts]] = {}

    def drain(self, name: str) -> Course:
        """Do what a wake-up asks for."""
        limit = self.world.scenario.claim_limit
        if name == "resolve_payments":
            self._errand(lambda store: together(store.lease_live(limit)), self._turn)
        else:
            self._errand(lambda store: self._sources(store, limit), self._form)
            yield self._moment()
            self._errand(lambda store: self._unsigned(store, limit), self._sign)
            self._errand(lambda store: self._drafts(store, limit), self._collect)

    def _errand(self, claim: Callable[[Store], Sequence[Any]], job: Callable[[Any], Course]) -> None:
        for claimed in self._commit(claim):
            self.world.start(job(claimed), self)

    def _sources(self, store: Store, limit: int) -> list[tuple[Source, Sequence[Candidate]]]:
        sources = sorted(store.lease_sources(limit), key=lambda source: source.address)
        return [(source, self.world.house.candidates(store, source)) for source in sources]

    def _unsigned(self, store: Store, limit: int) -> list[tuple[Batch, Sequence[Item]]]:
        """Claim what is to be signed; what there is no key for is set aside."""
        jobs = []
        for batch, items in sorted(store.lease_bound(limit), key=lambda leased: leased[0].id):
            if self.world.weather.strikes("keyless"):
                store.park(batch, Park("there is no key to sign with"))
                self.world.say(self.name, "has no key to sign batch", batch.id)
            else:
                jobs.append((batch, items))
        return jobs

    def _form(self, claimed: tuple[Source, Sequence[Candidate]]) -> Course:
        source, candidates = claimed
        fact = yield from self._act(acts.holdings, source)
        if isinstance(fact, Holdings):
            fact = replace(fact, findings=(yield from self._act(acts.survey, candidates)))
        yield self._moment()
        formed = self._commit(lambda store: engine.form(store, source, fact))
        self.world.say(self.name, "forms", formed, "of", source.address, ":", fact)
        self.world.wake("submit_payments")

    def _sign(self, claimed: tuple[Batch, Sequence[Item]]) -> Course:
        batch, items = claimed
        unsigned = signing.Unsigned(batch, tuple(items), self.world.keys)
        fact = yield from self._act(signing.sign, unsigned, TERMS, self.world.desk.write)

        def persist(store: Store) -> None:
            if engine.persist(store, batch, fact):
                self.world.say(self.name, "writes down for batch", batch.id, ":", fact)
                if isinstance(fact, Signed):
                    self.world.witness.wrote(batch, fact)

        yield self._moment()
        self._commit(persist)
        self.world.wake("resolve_payments")

    def _drafts(self, store: Store, limit: int) -> list[tuple[Batch, Sequence[Item], Draft]]:
        return sorted(store.lease_signing(limit), key=lambda leased: leased[0].id)

    def _collect(self, claimed: tuple[Batch, Sequence[Item], Draft]) -> Course:
        batch, items, draft = claimed
        unsigned = signing.Unsigned(batch, tuple(items), self.world.keys)
        fact = yield from self._act(signing.collect, unsigned, draft, self.world.desk.seal)

        def persist(store: Store) -> None:
            if engine.collect(store, batch, fact) and isinstance(fact, Envelope):
                self.world.witness.wrote(batch, Signed(draft.attempt, fact, draft.orders))
            self.world.say(self.name, "finds of the draft for batch", batch.id, ":", fact)

        yield self._moment()
        self._commit(persist)
        for drain in ("submit_payments", "resolve_payments"):
            self.world.wake(drain)

    def _turn(self, group: Group) -> Course:
        """Take one batch's turn beside the others it was leased with; who is last records for all."""
        purse = acts.Purse(TERMS.bid_max, Keys(), self.world.desk.wrap)
        group.facts[group.batch.id] = yield from self._act(acts.take_turn, group.batch, purse)
        if len(group.facts) == len(group.batches):
            yield self._moment()
            self._commit(lambda store: self._record(store, [(row, group.facts[row.id]) for row in group.batches]))
            self.world.wake("submit_payments")
            self.world.wake("resolve_payments")

    def _record(self, store: Store, turns: Sequence[Turn]) -> None:
        self.world.house.record(store, turns)
        for batch, fact in turns:
            self.world.say(self.name, "records for batch", batch.id, ":", fact)
            self.world.witness.recorded(batch, fact)

    def _moment(self) -> float:
        """A little time goes by: long enough to die in."""
        return 0.01 * self.world.random.random()

    def _commit(self, work: Callable[[Store], Any]) -> Any:
        """Do ``work`` in one transaction; raise Lost if it did not commit, or did and nobody was told."""
        world = self.world
        if world.weather.strikes("rolled_back"):
            raise Lost("cannot commit")
        with world.house.transaction() as store:
            done = work(store)
        if world.weather.strikes("unconfirmed"):
            raise Lost("commits, and never knows")
        return done

    def _act(self, act: Callable[..., Any], *facts: Any) -> Course:
        """Run an act, each question answered in its time; what it raises is what came of it."""
        conversation = Conversation(self)
        while True:
            try:
                return act(conversation.restart(), *facts)
            except Asked as asked:
                question = asked.args
            except Unavailable as error:
                return error
            conversation.told.append((question, (yield from self._answer(*question))))

    def _answer(self, chosen: Node | None, question: str, *about: Any) -> Course:
        world = self.world
        node = chosen or world.random.choice(world.network.nodes)
        address = node.name if chosen else "behind the balancer"
        if question == "submit":
            return (yield from self._hand_in(node, *about))
        at, known = self.remembered.get(address, (0.0, None))
        if question == "node" and known and world.now - at < REMEMBERED_SECONDS:
            return known
        yield self._way()
        if world.weather.strikes("unreachable") or world.weather.strikes("too_many"):
            return Unavailable("no answer")
        node.read(world.now)
        answer = getattr(node, question)(*about)
        yield self._way()
        if world.weather.strikes("unanswered"):
            return Unavailable("no answer")
        if question == "node":
            self.remembered[address] = world.now, answer
        world.say(self.name, "asks", node.name, "for", question, *about, ":", answer)
        return answer

    def _hand_in(self, node: Node, envelope: str) -> Course:
        world, weather = self.world, self.world.weather
        yield self._way()
        if weather.strikes("too_many"):
            return Receipt("unknown", retry_after_seconds=world.random.randint(1, 30))
        if weather.strikes("unreachable"):
            return Receipt("unknown")
        if weather.strikes("delayed"):
            world.start(self._late(node, envelope))
            yield PATIENCE_SECONDS
            return Receipt("unknown")
        receipt = self._deliver(node, envelope)
        yield self._way()
        return Receipt("unknown") if weather.strikes("unanswered") else receipt

    def _late(self, node: Node, envelope: str) -> Course:
        """Somewhere on the way a request is kept for a while."""
        yield PATIENCE_SECONDS + 90 * self.world.random.random()
        self._deliver(node, envelope)

    def _deliver(self, node: Node, envelope: str) -> Receipt:
        self.world.witness.heard(envelope)
        receipt = node.submit(envelope)
        self.world.say(self.name, "hands in", envelope, "at", node.name, ":", receipt)
        return receipt

    def _way(self) -> float:
        random = self.world.random.random()
        return PATIENCE_SECONDS * random if self.world.weather.strikes("slow") else random / 4
