"""Double entry: accounts, transfers, and the laws between them."""

import sqlalchemy as sa
from alembic import op

revision = "0004_ledger"
down_revision = "0003_assets"

ADD_UP = """
CREATE FUNCTION transfer_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM fresh
        WHERE reservation_id IS NOT NULL AND (debit_id, credit_id, -pending) NOT IN (
            SELECT held.debit_id, held.credit_id, held.pending
            FROM transfer held WHERE held.id = fresh.reservation_id AND held.kind = 'reserve'
        )
    ) THEN
        RAISE integrity_constraint_violation USING MESSAGE = 'a reservation is resolved as it was made';
    END IF;
    UPDATE account SET
        posted_debits = account.posted_debits + moved.posted_debits,
        posted_credits = account.posted_credits + moved.posted_credits,
        pending_debits = account.pending_debits + moved.pending_debits,
        pending_credits = account.pending_credits + moved.pending_credits
    FROM (
        SELECT side.id, sum(debits) AS posted_debits, sum(credits) AS posted_credits,
               sum(held_debits) AS pending_debits, sum(held_credits) AS pending_credits
        FROM (
            SELECT debit_id, posted, 0, pending, 0 FROM fresh
            UNION ALL
            SELECT credit_id, 0, posted, 0, pending FROM fresh
        ) AS side (id, debits, credits, held_debits, held_credits)
        GROUP BY side.id
    ) AS moved
    WHERE account.id = moved.id;
    RETURN NULL;
END $$;
CREATE TRIGGER transfer_add_up AFTER INSERT ON transfer REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION transfer_add_up();
"""

KEEP = """
CREATE FUNCTION ledger_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING MESSAGE = TG_TABLE_NAME || ': what is written stays, write a transfer';
END $$;
CREATE TRIGGER transfer_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
FOR EACH STATEMENT EXECUTE FUNCTION ledger_keep();
CREATE TRIGGER account_keep BEFORE UPDATE OR DELETE ON account
FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ledger_keep();
"""


def upgrade() -> None:
    _create_account()
    _create_transfer()
    op.execute(ADD_UP)
    op.execute(KEEP)


def _create_account() -> None:
    totals = ("posted_debits", "posted_credits", "pending_debits", "pending_credits")
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("asset", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        *[sa.Column(total, sa.Numeric(38, 0), nullable=False, server_default="0") for total in totals],
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()")),
        sa.UniqueConstraint("organization_id", "name", "asset", name=op.f("uq_account_organization_id_name_asset")),
        sa.UniqueConstraint("id", "organization_id", "asset", name=op.f("uq_account_id_organization_id_asset")),
        sa.CheckConstraint("rule IN ('debit', 'credit', 'free')", name=op.f("ck_account_rule")),
        sa.CheckConstraint("pending_debits >= 0 AND pending_credits >= 0", name=op.f("ck_account_pending")),
        sa.CheckConstraint(
            "rule <> 'debit' OR posted_credits + pending_credits <= posted_debits", name=op.f("ck_account_debit")
        ),
        sa.CheckConstraint(
            "rule <> 'credit' OR posted_debits + pending_debits <= posted_credits", name=op.f("ck_account_credit")
        ),
    )


def _create_transfer() -> None:
    account = ["account.id", "account.organization_id", "account.asset"]
    op.create_table(
        "transfer",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("asset", sa.Text, nullable=False),
        sa.Column("debit_id", sa.BigInteger, nullable=False),
        sa.Column("credit_id", sa.BigInteger, nullable=False),
        sa.Column("posted", sa.BigInteger, nullable=False),
        sa.Column("pending", sa.BigInteger, nullable=False),
        sa.Column("reservation_id", sa.BigInteger),
        sa.Column("about", sa.Text, nullable=False, server_default=""),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("house_now()")),
        sa.UniqueConstraint("key", name=op.f("uq_transfer_key")),
        sa.UniqueConstraint("reservation_id", name=op.f("uq_transfer_reservation_id")),
        sa.ForeignKeyConstraint(
            ["debit_id", "organization_id", "asset"], account, name=op.f("fk_transfer_debit_id_organization_id_asset")
        ),
        sa.ForeignKeyConstraint(
            ["credit_id", "organization_id", "asset"], account, name=op.f("fk_transfer_credit_id_organization_id_asset")
        ),
        sa.ForeignKeyConstraint(["reservation_id"], ["transfer.id"], name=op.f("fk_transfer_reservation_id")),
        sa.CheckConstraint("debit_id <> credit_id", name=op.f("ck_transfer_two_accounts")),
        sa.CheckConstraint(
            "kind = 'posted' AND posted > 0 AND pending = 0"
            " OR kind = 'reserve' AND posted = 0 AND pending > 0"
            " OR kind = 'post' AND posted > 0 AND pending < 0 AND posted <= -pending"
            " OR kind IN ('void', 'expire') AND posted = 0 AND pending < 0",
            name=op.f("ck_transfer_kind"),
        ),
        sa.CheckConstraint(
            "(reservation_id IS NOT NULL) = (kind IN ('post', 'void', 'expire'))", name=op.f("ck_transfer_reservation")
        ),
    )
    op.create_index(op.f("ix_transfer_debit_id_id"), "transfer", ["debit_id", "id"])
    op.create_index(op.f("ix_transfer_credit_id_id"), "transfer", ["credit_id", "id"])


def downgrade() -> None:
    op.drop_table("transfer")
    op.drop_table("account")
    op.execute("DROP FUNCTION transfer_add_up()")
    op.execute("DROP FUNCTION ledger_keep()")
