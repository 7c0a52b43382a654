"""The outbox."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.db import Base, new_id
from app.messages.states import MESSAGE
from app.states import Lifecycle

_PENDING = f"state = '{MESSAGE.start}'"
_OVER = f"state <> '{MESSAGE.start}'"


class Message(Lifecycle, Base):
    """Something to say. What has arrived is no longer ours to keep: then address and body are empty.

    Messages of one *lane* (one subject, to one address) leave in the order of ``position``. A claim stands while
    ``fence`` is ahead of ``answered``.
    """

    __tablename__ = "message"
    machine = MESSAGE

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)  # the event id others know it by
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    home_domain_id: Mapped[str | None] = mapped_column(ForeignKey("home_domain.id"))  # whose SIGNING_KEY signs it
    channel: Mapped[str]
    host: Mapped[str]  # where it goes: who is slow there holds up nobody else
    subject: Mapped[str]  # what it is about: "transaction:<id>"
    lane: Mapped[str]
    position: Mapped[int] = mapped_column(Identity())
    address: Mapped[bytes]  # sealed: a URL may carry a secret
    body: Mapped[bytes]  # sealed; the bytes as they are sent
    expires_at: Mapped[datetime]  # after this it is tried no more
    answered: Mapped[int] = mapped_column(server_default="0")  # the last claim whose outcome was recorded
    error: Mapped[str] = mapped_column(server_default="")

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            cls.due_index(),
            Index(None, "subject"),
            Index(None, "lane", "position"),
            Index("ix_message_over", "updated_at", postgresql_where=text(_OVER)),
            Index(None, "host", "due_at", postgresql_where=text(_PENDING)),
            Index("ix_message_in_flight", "host", postgresql_where=text(f"{_PENDING} AND fence > answered")),
        )
