"""Reading a rail's settings, which come as plain JSON."""

from collections.abc import Callable, Iterable, Mapping
from datetime import time
from decimal import Decimal
from typing import Any

from app.money import parse
from rails.base import Method


def _exact(text: str) -> Decimal:
    if not isinstance(text, (str, int)):
        raise TypeError(f"write {text!r} as text: a float is not exact")
    return Decimal(text)


def _times(texts: Iterable[str]) -> tuple[time, ...]:
    return tuple(time.fromisoformat(text) for text in texts)


READERS: Mapping[str, Callable[[Any], Any]] = {
    "fee_fixed": parse,
    "fee_percent": _exact,
    "minimum": parse,
    "maximum": parse,
    "cutoffs": _times,
}


def methods_in(settings: Mapping[str, Any], **defaults: Any) -> tuple[Method, ...]:
    """Return ``settings["methods"]``; amounts and percentages are texts ("2.50"), cut-offs are "17:00".

    Raises ValueError or TypeError for what is not a method.
    """
    return tuple(_method({**defaults, **fields}) for fields in settings.get("methods", ()))


def _method(fields: Mapping[str, Any]) -> Method:
    return Method(**{name: READERS[name](value) if name in READERS else value for name, value in fields.items()})
