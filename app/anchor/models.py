"""What we remember of a transaction, of what goes back, and of where each rail's news ended."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.anchor.states import REFUND, TRANSACTION
from app.assets.models import Asset, Method
from app.db import Base, new_id
from app.states import Lifecycle


class Transaction(Lifecycle, Base):
    """One passage of money. Amounts are stroops of ``asset``; the SEP's words for it are in show.py."""

    __tablename__ = "transaction"
    machine = TRANSACTION
    topic_column = "rail"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    home_domain_id: Mapped[str] = mapped_column(ForeignKey("home_domain.id"))
    protocol: Mapped[str]  # sep31
    kind: Mapped[str]  # send
    account: Mapped[str]  # who asked for it: a sending anchor's G…
    account_memo: Mapped[str] = mapped_column(server_default="")
    client_domain: Mapped[str] = mapped_column(server_default="")
    lang: Mapped[str] = mapped_column(server_default="en")

    asset_id: Mapped[str] = mapped_column(ForeignKey("asset.id"))
    method_id: Mapped[str] = mapped_column(ForeignKey("method.id"))
    rail: Mapped[str]
    amount_expected: Mapped[int]
    amount_in: Mapped[int | None]
    amount_fee: Mapped[int | None]
    amount_out: Mapped[int | None]
    destination_asset: Mapped[str] = mapped_column(server_default="")

    sender_id: Mapped[str] = mapped_column(server_default="")
    receiver_id: Mapped[str] = mapped_column(server_default="")
    fields: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed: what SEP-31's `fields.transaction` carried
    payee: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed: whom to pay, where that customer was deleted
    required_info: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # field → why it is wanted

    receiving_account: Mapped[str]
    memo_type: Mapped[str]
    memo: Mapped[str]
    paid_from: Mapped[str] = mapped_column(server_default="")
    stellar_transaction_id: Mapped[str] = mapped_column(server_default="")
    refund_memo_type: Mapped[str] = mapped_column(server_default="")
    refund_memo: Mapped[str] = mapped_column(server_default="")

    round: Mapped[int] = mapped_column(default=1, server_default="1")  # a corrected order is a new order to the rail
    external_transaction_id: Mapped[str] = mapped_column(server_default="")
    executed_at: Mapped[datetime | None]
    eta: Mapped[datetime | None]
    refunded_by_rail: Mapped[bool] = mapped_column(default=False, server_default="false")

    message: Mapped[str] = mapped_column(server_default="")  # for the sender: why it stands where it stands
    callback_url: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    told: Mapped[str] = mapped_column(server_default="")  # the last status said to the callback
    expires_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]

    asset: Mapped[Asset] = relationship(lazy="joined")
    method: Mapped[Method] = relationship(lazy="joined")
    refunds: Mapped[list["Refund"]] = relationship(order_by="Refund.created_at", lazy="selectin")

    __table_args__ = (
        UniqueConstraint("receiving_account", "memo_type", "memo"),
        CheckConstraint("amount_expected > 0", "amount_expected"),
        CheckConstraint("amount_in >= amount_out + amount_fee", "amounts"),
        Index(None, "state", "rail", "due_at"),
        Index(None, "organization_id", "account", "created_at"),
        Index(None, "receiver_id"),
        Index(None, "sender_id"),
        Index("ix_transaction_payee", "state", postgresql_where="payee IS NOT NULL"),
    )


class Refund(Lifecycle, Base):
    """One payment that goes back where it came from, whole."""

    __tablename__ = "refund"
    machine = REFUND

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    transaction_id: Mapped[str] = mapped_column(ForeignKey("transaction.id"))
    whole: Mapped[bool]  # what the transaction was paid with, not a payment it did not take
    reason: Mapped[str]
    asset: Mapped[str]
    amount: Mapped[int]
    destination: Mapped[str]
    memo_type: Mapped[str]
    memo: Mapped[str]
    trial: Mapped[int] = mapped_column(default=1, server_default="1")
    order_key: Mapped[str] = mapped_column(unique=True)  # what the engine calls this trial's order
    stellar_transaction_id: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (
        CheckConstraint("amount > 0", "amount"),
        Index(None, "state", "due_at"),
        Index(None, "transaction_id"),
        # what a transaction was paid with goes back at most once
        Index("uq_refund_whole", "transaction_id", unique=True, postgresql_where="whole"),
    )


class RailCursor(Base):
    """Where a rail's news ended: its own note, kept for it."""

    __tablename__ = "rail_cursor"
    rail: Mapped[str] = mapped_column(primary_key=True)
    verb: Mapped[str] = mapped_column(primary_key=True)
    cursor: Mapped[str]
