"""Where rails are served: each rail the settings name, one object of it for this process, and our patience with it."""

from dataclasses import dataclass
from functools import cache

from flask import current_app

import rails
from app.errors import NotFound
from rails.base import Rail

ACT_MARGIN_SECONDS = 5  # a rail that ends just in time is still heard
LEASE_MARGIN_SECONDS = 15  # a lease outlasts the act it covers


@dataclass(frozen=True)
class Counter:
    """A rail under the name our tables know it by."""

    name: str
    rail: Rail
    poll_seconds: int
    patience_seconds: int

    @property
    def act_seconds(self) -> int:
        return self.rail.timeout_seconds + ACT_MARGIN_SECONDS

    @property
    def lease_seconds(self) -> int:
        return self.rail.timeout_seconds + LEASE_MARGIN_SECONDS


def names() -> list[str]:
    """Return the names of the rails in use."""
    return list(current_app.config["RAILS"])


def counter(name: str) -> Counter:
    """Return where the rail ``name`` is served; raise NotFound if the settings name no such rail."""
    if name not in names():
        raise NotFound(f"the setting RAILS names no rail {name!r}")
    settings = current_app.config
    rail = _built(settings["RAILS"][name], name, repr(sorted(settings["RAIL_SETTINGS"][name].items())))
    return Counter(name, rail, settings["RAIL_POLL_SECONDS"], settings["RAIL_PATIENCE_SECONDS"])


@cache
def _built(path: str, name: str, _settings: str) -> Rail:
    return rails.build(path, current_app.config["RAIL_SETTINGS"][name])
