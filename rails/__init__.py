"""Rails: sockets for banks and mobile money. The contract is base.py; here a rail is found by its name.

A name is one of our own (below), an entry point of the group ``railhead.rails`` in an installed package, or a
dotted path ``module:Class``.
"""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from rails.base import Rail

GROUP = "railhead.rails"

OURS = {
    "manual": "rails.manual:ManualRail",
    "polaris": "rails.polaris:PolarisRail",
    "sandbox_bank": "rails.sandbox_bank:SandboxBankRail",
}


def names() -> list[str]:
    """Return the names by which rails can be had here, besides dotted paths."""
    return sorted({*OURS, *entry_points(group=GROUP).names})


def find(name: str) -> type[Rail]:
    """Return the class of the rail ``name``; raises LookupError, saying what is known, if there is none."""
    path = OURS.get(name) or next((point.value for point in entry_points(group=GROUP, name=name)), name)
    found = find_object(path)
    if not (isinstance(found, type) and issubclass(found, Rail)):
        raise LookupError(f"{path} is not a rail: its class must extend rails.base.Rail")
    return found


def build(name: str, settings: Mapping[str, Any]) -> Rail:
    """Return the rail ``name``, made with its own ``settings``."""
    return find(name)(settings)


def find_object(path: str) -> Any:
    """Return what ``module:Name`` names; raises LookupError if it names nothing."""
    module, colon, attribute = path.partition(":")
    if not colon:
        raise LookupError(f"no rail is called {path!r}; there are {', '.join(names())}, or module:Class")
    try:
        return getattr(import_module(module), attribute)
    except (ModuleNotFoundError, AttributeError) as missing:
        raise LookupError(f"nothing is at {path}: {missing}") from missing
