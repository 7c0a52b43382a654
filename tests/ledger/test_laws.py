"""What the database refuses, whoever asks."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.ledger import service as ledger

COLUMNS = "key, kind, organization_id, asset, debit_id, credit_id, posted, pending, reservation_id"


@pytest.fixture
def purse(session, opened):
    purse, world = opened("purse", "credit", holds=100), opened("world")
    ledger.reserve(session, "order", purse, world, 60)
    session.commit()
    return purse


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfer SET posted = posted + 1",
        "DELETE FROM transfer",
        "TRUNCATE transfer",
        "UPDATE account SET posted_credits = posted_credits + 1",
        "UPDATE account SET rule = 'free'",
        "DELETE FROM account",
    ],
)
def test_what_is_written_stays(session, purse, statement):
    with pytest.raises(IntegrityError, match="what is written stays"):
        session.execute(text(statement))


# fmt: off
@pytest.mark.parametrize("law, row", [
    ("ck_account_credit",        "'x', 'posted',  'acme', 'iso4217:USD', {purse}, {world}, 41, 0,  NULL"),
    ("ck_account_credit",        "'x', 'reserve', 'acme', 'iso4217:USD', {purse}, {world}, 0,  41, NULL"),
    ("ck_transfer_kind",         "'x', 'posted',  'acme', 'iso4217:USD', {world}, {purse}, 0,  0,  NULL"),
    ("ck_transfer_kind",         "'x', 'posted',  'acme', 'iso4217:USD', {world}, {purse}, -5, 0,  NULL"),
    ("ck_transfer_kind",         "'x', 'gift',    'acme', 'iso4217:USD', {world}, {purse}, 5,  0,  NULL"),
    ("ck_transfer_two_accounts", "'x', 'posted',  'acme', 'iso4217:USD', {world}, {world}, 5,  0,  NULL"),
    ("ck_transfer_reservation",  "'x', 'posted',  'acme', 'iso4217:USD', {world}, {purse}, 5,  0,  {order}"),
    ("ck_transfer_reservation",  "'x', 'void',    'acme', 'iso4217:USD', {purse}, {world}, 0, -60, NULL"),
    ("fk_transfer_debit_id",     "'x', 'posted',  'acme', 'iso4217:EUR', {world}, {purse}, 5,  0,  NULL"),
    ("fk_transfer_debit_id",     "'x', 'posted',  'other','iso4217:USD', {world}, {purse}, 5,  0,  NULL"),
    ("uq_transfer_key",          "'order','posted','acme','iso4217:USD', {world}, {purse}, 5,  0,  NULL"),
    ("resolved as it was made",  "'x', 'void',    'acme', 'iso4217:USD', {purse}, {world}, 0, -59, {order}"),
    ("resolved as it was made",  "'x', 'void',    'acme', 'iso4217:USD', {world}, {purse}, 0, -60, {order}"),
    ("resolved as it was made",  "'x', 'void',    'acme', 'iso4217:USD', {world}, {purse}, 0, -100, {filled}"),
    ("ck_transfer_kind",         "'x', 'post',    'acme', 'iso4217:USD', {purse}, {world}, 61, -60, {order}"),
])
# fmt: on
def test_no_row_breaks_a_law(session, purse, law, row):
    written = {"holds:purse": "filled", "order": "order"}
    ids = {written[key]: id for key, id in session.execute(text("SELECT key, id FROM transfer"))}
    ids |= dict(session.execute(text("SELECT name, id FROM account")).all())
    with pytest.raises(IntegrityError, match=law):
        session.execute(text(f"INSERT INTO transfer ({COLUMNS}) VALUES ({row.format(**ids)})"))


def test_a_reservation_cannot_be_resolved_a_second_time_under_another_key(session, purse):
    ledger.post(session, "order")
    session.commit()
    again = "SELECT 'x', kind, organization_id, asset, debit_id, credit_id, posted, pending, reservation_id"
    with pytest.raises(IntegrityError, match="uq_transfer_reservation_id"):
        session.execute(text(f"INSERT INTO transfer ({COLUMNS}) {again} FROM transfer WHERE kind = 'post'"))
