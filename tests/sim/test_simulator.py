"""The engine keeps its promises in a few hundred seeds; ``make sim`` plays many more."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.submission.models import Order
from tests.sim import runs
from tests.sim.faults import WORST
from tests.sim.mutants import MUTANTS, Mutant
from tests.sim.workers import Course
from tests.sim.world import World

SEEDS = 240
PARTS = 4
HUNTED = 3000  # seeds after which a mutant counts as missed


@pytest.mark.parametrize("part", range(PARTS))
def test_no_promise_is_broken_and_nothing_is_stuck(part: int) -> None:
    wrong = {seed: runs.play(seed).wrong for seed in range(part, SEEDS, PARTS)}
    assert {seed: found for seed, found in wrong.items() if found} == {}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_engine_is_noticed(mutant: Mutant) -> None:
    """The remembered seed shows it at once; where the engine has changed since, others are tried."""
    with mutant.alive():
        assert any(runs.play(seed).wrong for seed in (mutant.seed, *range(HUNTED)))


def test_every_fault_strikes_and_every_decision_is_taken() -> None:
    struck: set[str] = set()
    told: list[str] = []
    for seed in range(60):
        world = World(seed, tell=told.append)
        world.run()
        struck |= world.weather.struck
    assert struck == set(vars(WORST))
    course = "\n".join(told)
    for words in DECISIONS:
        assert words in course, words


DECISIONS = (
    "hand in",
    "fee bump",
    "close on",
    "tx_failed op_",
    "sign anew: its time is over",
    "refused tx_failed",
    "op_malformed",
    "op_underfunded",
    "op_no_trust",
    "op_already_exists",
    "has no key to sign",
    "drawn up",
    "somebody elsewhere signs",
    "too few signed it in time",
    "it carries orders that are wanted no more",
    "is called off",
    "is killed",
    "is suspended",
)


def test_a_number_spent_by_a_stranger_stops_its_batch_and_pays_nobody_twice() -> None:
    """Who has a channel's key can do that; an operator must look, and until then nothing is paid on a guess."""
    kinds: set[str] = set()
    for seed in range(80):
        world = World(seed)
        world.start(stealing(world))
        kinds |= {kind for kind, _ in world.run().wrong}
    assert kinds == {"stuck", "number"}


def stealing(world: World) -> Course:
    yield 60
    world.ledger.numbers[world.random.choice(world.scenario.channels)] += 1


def test_a_seed_has_one_course() -> None:
    courses: list[list[str]] = [[], []]
    for course in courses:
        runs.play(7, course.append)
    assert courses[0] == courses[1]
    assert len(courses[0]) > 100


def test_a_seed_has_the_same_course_in_memory_and_in_postgresql(app: Flask) -> None:
    remembered, kept = (
        course_of(lambda tell: World(4, tell=tell)),
        course_of(lambda tell: World(4, runs.in_postgres, tell)),
    )
    assert kept == remembered


def course_of(build: Callable[[Callable[[str], None]], World]) -> list[str]:
    """Return what is told of a world; orders by the names their owner gave them."""
    told: list[str] = []
    build(told.append).run()
    names = {row.id: row.owner_key for row in db.session.execute(select(Order.id, Order.owner_key))}
    return [UUID.sub(lambda found: names.get(found[0], found[0]), line) for line in told]


UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
