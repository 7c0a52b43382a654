"""SEP-10: prove who holds an account, get a token. No session is open while a wallet or Horizon is asked."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates_schema
from stellar_sdk import Keypair, StrKey

import config
from app import clock
from app.db import transaction
from app.organizations import service as organizations
from app.sep import acts, tokens
from app.sep.auth import public
from app.sep.bodies import body, load
from app.sep.frame import door, home
from app.stellar import challenges, nodes
from app.stellar.challenges import Challenge, Client, Server

blueprint = door("sep10")


def _address(text: str) -> None:
    if not (StrKey.is_valid_ed25519_public_key(text) or StrKey.is_valid_med25519_public_key(text)):
        raise ValidationError("is neither G… nor M…")


def _id_memo(text: str) -> int:
    if not re.fullmatch("[0-9]{1,20}", text) or int(text) >= 2**64:
        raise ValidationError("is not an id memo, a whole number of 64 bits")
    return int(text)


class Asked(Schema):
    account = fields.String(required=True, validate=_address)
    memo = fields.Function(deserialize=_id_memo)
    home_domain = fields.String(load_default="")
    client_domain = fields.String(load_default="")

    class Meta:
        unknown = EXCLUDE

    @validates_schema
    def one_identity(self, asked: dict[str, Any], **_: Any) -> None:
        if "memo" in asked and asked["account"].startswith("M"):
            raise ValidationError("a muxed account has no memo", "memo")


class Answered(Schema):
    transaction = fields.String(required=True)

    class Meta:
        unknown = EXCLUDE


@blueprint.get("/auth")
@public
def ask() -> dict[str, str]:
    asked = load(Asked(), request.args)
    client = Client(asked["account"], asked.get("memo"))
    if asked["client_domain"]:
        client = _with_domain(client, asked["client_domain"])
    asking = _asking(asked["home_domain"] or home().host)
    return {
        "transaction": challenges.build(asking.server, asking.signing, client, asking.now),
        "network_passphrase": asking.server.network_passphrase,
    }


@blueprint.post("/auth")
@public
def answer() -> dict[str, str]:
    envelope = challenges.parse(load(Answered(), body())["transaction"], _passphrase())
    asking = _asking(challenges.home_domain(envelope))
    challenge = challenges.read(envelope, asking.server, asking.now)
    account = nodes.pool(current_app.config).one().account(challenge.client.account)
    challenges.verify(challenge, asking.server, account)
    return {"token": _token(challenge, asking)}


@dataclass(frozen=True)
class Asking:
    """Who asks for proof, with what key, and when (Unix seconds)."""

    home_domain_id: str
    server: Server
    signing: Keypair
    now: int


def _asking(host: str) -> Asking:
    with transaction() as session:
        domain = organizations.home_domain_named(session, host)
        return Asking(
            home_domain_id=domain.id,
            server=Server(
                signing_key=domain.signing_key,
                home_domain=domain.host,
                web_auth_domain=urlsplit(organizations.public_url(domain)).netloc,
                network_passphrase=_passphrase(),
            ),
            signing=organizations.signing_keypair(domain),
            now=int(clock.read(session).timestamp()),
        )


def _with_domain(client: Client, domain: str) -> Client:
    key = acts.client_signing_key(domain, current_app.config["ALLOW_PRIVATE_ADDRESSES"])
    return replace(client, domain=domain, domain_key=key)


def _token(challenge: Challenge, asking: Asking) -> str:
    """Return the one token there is for a challenge."""
    with transaction() as session:
        organizations.spend_challenge(session, challenge.hash, datetime.fromtimestamp(challenge.expires_at, UTC))
    claims = {"sub": challenge.client.subject, "home_domain_id": asking.home_domain_id}
    if challenge.client.domain:
        claims["client_domain"] = challenge.client.domain
    return tokens.issue(tokens.AUTHENTICATED, asking.now, claims)


def _passphrase() -> str:
    return str(config.need(current_app.config, "NETWORK_PASSPHRASE"))
