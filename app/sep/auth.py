"""Who may call: every route says so, by ``@public`` or ``@authenticated``. A route that says nothing fails a test."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import request
from stellar_sdk import MuxedAccount

from app.errors import Forbidden
from app.sep import tokens
from app.sep.frame import home

View = Callable[..., Any]


@dataclass(frozen=True)
class Caller:
    """Who signed in by SEP-10: ``account`` G…, with an id ``memo`` or a ``muxed`` address M…, never both."""

    account: str
    memo: str
    muxed: str
    client_domain: str
    home_domain_id: str
    organization_id: str

    @property
    def user(self) -> str:
        """What tells users of one account apart; empty for the account itself."""
        return self.memo or self.muxed


def public(view: View) -> View:
    """Let anybody call ``view``."""
    view.may_call = "anybody"  # type: ignore[attr-defined]
    return view


def authenticated(view: View) -> View:
    """Let whoever signed in by SEP-10 call ``view``, which is given the Caller first."""

    @wraps(view)
    def guarded(*arguments: Any, **named: Any) -> Any:
        return view(caller(), *arguments, **named)

    guarded.may_call = "who signed in by SEP-10"  # type: ignore[attr-defined]
    return guarded


def caller() -> Caller:
    """Return who calls, by the token in ``Authorization: Bearer …``; raise Forbidden without a good one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Forbidden("sign in by SEP-10 and send the token", code="token_missing", **_as_wallets_expect())
    claims = tokens.read(tokens.AUTHENTICATED, token.strip())
    if claims.get("home_domain_id") != home().id:
        raise Forbidden("this token is for another home domain", code="token_refused")
    address, _, memo = claims["sub"].partition(":")
    return Caller(
        account=MuxedAccount.from_account(address).account_id,
        memo=memo,
        muxed=address if address.startswith("M") else "",
        client_domain=claims.get("client_domain", ""),
        home_domain_id=home().id,
        organization_id=home().organization_id,
    )


def _as_wallets_expect() -> dict[str, str]:
    """SEP-6 and SEP-24 name this refusal."""
    return {"type": "authentication_required"} if request.blueprint in ("sep6", "sep24") else {}
