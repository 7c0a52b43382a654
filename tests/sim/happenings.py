"""What happens by itself in a seed: ledgers close, beats fall, owners order and recall, others meddle, all heals."""

from dataclasses import replace
from typing import TYPE_CHECKING

from app.errors import WrongState
from app.money import NATIVE
from tests.sim.network import CLOSE_SECONDS
from tests.sim.scenario import COSIGNER, UNIT, USDC
from tests.sim.witness import ENDED
from tests.sim.workers import Course

if TYPE_CHECKING:
    from tests.sim.world import World

FAULTS_SECONDS = 180
HEALED_SECONDS = 900  # a parked batch is looked at after 600, an envelope lives for 60
BEAT_SECONDS = 10
STALL_SECONDS = 30
DRAINS = "submit_payments", "resolve_payments"
PLENTY, POOR = 1_000 * UNIT, 20 * UNIT  # what a treasury may hold


def closing(world: "World") -> Course:
    while True:
        yield STALL_SECONDS if world.weather.strikes("stalled") else CLOSE_SECONDS + world.random.randint(-1, 1)
        rate = world.network.close(world.network_time(), world.now)
        world.say("ledger", world.ledger.number, "closes at", world.ledger.closed_at, "for a rate of", rate)


def beating(world: "World") -> Course:
    """What wake-ups failed to bring about, the beat does. It also sees when all is over."""
    while not world.over:
        for drain in DRAINS:
            world.wake(drain)
        yield BEAT_SECONDS
        world.over = _ended(world) or world.now > FAULTS_SECONDS + HEALED_SECONDS


def _ended(world: "World") -> bool:
    orders = world.house.orders()
    ended = len(orders) == len(world.scenario.wishes) and all(row.state in ENDED for row in orders.values())
    return ended and not world.house.open_batches()


def ordering(world: "World") -> Course:
    for at, wish in world.scenario.wishes:
        yield max(at - world.now, 0)
        world.house.request(wish)
        world.say(wish.owner_key, "is ordered:", wish.kind, wish.amount, wish.asset, wish.source, "→", wish.destination)
        world.wake("submit_payments")
        if world.weather.strikes("recalled"):
            world.start(_recalling(world, wish.owner_key))


def _recalling(world: "World", key: str) -> Course:
    yield 60 * world.random.random()
    try:
        world.house.cancel(key)
    except WrongState:
        return
    world.witness.recalled.add(key)
    world.say(key, "is called off")


def cosigning(world: "World") -> Course:
    """Somebody elsewhere signs what waits for it: late, and some of it not before all is well."""
    while world.scenario.cosigned:
        yield 40 * world.random.random()
        for batch_id in world.house.drafts():
            if not world.weather.strikes("unsigned"):
                world.house.cosign(batch_id, COSIGNER, b"signed")
                world.say("somebody elsewhere signs batch", batch_id)
                world.wake("submit_payments")


def meddling(world: "World") -> Course:
    """Now and then others change what we counted on."""
    while True:
        yield 20 * world.random.random()
        if world.weather.strikes("guilty"):
            payee = world.random.choice(world.scenario.payees)
            before, wrong = world.ledger.payees[payee], world.random.choice(("trusts", "authorized", "full"))
            world.ledger.payees[payee] = replace(before, **{wrong: not getattr(before, wrong)})
            world.say(payee, "is now", world.ledger.payees[payee])
        if world.weather.strikes("drained"):
            source, asset = world.random.choice(world.scenario.sources), world.random.choice((NATIVE, USDC))
            left = world.random.choice((0, world.random.randint(0, 20) * UNIT))
            world.ledger.held[source, asset] = world.ledger.floor(source, asset) + left
            world.say(source, "now holds", world.ledger.held[source, asset], asset)
        if world.weather.strikes("claimed"):
            source = world.random.choice(world.scenario.sources)
            world.say(source, "has reserves again for", world.ledger.reserved.pop(source, 0), "claimants")


def healing(world: "World") -> Course:
    yield FAULTS_SECONDS
    world.say("nothing goes wrong any more, and the treasuries are filled")
    world.weather.clear()
    world.network.clear(world.now)
    for worker in world.workers:
        worker.away_until = min(worker.away_until, world.now)
    for purse in world.ledger.held:
        world.ledger.held[purse] += PLENTY


HAPPENINGS = closing, beating, ordering, cosigning, meddling, healing
