"""The few ways a request can be refused.

Every refusal has an HTTP status, a stable ``code`` a program can match, a sentence for a person and,
where they help, the facts behind it. The doors turn it into JSON once (app/sep/errors.py).

    Refused
    ├── Invalid      400  what was sent is wrong: says what and where
    │   └── TooLarge 413  right, but more than we take
    ├── Forbidden    403  we know what is asked for; this caller may not have it
    ├── NotFound     404  nothing there for this caller
    ├── Conflict     409  right in itself, but not as things stand
    │   └── WrongState    the event may not happen from where the row stands
    └── Unavailable  503  not now; asking again later is right
"""

from typing import Any


class Refused(Exception):
    """A request that cannot be granted. ``code`` is stable, ``facts`` are safe to show to the caller."""

    status = 500
    default_code = "refused"

    def __init__(self, message: str, code: str = "", **facts: Any):
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.facts = facts


class Invalid(Refused):
    status = 400
    default_code = "invalid"


class TooLarge(Invalid):
    status = 413
    default_code = "too_large"


class Forbidden(Refused):
    status = 403
    default_code = "forbidden"


class NotFound(Refused):
    status = 404
    default_code = "not_found"


class Conflict(Refused):
    status = 409
    default_code = "conflict"


class WrongState(Conflict):
    default_code = "wrong_state"


class Unavailable(Refused):
    status = 503
    default_code = "unavailable"
