"""Plugins are found by their name: one of our own, an entry point of an installed package, or ``module:Class``."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

Plugin = TypeVar("Plugin")


@dataclass(frozen=True)
class Shelf(Generic[Plugin]):
    """Where plugins of one kind are: ``ours`` by their names, and the entry points of ``group``."""

    what: str
    base: type[Plugin]
    group: str
    ours: Mapping[str, str]

    def names(self) -> list[str]:
        """Return the names by which plugins can be had here, besides dotted paths."""
        return sorted({*self.ours, *entry_points(group=self.group).names})

    def find(self, name: str) -> type[Plugin]:
        """Return the class of the plugin ``name``; raises LookupError, saying what is known, if there is none."""
        path = self.ours.get(name) or next((row.value for row in entry_points(group=self.group, name=name)), name)
        if ":" not in path:
            known = ", ".join(self.names())
            raise LookupError(f"no {self.what} is called {path!r}; there are {known}, or module:Class")
        found = find_object(path)
        if not (isinstance(found, type) and issubclass(found, self.base)):
            base = f"{self.base.__module__}.{self.base.__name__}"
            raise LookupError(f"{path} is not a {self.what}: its class must extend {base}")
        return found


def find_object(path: str) -> Any:
    """Return what ``module:Name`` names; raises LookupError if it names nothing."""
    module, _, attribute = path.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ModuleNotFoundError, AttributeError, ValueError) as missing:
        raise LookupError(f"nothing is at {path}: {missing}") from missing
