"""What we remember of the network."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.clock import now
from app.db import Base
from app.states import Lifecycle
from app.watcher.states import OBSERVATION, STREAM


class Stream(Lifecycle, Base):
    """An account of ours, and how far its operations were read.

    ``cursor`` is the operation id (TOID, SEP-35) up to which everything is written down; it moves only together with
    what it passes. ``read_ledger`` is the last ledger known to hold nothing more after it. ``known_hash`` and
    ``known_closed_at`` (Unix seconds) are those of ``known_ledger``: a network that shows others is another network.
    """

    __tablename__ = "stream"
    machine = STREAM
    account: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    network_passphrase: Mapped[str]
    cursor: Mapped[int]
    read_ledger: Mapped[int]
    read_at: Mapped[datetime] = mapped_column(server_default=now())
    node_ledger: Mapped[int] = mapped_column(server_default="0")  # the node's last one when it was last asked
    known_ledger: Mapped[int] = mapped_column(server_default="0")
    known_hash: Mapped[str] = mapped_column(server_default="")
    known_closed_at: Mapped[int] = mapped_column(server_default="0")
    reason: Mapped[str] = mapped_column(server_default="")


class Observation(Lifecycle, Base):
    """Money of ours that an operation moved: one asset, one direction, one of our accounts. Amounts in stroops.

    ``id`` is the operation's id and which of its movements this is: a payment from one account of ours to another
    is two observations. An operation that could not be read is kept in ``raw``, as JSON, without an amount.
    """

    __tablename__ = "observation"
    machine = OBSERVATION
    id: Mapped[str] = mapped_column(primary_key=True)
    operation_id: Mapped[int]
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    account: Mapped[str] = mapped_column(ForeignKey("stream.account"))
    muxed_id: Mapped[str]  # which of the account's M… addresses was meant; empty: the account itself
    direction: Mapped[str]  # in | out; empty if it could not be read
    kind: Mapped[str]  # the operation's type, as Horizon names it
    asset: Mapped[str]
    amount: Mapped[int]
    counterparty: Mapped[str]  # G… or M… as the operation says; empty if it names nobody
    memo_type: Mapped[str]
    memo: Mapped[str]  # as Horizon writes it: a hash is base64
    transaction_hash: Mapped[str]
    inner_hash: Mapped[str]  # of the transaction inside a fee bump; else the same
    operation_index: Mapped[int]  # in its transaction, from 0
    ledger: Mapped[int]
    closed_at: Mapped[datetime]
    claimed_by: Mapped[str] = mapped_column(server_default="")  # the room, or who explained it
    claimed_key: Mapped[str] = mapped_column(server_default="")  # what that room calls what it claimed it for
    reason: Mapped[str] = mapped_column(server_default="")
    raw: Mapped[str] = mapped_column(server_default="")

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            CheckConstraint("direction IN ('in', 'out') AND amount > 0 OR direction = '' AND amount = 0", "direction"),
            cls.due_index(),
            Index(None, "account", "operation_id"),
            Index(None, "inner_hash", "operation_index"),
            Index(None, "claimed_by", "claimed_key"),
        )
