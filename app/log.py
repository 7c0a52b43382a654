"""What we tell: one JSON object a line, with the ids of what it is about.

Secrets and personal data do not reach the log: callers name facts, not bodies, and what slips through is struck out
by its shape (Stellar seeds, tokens, telephone numbers, e-mail addresses).
"""

import logging
import re
import sys
from typing import Any

import structlog

_SECRETS = re.compile(
    r"\bS[A-Z2-7]{55}\b"  # a Stellar secret seed
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"  # a token
    r"|\+\d{8,15}\b"  # a telephone number, E.164
    r"|[\w.+-]+@[\w-]+\.[\w.]+"  # an e-mail address
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
        structlog.processors.format_exc_info,
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
