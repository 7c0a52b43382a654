"""What a story is, what it may know, and how it is told."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.sandbox.programs import Died


class Wrong(Exception):
    """The story did not go as told."""


@dataclass(frozen=True)
class Scene:
    """What strangers know of a house, and what its witnesses tell. ``directory`` is for what a story writes.

    ``heard`` is told every event of the story as it happens, in the story's own thread. A house that is ``disturbed``
    may have passed over a state before anybody could be told of it.
    """

    url: str
    sending_seed: str = field(repr=False)
    bank_journal: Path
    directory: Path
    patience_seconds: float = 60
    disturbed: bool = False
    heard: Callable[[Mapping[str, Any]], None] = lambda event: None


@dataclass(frozen=True)
class Story:
    name: str
    about: str
    play: Callable[[Scene], None]


@dataclass(frozen=True)
class Outcome:
    """How a story went; ``why`` it failed, "" if it did not."""

    story: str
    seconds: float
    why: str = ""

    def __str__(self) -> str:
        return f"story {self.story}: " + (f"failed: {self.why}" if self.why else f"ok {self.seconds:.1f} s")


def told(story: Story, scene: Scene) -> Outcome:
    """Play a story and say how it went."""
    began, why = time.monotonic(), ""
    try:
        story.play(scene)
    except (Wrong, Died) as wrong:
        why = str(wrong)
    return Outcome(story.name, time.monotonic() - began, why)


def expect(what: str, found: object, wanted: object) -> None:
    """Raise Wrong unless ``found`` is as wanted."""
    if found != wanted:
        raise Wrong(f"{what}: {found}, where {wanted} was expected")
