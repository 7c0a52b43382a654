"""Organizations, their home domains, the sending anchors they know, and the challenges already answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.clock import now
from app.db import Base, new_id


class Organization(Base):
    """Whose money, customers and transactions these are: every owner's table says so."""

    __tablename__ = "organization"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=now())


class HomeDomain(Base):
    """A name under which others find an organization: SEP-1's home domain, with the signing key of its toml."""

    __tablename__ = "home_domain"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    host: Mapped[str] = mapped_column(unique=True)  # lower case, with the port unless it is 443
    public_url: Mapped[str] = mapped_column(server_default="")  # where it is reached; PUBLIC_URL if empty
    signing_key: Mapped[str]  # G…
    signing_seed: Mapped[bytes]  # sealed
    faces: Mapped[list[Any]] = mapped_column(server_default="[]")  # "sep10", "sep12", "sep31", …
    toml: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # what stellar.toml says beside what we know
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    organization: Mapped[Organization] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (CheckConstraint("host = lower(host)", "host"),)


class Partner(Base):
    """A sending anchor the organization knows, by the account it signs in with (SEP-31)."""

    __tablename__ = "partner"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)  # G…
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=now())


class SpentChallenge(Base):
    """A SEP-10 challenge for which a token was given: there is no second one. Of no use once expired."""

    __tablename__ = "spent_challenge"
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]

    __table_args__ = (Index(None, "expires_at"),)
