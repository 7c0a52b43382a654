"""What we remember of customers: every value and file sealed, each for its own place."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from app.clock import now
from app.customers.states import CUSTOMER, GIVEN, NEWS
from app.db import Base, new_id
from app.states import Lifecycle


class Customer(Lifecycle, Base):
    """Somebody, as their wallet or sending anchor names them: an account, and a memo where accounts are shared.

    An ``M…`` address is its ``G…`` account with its id as memo.
    """

    __tablename__ = "customer"
    machine = CUSTOMER

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    home_domain_id: Mapped[str] = mapped_column(ForeignKey("home_domain.id"))  # whose key signs callbacks
    account: Mapped[str]  # G… or C…
    memo: Mapped[str] = mapped_column(server_default="")
    memo_type: Mapped[str] = mapped_column(server_default="")
    scope: Mapped[str] = mapped_column(server_default="")  # whom the account only speaks for: see Identity
    types: Mapped[list[Any]] = mapped_column(server_default="[]")  # the SEP-12 types they registered as
    verdict: Mapped[str] = mapped_column(server_default="")  # an operator's: "accepted", "rejected" or none
    message: Mapped[str] = mapped_column(server_default="")  # why they were rejected, for them to read
    callback_url: Mapped[bytes | None] = mapped_column(LargeBinary)
    fields: Mapped[list["CustomerField"]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", passive_deletes=True
    )

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            cls.due_index(),
            UniqueConstraint("organization_id", "account", "memo", "memo_type", "scope"),
            CheckConstraint("verdict IN ('', 'accepted', 'rejected')", "verdict"),
        )


class CustomerFile(Base):
    """A file somebody uploaded. Until a customer's field refers to it, it expires."""

    __tablename__ = "customer_file"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    account: Mapped[str]
    memo: Mapped[str] = mapped_column(server_default="")
    memo_type: Mapped[str] = mapped_column(server_default="")
    customer_id: Mapped[str | None] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    content_type: Mapped[str]
    size_bytes: Mapped[int]
    body: Mapped[bytes]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (
        Index(None, "organization_id", "account"),
        Index(None, "customer_id"),
        Index(None, "expires_at"),
    )


class CustomerField(Base):
    """One SEP-9 field of a customer: its sealed value or its file, and how it stands."""

    __tablename__ = "customer_field"
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    standing: Mapped[str] = mapped_column(server_default=GIVEN)
    value: Mapped[bytes | None] = mapped_column(LargeBinary)
    file_id: Mapped[str | None] = mapped_column(ForeignKey("customer_file.id"))
    error: Mapped[bytes | None] = mapped_column(
        LargeBinary
    )  # why it must be given again: sealed, it may quote the value
    code: Mapped[str] = mapped_column(server_default="")  # fingerprint of the code that was sent to verify it
    code_expires_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (
        Index(None, "file_id"),
        CheckConstraint("standing IN ('wanted', 'given', 'rejected', 'unverified')", "standing"),
    )


class News(Lifecycle, Base):
    """A customer changed. Kept apart from the customer, so that telling it locks nobody out."""

    __tablename__ = "customer_news"
    machine = NEWS

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    customer_id: Mapped[str]
