"""The tokens we give out: JWT, HS256. Each kind has a key, an audience and a life of its own.

So a token of one kind is never taken for another, whatever its claims say.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

import config
from app import clock
from app.db import new_id, transaction
from app.errors import Forbidden

LEEWAY_SECONDS = 30
SECRET_BYTES_MIN = 32


@dataclass(frozen=True)
class Kind:
    name: str
    life_seconds: int


AUTHENTICATED = Kind("sep10", 24 * 3600)  # SEP-10: who calls the API


def issue(kind: Kind, now: int, claims: Mapping[str, str]) -> str:
    """Return a token that says ``claims`` from ``now`` on (Unix seconds), and who we are."""
    frame = {"iss": _issuer(), "aud": kind.name, "iat": now, "exp": now + kind.life_seconds, "jti": new_id()}
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, {**claims, **frame}, _key(kind))


def read(kind: Kind, token: str) -> dict[str, Any]:
    """Return what ``token`` says, or raise Forbidden unless it is ours, of this kind, and still good."""
    try:
        claims = jwt.decode(token, _key(kind), algorithms=["HS256"]).claims
        _valid(kind, _now()).validate(claims)
    except (JoseError, ValueError):
        raise Forbidden("this token is not valid", code="token_refused") from None
    return claims


def _valid(kind: Kind, now: int) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=now,
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": _issuer()},
        aud={"essential": True, "value": kind.name},
        sub={"essential": True},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
    )


def _now() -> int:
    with transaction() as session:
        return int(clock.read(session).timestamp())


def _issuer() -> str:
    return str(config.need(current_app.config, "PUBLIC_URL"))


def _key(kind: Kind) -> OctKey:
    """Return the key of one kind of token. Knowing it does not lead to the others."""
    secret = str(config.need(current_app.config, "TOKEN_SECRET")).encode()
    if len(secret) < SECRET_BYTES_MIN:
        raise config.Unconfigured(f"TOKEN_SECRET is shorter than {SECRET_BYTES_MIN} bytes")
    return OctKey.import_key(hmac.digest(secret, f"railhead token {kind.name}".encode(), "sha256"))
