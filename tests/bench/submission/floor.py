"""The floor: the same durable work in bare statements and bare calls of the SDK, a commit for each batch of 100."""

import time
from typing import Any

import psycopg
from psycopg import Connection
from stellar_sdk import Asset, Keypair, Operation, Payment, Preconditions, TimeBounds, Transaction, TransactionEnvelope

from tests.bench.submission.house import PASSPHRASE, Payer

BATCH = 100

BIND = """
WITH batch AS (
  INSERT INTO batch (organization_id, channel, sequence, source, memo_type, memo, state, due_at)
  VALUES (%(organization)s, %(channel)s, 1, %(source)s, 'none', '', 'live', now()) RETURNING id
), bound AS (
  UPDATE "order" SET state = 'bound', due_at = now() + interval '1 hour', updated_at = now(), batch_id = batch.id
  FROM batch WHERE "order".id IN (
    SELECT id FROM "order" WHERE source = %(source)s AND state = 'ready' AND due_at <= now()
    ORDER BY due_at LIMIT 100 FOR UPDATE SKIP LOCKED)
  RETURNING "order".id, destination, batch_id
), noted AS (
  INSERT INTO history (subject, subject_id, event, source, target)
  SELECT 'order', id, 'bind', 'ready', 'bound' FROM bound
)
SELECT id, destination, batch_id FROM bound"""

WRITE = """
WITH attempt AS (
  INSERT INTO attempt (hash, batch_id, max_time, after_ledger, fee, operations)
  VALUES (%(hash)s, %(batch)s, 1, 1, 1, 100)
), envelope AS (
  INSERT INTO envelope (hash, attempt_hash, xdr, fee) VALUES (%(hash)s, %(hash)s, %(xdr)s, 1)
)
INSERT INTO attempt_order (attempt_hash, operation_index, order_id)
SELECT %(hash)s, place - 1, id FROM unnest(%(orders)s::text[]) WITH ORDINALITY AS numbered (id, place)"""

SETTLE = """
WITH settled AS (
  UPDATE "order" SET state = 'settled', due_at = NULL, updated_at = now() WHERE batch_id = %(batch)s RETURNING id
), noted AS (
  INSERT INTO history (subject, subject_id, event, source, target)
  SELECT 'order', id, 'settle', 'bound', 'settled' FROM settled
), placed AS (
  INSERT INTO settlement (order_id, transaction_hash, operation_index, ledger)
  SELECT order_id, attempt_hash, operation_index, 2 FROM attempt_order WHERE attempt_hash = %(hash)s
), freed AS (
  UPDATE channel SET next_sequence = next_sequence + 1 WHERE address = %(channel)s
), booked AS (
  INSERT INTO transfer (key, kind, organization_id, asset, debit_id, credit_id, posted, pending)
  VALUES (%(hash)s, 'posted', %(organization)s, 'stellar:native', %(fees)s, %(purse)s, 10000, 0)
)
UPDATE batch SET state = 'closed', due_at = NULL, closed_at = now() WHERE id = %(batch)s"""

ACCOUNT = """
INSERT INTO account (organization_id, name, asset, rule) VALUES (%s, %s, 'stellar:native', 'free') RETURNING id"""


def floor(url: str, payer: Payer, orders: int) -> tuple[float, float]:
    """Return how many seconds it takes to sign and write down, and to settle, ``orders`` orders of ``payer``."""
    with psycopg.connect(url) as connection:
        fees, purse = (_account(connection, payer, name) for name in ("fees", "purse"))
        connection.commit()
        began = time.perf_counter()
        signed = [_sign(connection, payer, payer.channels[number]) for number in range(orders // BATCH)]
        between = time.perf_counter()
        for facts in signed:
            connection.execute(SETTLE, facts | {"fees": fees, "purse": purse})
            connection.commit()
        return between - began, time.perf_counter() - between


def _account(connection: Connection[Any], payer: Payer, name: str) -> int:
    row = connection.execute(ACCOUNT, (payer.organization_id, name)).fetchone()
    return int(row[0]) if row else 0


def _sign(connection: Connection[Any], payer: Payer, channel: Keypair) -> dict[str, Any]:
    source = payer.treasury.public_key
    facts = {"organization": payer.organization_id, "channel": channel.public_key, "source": source}
    rows = connection.execute(BIND, facts).fetchall()
    operations: list[Operation] = [Payment(row[1], Asset.native(), "0.0000001", source) for row in rows]
    bounds = Preconditions(time_bounds=TimeBounds(0, 1))
    bare = Transaction(channel, 1, 100_000, operations, preconditions=bounds, v1=True)
    envelope = TransactionEnvelope(bare, PASSPHRASE)
    hash = envelope.hash()
    envelope.signatures = [channel.sign_decorated(hash), payer.treasury.sign_decorated(hash)]
    facts |= {"hash": hash.hex(), "xdr": envelope.to_xdr(), "batch": rows[0][2], "orders": [row[0] for row in rows]}
    connection.execute(WRITE, facts)
    connection.commit()
    return facts
