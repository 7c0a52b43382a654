"""JSON whose numbers are exact: what comes in becomes Decimal or int, what goes out is written digit for digit."""

from decimal import Decimal
from typing import Any

import simplejson
from flask import Response

from app import money


def read(text: bytes) -> Any:
    """Return what ``text`` says; no float comes out of it. Raises ValueError if it is not JSON."""
    return simplejson.loads(text, use_decimal=True, allow_nan=False)


def answer(content: Any, status: int = 200) -> Response:
    """Return ``content`` as the body of an answer."""
    return Response(simplejson.dumps(content, use_decimal=True), status, content_type="application/json")


def amount(units: int) -> Decimal:
    """Return an amount as the /info pages show it: 0.5, 100."""
    return plain(money.decimal(units))


def plain(number: Decimal) -> Decimal:
    """Return a number without zeros at its end, and without an exponent in their place."""
    short = number.normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short
