"""The floors: what the engine leaves behind, left behind by the fewest raw statements, one commit a batch.

The same rows in the same tables, under the same keys and constraints; no decision, no lease, no fence, no second look.
Whoever settles the same payments with less than this has left something out.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from stellar_sdk import Asset, Keypair, Payment, Preconditions, TimeBounds, Transaction, TransactionEnvelope

from app.money import show
from app.sandbox.network.core import Settings
from tests.bench.population import CODE, ISSUER, TREASURY

Connection = psycopg.Connection[Any]


class Signed(NamedTuple):
    batch_id: int
    channel: str
    hash: str


HISTORY = "INSERT INTO history (subject, subject_id, event, source, target, note)"
BEGIN = f"""
    WITH begun AS (
        INSERT INTO batch (organization_id, channel, sequence, source, memo_type, memo, state, due_at)
        SELECT organization_id, address, next_sequence, %s, 'none', '', 'bound', house_now()
        FROM channel WHERE address = %s RETURNING id, sequence),
    noted AS ({HISTORY} SELECT 'batch', id::text, 'begin', '', 'bound', '' FROM begun)
    SELECT id, sequence FROM begun"""
BIND = f"""
    WITH chosen AS (
        SELECT id FROM "order" WHERE source = %s AND state = 'ready' AND due_at <= house_now()
        ORDER BY due_at LIMIT 100 FOR UPDATE SKIP LOCKED),
    bound AS (
        UPDATE "order" SET state = 'bound', batch_id = %s, due_at = house_now() + interval '1 h',
            updated_at = house_now()
        FROM chosen WHERE "order".id = chosen.id RETURNING "order".id, destination, amount),
    noted AS ({HISTORY} SELECT 'order', id, 'bind', 'ready', 'bound', '' FROM bound)
    SELECT id, destination, amount FROM bound"""
ATTEMPT = """
    INSERT INTO attempt (hash, batch_id, max_time, after_ledger, fee, operations)
    VALUES (%s, %s, 9999999999, 1, %s, 100)"""
ENVELOPE = "INSERT INTO envelope (hash, attempt_hash, xdr, fee) VALUES (%s, %s, %s, %s)"
PLACES = "COPY attempt_order (attempt_hash, operation_index, order_id) FROM STDIN"
SIGN = f"""
    WITH signed AS (UPDATE batch SET state = 'live', updated_at = house_now() WHERE id = %s RETURNING id)
    {HISTORY} SELECT 'batch', id::text, 'sign', 'bound', 'live', '' FROM signed"""

CLOSE = f"""
    WITH closed AS (
        UPDATE batch SET state = 'closed', due_at = NULL, closed_at = house_now(), fee = 10000, updated_at = house_now()
        WHERE id = %s RETURNING id)
    {HISTORY} SELECT 'batch', id::text, 'close', 'live', 'closed', '' FROM closed"""
SETTLE = """
    INSERT INTO settlement (order_id, transaction_hash, operation_index, ledger)
    SELECT order_id, attempt_hash, operation_index, 5 FROM attempt_order WHERE attempt_hash = %s"""
PAY = f"""
    WITH paid AS (
        UPDATE "order" SET state = 'settled', due_at = NULL, updated_at = house_now(), code = '', reason = ''
        WHERE batch_id = %s RETURNING id, reservation),
    noted AS ({HISTORY} SELECT 'order', id, 'settle', 'bound', 'settled', '' FROM paid)
    INSERT INTO transfer (key, kind, organization_id, asset, debit_id, credit_id, posted, pending, reservation_id)
    SELECT held.key || ':resolved', 'post', organization_id, asset, debit_id, credit_id, pending, -pending, held.id
    FROM paid JOIN transfer AS held ON held.key = paid.reservation"""
FEE = """
    INSERT INTO transfer (key, kind, organization_id, asset, debit_id, credit_id, posted, pending)
    SELECT 'fee:' || %s, 'posted', fees.organization_id, fees.asset, fees.id, purse.id, 10000, 0
    FROM account AS fees JOIN account AS purse USING (organization_id, asset)
    WHERE fees.name = 'fees:network' AND purse.name = 'channel:' || %s"""
ADVANCE = "UPDATE channel SET next_sequence = next_sequence + 1 WHERE address = %s"


def sign_and_persist(connection: Connection, channels: Sequence[Keypair], signed: list[Signed]) -> None:
    """Sign a hundred ready orders on each of ``channels``, and add what was signed to the list."""
    for channel in channels:
        with connection.transaction():
            batch, sequence = connection.execute(BEGIN, (TREASURY.public_key, channel.public_key)).fetchone() or (0, 0)
            orders = connection.execute(BIND, (TREASURY.public_key, batch)).fetchall()
            hash, xdr = envelope(channel, sequence, [(row[1], row[2]) for row in orders])
            connection.execute(ATTEMPT, (hash, batch, 100_000))
            connection.execute(ENVELOPE, (hash, hash, xdr, 100_000))
            with connection.cursor().copy(PLACES) as copy:
                for index, row in enumerate(orders):
                    copy.write_row((hash, index, row[0]))
            connection.execute(SIGN, (batch,))
        signed.append(Signed(batch, channel.public_key, hash))


def envelope(channel: Keypair, sequence: int, payments: Sequence[tuple[str, int]]) -> tuple[str, str]:
    """Return hash and envelope as the SDK makes them; it is asked for the hash only once."""
    asset = Asset(CODE, ISSUER.public_key)
    transaction = Transaction(
        source=channel,
        sequence=sequence,
        fee=100_000,
        operations=[Payment(payee, asset, show(amount), TREASURY.public_key) for payee, amount in payments],
        preconditions=Preconditions(time_bounds=TimeBounds(0, 9_999_999_999)),
        v1=True,
    )
    body = TransactionEnvelope(transaction, Settings.passphrase)
    hash = body.hash()
    body.signatures = [key.sign_decorated(hash) for key in (channel, TREASURY)]
    return hash.hex(), body.to_xdr()


def settle(connection: Connection, signed: Sequence[Signed]) -> None:
    """Settle every order of these batches, in the books too."""
    for batch, channel, hash in signed:
        with connection.transaction():
            connection.execute(CLOSE, (batch,))
            connection.execute(SETTLE, (hash,))
            connection.execute(PAY, (batch,))
            connection.execute(FEE, (hash, channel))
            connection.execute(ADVANCE, (channel,))
