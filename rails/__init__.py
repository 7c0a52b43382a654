"""Rails: sockets for banks and mobile money. The contract is base.py; here a rail is found by its name.

A name is one of our own (below), an entry point of the group ``railhead.rails`` in an installed package, or a
dotted path ``module:Class``. Beside the rails: custody.py, the socket for whoever keeps a treasury.
"""

from collections.abc import Mapping
from typing import Any

from rails.base import Rail
from rails.loading import Shelf, find_object

__all__ = ["build", "find", "find_object", "names"]

SHELF = Shelf(
    "rail",
    Rail,
    "railhead.rails",
    {
        "manual": "rails.manual:ManualRail",
        "polaris": "rails.polaris:PolarisRail",
        "sandbox_bank": "rails.sandbox_bank:SandboxBankRail",
    },
)

names = SHELF.names
find = SHELF.find


def build(name: str, settings: Mapping[str, Any]) -> Rail:
    """Return the rail ``name``, made with its own ``settings``."""
    return find(name)(settings)
