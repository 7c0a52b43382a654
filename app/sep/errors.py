"""What a caller sees when something is refused: always JSON, always ``{"error": "<a sentence>"}``.

The facts of a refusal stand beside it, where a SEP gives them a name (SEP-31's ``type`` and ``fields``).
"""

import logging
from typing import Any

from flask import Flask, Response, json, jsonify
from sqlalchemy.exc import DataError, OperationalError
from werkzeug.exceptions import HTTPException

from app.errors import Refused

log = logging.getLogger(__name__)


def connect(app: Flask) -> None:
    """Answer for everything that goes wrong, wherever: blueprints may have handlers of their own."""
    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, not_served)
    app.register_error_handler(DataError, unstorable)
    app.register_error_handler(OperationalError, out_of_order)
    app.register_error_handler(Exception, broken)


def refused(refusal: Refused) -> tuple[Response, int]:
    return jsonify({**refusal.facts, "error": refusal.message}), refusal.status


def not_served(error: HTTPException) -> Any:
    """Answer 404, 405, 413, 415, 429 and their like; what their headers say stays."""
    response: Any = error.get_response()
    response.data = json.dumps({"error": error.description or error.name})
    response.content_type = "application/json"
    return response


def unstorable(_error: DataError) -> tuple[Response, int]:
    """A NUL in a path or a query: nothing we know has such a name."""
    return jsonify({"error": "a text holds a character that no text of ours can hold"}), 400


def out_of_order(error: OperationalError) -> tuple[Response, int]:
    log.error("the database does not answer: %s", type(error.orig).__name__)
    return jsonify({"error": "not now: please ask again later"}), 503


def broken(_error: Exception) -> tuple[Response, int]:
    log.exception("a request broke")
    return jsonify({"error": "something is wrong on our side"}), 500
