"""Assets and their methods."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.clock import now
from app.db import Base, new_id


class Asset(Base):
    """An asset of an organization: ``stellar:CODE:ISSUER`` or ``stellar:native``, held by a distribution account."""

    __tablename__ = "asset"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    asset: Mapped[str]
    distribution: Mapped[str]  # the account that receives and pays it, G…
    significant_decimals: Mapped[int] = mapped_column(server_default="2")
    amount_policy: Mapped[str] = mapped_column(server_default="exact")  # exact | tolerance | rail
    tolerance_stroops: Mapped[int] = mapped_column(server_default="0")  # how far off a payment may be under "tolerance"
    toml: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # what [[CURRENCIES]] says beside code and issuer
    created_at: Mapped[datetime] = mapped_column(server_default=now())
    methods: Mapped[list["Method"]] = relationship(order_by="Method.name", lazy="selectin")

    __table_args__ = (
        UniqueConstraint("organization_id", "asset"),
        CheckConstraint("amount_policy IN ('exact', 'tolerance', 'rail')", "amount_policy"),
        CheckConstraint("significant_decimals BETWEEN 0 AND 7", "significant_decimals"),
        CheckConstraint("tolerance_stroops >= 0", "tolerance_stroops"),
    )

    @property
    def code(self) -> str:
        return "native" if self.asset == "stellar:native" else self.asset.split(":")[1]

    @property
    def issuer(self) -> str:
        return "" if self.asset == "stellar:native" else self.asset.split(":")[2]


class Method(Base):
    """One way of an asset to or from a rail: a SEP ``funding_method``. Limits and fees are in the asset."""

    __tablename__ = "method"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    asset_id: Mapped[str] = mapped_column(ForeignKey("asset.id"))
    kind: Mapped[str]  # send | withdrawal | deposit
    name: Mapped[str]
    rail: Mapped[str]
    pays: Mapped[str]  # what the rail pays, unit for unit: iso4217:USD
    minimum: Mapped[int] = mapped_column(server_default="1")
    maximum: Mapped[int] = mapped_column(server_default=str(2**63 - 1))
    fee_fixed: Mapped[int] = mapped_column(server_default="0")
    fee_percent: Mapped[Decimal] = mapped_column(Numeric(9, 6), server_default="0")
    sender_type: Mapped[str] = mapped_column(server_default="")  # the SEP-12 type a sender must be, if any
    receiver_type: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (
        UniqueConstraint("asset_id", "kind", "name"),
        CheckConstraint("kind IN ('send', 'withdrawal', 'deposit')", "kind"),
        CheckConstraint("0 < minimum AND minimum <= maximum", "limits"),
        CheckConstraint("fee_fixed >= 0 AND fee_percent >= 0 AND fee_percent < 100", "fees"),
    )
