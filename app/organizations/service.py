"""The verbs and the questions of organizations."""

from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from stellar_sdk import Keypair, StrKey

import config
from app.clock import after
from app.db import new_id
from app.errors import Conflict, Invalid, NotFound
from app.organizations.models import HomeDomain, Organization, Partner, SpentChallenge
from app.vault import seals

FACES = ("sep1", "sep6", "sep10", "sep12", "sep24", "sep31", "sep38")
GRACE_SECONDS = 60  # a challenge counts as valid to the end of its last second


def add_organization(session: Session, name: str) -> Organization:
    """Return a new organization; raise Conflict if one has this name."""
    if session.scalar(select(Organization.id).where(Organization.name == name)):
        raise Conflict(f"there is an organization called {name} already")
    organization = Organization(name=name)
    session.add(organization)
    session.flush()
    return organization


def organization(session: Session, name: str = "") -> Organization:
    """Return the organization of this name, or without a name the only one; raise NotFound."""
    found = select(Organization).where(Organization.name == name) if name else select(Organization)
    rows = list(session.scalars(found.limit(2)))
    if len(rows) != 1:
        raise NotFound("no such organization" if name or not rows else "say which organization")
    return rows[0]


def add_home_domain(
    session: Session, owner: Organization, host: str, signing: Keypair, faces: list[str], **extras: Any
) -> HomeDomain:
    """Return a new home domain of ``owner``; its seed is sealed. ``extras``: toml, public_url."""
    unknown = set(faces) - set(FACES)
    if unknown:
        raise Invalid(f"no such faces: {', '.join(sorted(unknown))}")
    domain = HomeDomain(id=new_id(), organization=owner, host=host.lower(), faces=faces, **extras)
    domain.signing_key = signing.public_key
    domain.signing_seed = seals().seal(signing.secret, _seed_context(domain))
    session.add(domain)
    session.flush()
    return domain


def home_domain(session: Session, host: str = "") -> HomeDomain:
    """Return the home domain of ``host``; where there is only one, that one. Raise NotFound."""
    rows = list(session.scalars(select(HomeDomain).where(HomeDomain.host == host.lower())))
    rows = rows or list(session.scalars(select(HomeDomain).limit(2)))
    if len(rows) != 1:
        raise NotFound("no organization lives at this host")
    return rows[0]


def home_domain_named(session: Session, host: str) -> HomeDomain:
    """Return the home domain that is called ``host``; raise Invalid if none of ours is."""
    found = session.scalar(select(HomeDomain).where(HomeDomain.host == host.lower()))
    if found is None:
        raise Invalid("home_domain is not one of ours", code="unknown_home_domain")
    return found


def signing_keypair(domain: HomeDomain) -> Keypair:
    """Return the key that signs challenges and callbacks. It holds no money."""
    return Keypair.from_secret(seals().open(domain.signing_seed, _seed_context(domain)).decode())


def signer(session: Session, home_domain_id: str) -> Keypair:
    """Return the key that signs for the home domain of this id."""
    return signing_keypair(session.get_one(HomeDomain, home_domain_id))


def public_url(domain: HomeDomain) -> str:
    """Return where others reach the home domain: every absolute URL we show begins with it."""
    return domain.public_url or str(config.need(current_app.config, "PUBLIC_URL"))


def add_partner(session: Session, organization_id: str, account: str, name: str) -> Partner:
    """Let a sending anchor in, or rename it; raise Invalid if ``account`` is no G… address."""
    if not StrKey.is_valid_ed25519_public_key(account):
        raise Invalid("a sending anchor is known by its account, G…", code="invalid_account")
    return session.merge(Partner(organization_id=organization_id, account=account, name=name))


def remove_partner(session: Session, organization_id: str, account: str) -> None:
    """Let a sending anchor in no more; raise NotFound if it was not known."""
    row = partner(session, organization_id, account)
    if row is None:
        raise NotFound("no such sending anchor")
    session.delete(row)
    session.flush()


def partner(session: Session, organization_id: str, account: str) -> Partner | None:
    """Return the sending anchor that signs in with ``account``, if the organization knows it."""
    return session.get(Partner, (organization_id, account))


def partners(session: Session, organization_id: str) -> list[Partner]:
    """Return the sending anchors the organization knows, by name."""
    return list(
        session.scalars(select(Partner).where(Partner.organization_id == organization_id).order_by(Partner.name))
    )


def spend_challenge(session: Session, hash: bytes, expires_at: datetime) -> None:
    """Remember that a token was given for this challenge; raise Invalid if one was, however close the race."""
    row = insert(SpentChallenge).values(hash=hash, expires_at=expires_at).on_conflict_do_nothing()
    if session.execute(row.returning(SpentChallenge.hash)).first() is None:
        raise Invalid("this challenge has been used already", code="challenge_used")


def forget_challenges(session: Session, limit: int) -> int:
    """Delete challenges that have expired well ago, and with that cannot be used anyway; return how many."""
    expired = select(SpentChallenge.hash).where(SpentChallenge.expires_at < after(-GRACE_SECONDS)).limit(limit)
    gone = delete(SpentChallenge).where(SpentChallenge.hash.in_(expired)).returning(SpentChallenge.hash)
    return len(session.execute(gone).all())


def _seed_context(domain: HomeDomain) -> str:
    return f"home_domain {domain.id} signing_seed"
