"""Accounts and the transfers between them.

The laws of double entry are the database's own, so that no code of ours can break them (migration 0004):

- a transfer is one row that carries both its accounts, of one organization and one asset: it cannot be half written
- inserting transfers moves the totals of their accounts in the same statement, and nothing else may move them
- an account's rule is a constraint over its totals, reservations included
- a reservation is resolved at most once, as a whole, between the accounts it was made for
- no transfer is ever updated or deleted: what was wrong is put right by another transfer
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Dialect, ForeignKeyConstraint, Identity, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from app.clock import now
from app.db import Base

TOTALS = ("posted_debits", "posted_credits", "pending_debits", "pending_credits")


class Turnover(TypeDecorator[int]):
    """A running total: it outgrows an int64 although no amount in it can."""

    impl = Numeric(38, 0)
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int(value)


@dataclass(frozen=True)
class Balance:
    """The totals of an account and what they come to, in stroops.

    A "debit" account is something we have, a "credit" account something we owe; neither may be overdrawn, what is
    reserved included. A "free" account counts like a debit account and may be overdrawn.
    """

    rule: str
    posted_debits: int
    posted_credits: int
    pending_debits: int
    pending_credits: int

    @property
    def posted(self) -> int:
        """What is there."""
        return self._own(self.posted_debits, self.posted_credits) - self._own(self.posted_credits, self.posted_debits)

    @property
    def pending(self) -> int:
        """What reservations are about to take out of it."""
        return self._own(self.pending_credits, self.pending_debits)

    @property
    def incoming(self) -> int:
        """What reservations are about to bring."""
        return self._own(self.pending_debits, self.pending_credits)

    @property
    def available(self) -> int:
        """What may still be moved out of it."""
        return self.posted - self.pending

    def _own(self, of_debit: int, of_credit: int) -> int:
        return of_credit if self.rule == "credit" else of_debit


class Account(Base):
    """One asset of one organization under one name: "suspense", "treasury:G…", "owed", "fees:earned"."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    organization_id: Mapped[str]
    name: Mapped[str]
    asset: Mapped[str]
    rule: Mapped[str]  # see Balance
    posted_debits: Mapped[int] = mapped_column(Turnover, server_default="0")
    posted_credits: Mapped[int] = mapped_column(Turnover, server_default="0")
    pending_debits: Mapped[int] = mapped_column(Turnover, server_default="0")
    pending_credits: Mapped[int] = mapped_column(Turnover, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (
        UniqueConstraint("organization_id", "name", "asset"),
        UniqueConstraint("id", "organization_id", "asset"),  # what a transfer points at
        CheckConstraint("rule IN ('debit', 'credit', 'free')", "rule"),
        CheckConstraint("pending_debits >= 0 AND pending_credits >= 0", "pending"),
        CheckConstraint("rule <> 'debit' OR posted_credits + pending_credits <= posted_debits", "debit"),
        CheckConstraint("rule <> 'credit' OR posted_debits + pending_debits <= posted_credits", "credit"),
    )

    @property
    def balance(self) -> Balance:
        return Balance(self.rule, self.posted_debits, self.posted_credits, self.pending_debits, self.pending_credits)


class Transfer(Base):
    """What one movement adds to the totals of the two accounts it carries, in stroops.

    ``posted`` is added to what was really moved, ``pending`` to what is reserved: kind *posted* moves at once,
    *reserve* holds, *post* moves at most what was held and lets the rest go, *void* (the owner) and *expire* (time)
    let it all go.
    """

    __tablename__ = "transfer"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  # the caller's own: a retry with it moves nothing twice
    kind: Mapped[str]
    organization_id: Mapped[str]
    asset: Mapped[str]
    debit_id: Mapped[int]
    credit_id: Mapped[int]
    posted: Mapped[int]
    pending: Mapped[int]
    reservation_id: Mapped[int | None] = mapped_column(unique=True)
    about: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime] = mapped_column(server_default=now())

    __table_args__ = (
        ForeignKeyConstraint(
            ["debit_id", "organization_id", "asset"], ["account.id", "account.organization_id", "account.asset"]
        ),
        ForeignKeyConstraint(
            ["credit_id", "organization_id", "asset"], ["account.id", "account.organization_id", "account.asset"]
        ),
        ForeignKeyConstraint(["reservation_id"], ["transfer.id"]),
        CheckConstraint("debit_id <> credit_id", "two_accounts"),
        CheckConstraint(
            "kind = 'posted' AND posted > 0 AND pending = 0"
            " OR kind = 'reserve' AND posted = 0 AND pending > 0"
            " OR kind = 'post' AND posted > 0 AND pending < 0 AND posted <= -pending"
            " OR kind IN ('void', 'expire') AND posted = 0 AND pending < 0",
            "kind",
        ),
        CheckConstraint("(reservation_id IS NOT NULL) = (kind IN ('post', 'void', 'expire'))", "reservation"),
        Index(None, "debit_id", "id"),
        Index(None, "credit_id", "id"),
    )

    @property
    def facts(self) -> tuple[object, ...]:
        """What a second transfer with the same key must agree on: all but ``about``."""
        sides = self.organization_id, self.asset, self.debit_id, self.credit_id
        return self.key, self.kind, *sides, self.posted, self.pending, self.reservation_id

    @property
    def amount(self) -> int:
        """What it moved; what it holds or lets go if it moved nothing."""
        return self.posted or abs(self.pending)
