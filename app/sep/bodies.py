"""What came in: JSON, a form or a query, read by a marshmallow schema. What is wrong is said in one sentence."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import current_app, request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from app import strangers
from app.errors import Invalid
from app.sep import numbers

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # PostgreSQL and UTF-8 know no such letters


def load(schema: Schema, received: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``received`` says, or raise Invalid with the first thing that is wrong."""
    try:
        return dict(schema.load(received))
    except ValidationError as error:
        raise Invalid(_sentence(error.messages)) from None


def body() -> Mapping[str, Any]:
    """Return the request's body, a JSON object or a form; raise Invalid, or 415 for anything else."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType("send it as it is, not compressed")
    try:
        received = _form() if request.mimetype in FORMS else _json()
        storable = not any(UNSTORABLE.search(text) for text in _texts(received))
    except (ValueError, RecursionError):
        raise Invalid("the body is not JSON") from None
    if not isinstance(received, dict):
        raise Invalid("the body is not a JSON object")
    if not storable:
        raise Invalid("a text holds a character that no text of ours can hold")
    return received


def _form() -> dict[str, str]:
    if None in request.form or None in request.files:
        raise Invalid("a part of the form has no name")
    return request.form.to_dict()


def _json() -> Any:
    if not request.is_json:
        raise UnsupportedMediaType("send application/json or a form")
    return numbers.read(request.get_data())


def _texts(received: Any) -> Iterator[str]:
    """Yield every text there is in ``received``, names included."""
    if isinstance(received, str):
        yield received
    elif isinstance(received, dict):
        for name, value in received.items():
            yield name
            yield from _texts(value)
    elif isinstance(received, list):
        for value in received:
            yield from _texts(value)


def reachable(url: str) -> None:
    """Raise Invalid unless we may report to this address."""
    strangers.check(url, allow_private=current_app.config["ALLOW_PRIVATE_ADDRESSES"])


def _sentence(messages: Any, path: str = "") -> str:
    """Return the first message of marshmallow's tree, with the way to the field."""
    if isinstance(messages, dict):
        name, below = next(iter(messages.items()))
        return _sentence(below, f"{path}.{name}" if path else str(name))
    if isinstance(messages, list):
        return _sentence(messages[0], path)
    return f"{path}: {messages}"
