"""What we tell: one JSON object a line, with the ids of what it is about.

Secrets and personal data do not reach the log: callers name facts, not bodies; an exception is told by its type and
where it was raised, for its own words may be a stranger's (``told``); and what slips through is struck out by its
shape (Stellar seeds, tokens, telephone numbers, e-mail addresses, bank accounts).
"""

import logging
import re
import sys
import traceback
from typing import Any

import structlog

from app.errors import Refused

FRAMES = 8  # of a traceback, the innermost
CAUSES = 3  # how far an exception is followed to what brought it about

_SECRETS = re.compile(
    r"\bS[A-Z2-7]{55}\b"  # a Stellar secret seed
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"  # a token
    r"|\+\d{8,15}\b"  # a telephone number, E.164
    r"|[\w.+-]+@[\w-]+\.[\w.]+"  # an e-mail address
    r"|\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b"  # a bank account, IBAN
)


def strike(value: Any) -> Any:
    """Return ``value`` with whatever looks like a secret struck out of its texts."""
    if isinstance(value, str):
        return _SECRETS.sub("[struck]", value)
    if isinstance(value, dict):
        return {key: strike(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [strike(item) for item in value]
    return value


def told(error: BaseException) -> str:
    """Say of an exception what may be said, and of those it came from: see ``named``."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain and len(chain) <= CAUSES:
        chain.append(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return ", from ".join(named(each, FRAMES) for each in chain)


def named(error: BaseException, frames: int = 1) -> str:
    """Name an exception by its type and where it was raised, the innermost place first.

    Its own words are told only if they are ours (``Refused``): a stranger's may hold a secret or somebody's account.
    """
    words = f": {error.message}" if isinstance(error, Refused) else ""
    stack = reversed(list(traceback.walk_tb(error.__traceback__))[-frames:])
    places = " < ".join(f"{frame.f_globals.get('__name__', '?')}:{line}" for frame, line in stack)
    return f"{type(error).__name__}{f' at {places}' if places else ''}{words}"


def _exception_told(_logger: Any, _method: str, event: Any) -> Any:
    """Put what may be said of an exception in the place of its traceback, which ends with its words."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = told(error)
    return event


def _struck(_logger: Any, _method: str, event: Any) -> Any:
    return strike(event)


def configure(level: str = "INFO") -> None:
    """Send every log line, ours and the libraries', to standard error as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception_told,
        _struck,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("urllib3", "kombu", "amqp", "stellar_sdk", "alembic", "celery.redirected", "werkzeug"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


bind = structlog.contextvars.bound_contextvars
