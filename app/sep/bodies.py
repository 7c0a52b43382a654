"""What came in: JSON, a form or a query, read by a marshmallow schema. What is wrong is said in one sentence."""

from collections.abc import Mapping
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from app.errors import Invalid
from app.sep import numbers

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def load(schema: Schema, received: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``received`` says, or raise Invalid with the first thing that is wrong."""
    try:
        return dict(schema.load(received))
    except ValidationError as error:
        raise Invalid(_sentence(error.messages)) from None


def body() -> Mapping[str, Any]:
    """Return the request's body, a JSON object or a form; raise Invalid, or 415 for anything else."""
    if request.mimetype in FORMS:
        return request.form.to_dict()
    if not request.is_json:
        raise UnsupportedMediaType("send application/json or a form")
    try:
        received = numbers.read(request.get_data())
    except (ValueError, RecursionError):
        raise Invalid("the body is not JSON") from None
    if not isinstance(received, dict):
        raise Invalid("the body is not a JSON object")
    return received


def _sentence(messages: Any, path: str = "") -> str:
    """Return the first message of marshmallow's tree, with the way to the field."""
    if isinstance(messages, dict):
        name, below = next(iter(messages.items()))
        return _sentence(below, f"{path}.{name}" if path else str(name))
    if isinstance(messages, list):
        return _sentence(messages[0], path)
    return f"{path}: {messages}"
