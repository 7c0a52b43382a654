"""What the engine remembers.

order ──── batch ──── channel          an order waits in no more than one open batch; an open batch holds
             │                         one (channel, sequence number), and nothing else ever does
          attempt ─── attempt_order    the signed transaction, and which operation is which order
             │    └── signature        what others signed of it, where ours do not suffice
          envelope                     what is handed in: the attempt itself, or a fee bump around it
settlement                             an order's place in the ledger: there can be only one
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.clock import now
from app.db import Base, new_id
from app.states import Lifecycle
from app.submission.states import BATCH, CHANNEL, ORDER


class Treasury(Base):
    """An account whose money orders may send. ``due_at`` is when its orders are packed next: a lease, or a rest."""

    __tablename__ = "treasury"
    address: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    custodian: Mapped[str] = mapped_column(server_default="")  # who sends for it, if it is not we who sign
    due_at: Mapped[datetime] = mapped_column(server_default=now())
    created_at: Mapped[datetime] = mapped_column(server_default=now())


class Cap(Base):
    """How much of an asset may leave an organization's accounts in a day, in stroops."""

    __tablename__ = "cap"
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    asset: Mapped[str] = mapped_column(primary_key=True)
    daily_max: Mapped[int]


class SigningKey(Base):
    """A key that signs for an account of ours. Several sign together.

    Ours are sealed with TREASURY_KEYS; where there is no seed, somebody holds it elsewhere, and is waited for.
    """

    __tablename__ = "signing_key"
    account: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    sealed_seed: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=now())


class Channel(Lifecycle, Base):
    """An account that lends its sequence numbers to batches and pays their fees in XLM."""

    __tablename__ = "channel"
    machine = CHANNEL
    address: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    next_sequence: Mapped[int] = mapped_column(server_default="0")  # what its next batch will spend
    audited_at: Mapped[datetime | None]  # when its account was last compared with this
    reason: Mapped[str] = mapped_column(server_default="")


class Order(Lifecycle, Base):
    """One thing an owner wants done on Stellar, once. ``amount`` in stroops."""

    __tablename__ = "order"
    machine = ORDER
    topic_column = "owner"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    owner: Mapped[str]  # the room that asked
    owner_key: Mapped[str]  # what that room calls it
    kind: Mapped[str]  # what was asked for
    operation: Mapped[str]  # what it takes: an account to be created may turn out to exist, and is paid instead
    source: Mapped[str]
    destination: Mapped[str]
    asset: Mapped[str]
    amount: Mapped[int]
    memo_type: Mapped[str]
    memo: Mapped[str]
    reservation: Mapped[str]  # the ledger's key of the money set aside, if it was
    about: Mapped[str]
    otherwise: Mapped[str] = mapped_column(server_default="fail")  # what to do where the destination cannot be paid
    ref: Mapped[str] = mapped_column(server_default="")  # what a custodian calls it
    named: Mapped[str] = mapped_column(server_default="")  # the transaction a custodian says it is in: a hint
    entrusted_at: Mapped[datetime | None]  # when a custodian was first given it
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    suspect: Mapped[bool] = mapped_column(server_default="false")  # it was in a batch that failed: smaller batches now
    code: Mapped[str] = mapped_column(server_default="")  # the network's word against it
    reason: Mapped[str] = mapped_column(server_default="")  # the same for a person

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        ready = text("state = 'ready'")
        return (
            UniqueConstraint("owner", "owner_key"),
            CheckConstraint("amount > 0 OR kind = 'account_merge'", "amount"),
            CheckConstraint("otherwise IN ('fail', 'claimable_balance')", "otherwise"),
            cls.due_index(),
            Index(None, "batch_id"),
            Index("ix_order_oldest", "source", "due_at", postgresql_where=ready),
            Index("ix_order_packing", "source", "suspect", "memo_type", "memo", "due_at", postgresql_where=ready),
        )


class Batch(Lifecycle, Base):
    """Orders of one source and one memo, tied to one sequence number of one channel."""

    __tablename__ = "batch"
    machine = BATCH
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    channel: Mapped[str] = mapped_column(ForeignKey("channel.address"))
    sequence: Mapped[int]
    source: Mapped[str]
    memo_type: Mapped[str]
    memo: Mapped[str]
    asked_ledger: Mapped[int] = mapped_column(server_default="0")  # nothing of it was in the ledger up to here
    fee: Mapped[int] = mapped_column(server_default="0")  # what the network took for it
    closed_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(server_default="")

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        opened = text("state <> 'closed'")
        return (
            UniqueConstraint("channel", "sequence"),
            Index(None, "organization_id", "closed_at"),
            Index("uq_batch_open_channel", "channel", unique=True, postgresql_where=opened),
            cls.due_index(),
        )


class Attempt(Base):
    """A signed transaction for a batch's number; ``hash`` names it for ever, fee bumps included."""

    __tablename__ = "attempt"
    hash: Mapped[str] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    max_time: Mapped[int]  # Unix seconds: in no ledger closed later
    after_ledger: Mapped[int]  # the last ledger when it was signed: it is in none up to there
    fee: Mapped[int]  # the most it may cost
    operations: Mapped[int]
    draft: Mapped[str] = mapped_column(server_default="")  # what others are to sign, without any signature
    created_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (Index(None, "batch_id"),)


class Signature(Base):
    """What somebody who holds a key elsewhere signed."""

    __tablename__ = "signature"
    attempt_hash: Mapped[str] = mapped_column(ForeignKey("attempt.hash"), primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=now())


class AttemptOrder(Base):
    """Which operation of an attempt carries which order."""

    __tablename__ = "attempt_order"
    attempt_hash: Mapped[str] = mapped_column(ForeignKey("attempt.hash"), primary_key=True)
    operation_index: Mapped[int] = mapped_column(primary_key=True)  # from 0
    order_id: Mapped[str] = mapped_column(ForeignKey("order.id"))

    __table_args__ = (Index(None, "order_id"),)


class Envelope(Base):
    """What is handed in, byte for byte, and what was last said to it."""

    __tablename__ = "envelope"
    hash: Mapped[str] = mapped_column(primary_key=True)
    attempt_hash: Mapped[str] = mapped_column(ForeignKey("attempt.hash"))
    xdr: Mapped[str]
    fee: Mapped[int]
    posted_ledger: Mapped[int] = mapped_column(server_default="0")  # the last ledger when it was last handed in
    receipt: Mapped[str] = mapped_column(server_default="")
    code: Mapped[str] = mapped_column(server_default="")  # the transaction's code, where it was refused
    created_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (Index(None, "attempt_hash"),)


class Settlement(Base):
    """Where in the ledger an order was paid. An order has one place there, or none: this is its primary key."""

    __tablename__ = "settlement"
    order_id: Mapped[str] = mapped_column(ForeignKey("order.id"), primary_key=True)
    transaction_hash: Mapped[str]
    operation_index: Mapped[int]
    ledger: Mapped[int]
    at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (UniqueConstraint("transaction_hash", "operation_index"), Index(None, "ledger"))


class Pause(Base):
    """An asset no order of a source can be sent in for now, and why."""

    __tablename__ = "pause"
    source: Mapped[str] = mapped_column(primary_key=True)
    asset: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    reason: Mapped[str]
