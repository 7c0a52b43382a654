"""Errors as Horizon states them: problem+json."""

from typing import Any

from app.sandbox.network.http import Response, json_response

_KNOWN = {
    "not_found": (404, "Resource Missing", "The resource at the url requested was not found."),
    "bad_request": (400, "Bad Request", "The request you sent was invalid in some way."),
    "transaction_malformed": (400, "Transaction Malformed", "Horizon could not decode the transaction envelope."),
    "transaction_failed": (400, "Transaction Failed", "The transaction failed when submitted to the network."),
    "invalid_accounts_params": (
        400,
        "Invalid Accounts Parameters",
        "Exactly one filter is required: signer, sponsor or asset.",
    ),
    "invalid_order_book": (
        400,
        "Invalid Order Book Parameters",
        "Both assets must be given, by type, code and issuer.",
    ),
    "not_acceptable": (406, "An acceptable response content-type could not be provided for this request", ""),
    "before_history": (410, "Data Requested Is Before Recorded History", "This node has trimmed what was asked for."),
    "unsupported_media_type": (415, "Unsupported Media Type", "The request body must be a form."),
    "rate_limit_exceeded": (429, "Rate Limit Exceeded", "Too many requests; see the Retry-After header."),
    "server_error": (500, "Internal Server Error", "Something went wrong on this node."),
    "stale_history": (503, "Historical DB Is Too Stale", "This node is too far behind the ledger."),
    "still_ingesting": (503, "Still Ingesting", "No ledger has been ingested yet."),
    "server_over_capacity": (503, "Server Over Capacity", "This node is too busy."),
    "timeout": (504, "Timeout", "The request took too long."),
    "transaction_submission_timeout": (
        504,
        "Transaction Submission Timeout",
        "The transaction has not been included in a ledger yet; it may still be. Look its hash up.",
    ),
}


class Problem(Exception):
    """An answer that is an error. ``name`` is the last part of its type; ``extras`` are facts for a program."""

    def __init__(self, name: str, detail: str = "", headers: dict[str, str] | None = None, **extras: Any) -> None:
        super().__init__(name)
        self.name = name
        self.status, self.title, usual = _KNOWN[name]
        self.detail = detail or usual
        self.headers = headers or {}
        self.extras = extras

    def response(self) -> Response:
        content: dict[str, Any] = {
            "type": f"https://stellar.org/horizon-errors/{self.name}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.extras:
            content["extras"] = self.extras
        answer = json_response(content, self.status, "application/problem+json; charset=utf-8")
        answer.headers |= self.headers
        return answer


def invalid(field: str, reason: str) -> Problem:
    return Problem("bad_request", invalid_field=field, reason=reason)
