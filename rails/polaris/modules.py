"""The modules a Polaris class imports, where they are not installed.

Only absent packages are supplied; where django or polaris is installed, the class gets the real one. A module
beyond these is missing as ever: an import of it fails, when the rail is made and not when money waits.
"""

import logging
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from rails.polaris.rows import Asset, QuerySet, Transaction


class RailsIntegration:
    """The base class of Polaris rails. What a class does not override, it does not provide."""

    def poll_pending_deposits(self, pending_deposits: QuerySet, *args: Any, **kwargs: Any) -> list[Transaction]:
        raise NotImplementedError

    def execute_outgoing_transaction(self, transaction: Transaction, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError

    def poll_outgoing_transactions(self, transactions: QuerySet, *args: Any, **kwargs: Any) -> list[Transaction]:
        raise NotImplementedError


SUPPLIED: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "django": {
        "django": {},
        "django.db": {},
        "django.db.models": {"QuerySet": QuerySet},
    },
    "polaris": {
        "polaris": {},
        "polaris.models": {"Asset": Asset, "Transaction": Transaction},
        "polaris.integrations": {"RailsIntegration": RailsIntegration},
        "polaris.utils": {"getLogger": logging.getLogger},
    },
}


def supply() -> None:
    """Make the names importable, in this process, that would not be so otherwise."""
    for root, modules in SUPPLIED.items():
        if find_spec(root) is None:
            for name, contents in modules.items():
                _install(name, contents)


def _install(name: str, contents: Mapping[str, Any]) -> None:
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None, is_package=True)
    module.__path__ = []
    vars(module).update(contents)
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
