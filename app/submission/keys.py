"""The keys that sign for our accounts: sealed in the table with TREASURY_KEYS, opened only where payments are signed.
Keys that others hold are in the table too, without a seed.

The web process has no TREASURY_KEYS, and nothing here is called by it.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from flask import current_app
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from stellar_sdk import Keypair

import config
from app.stellar import signing
from app.submission.models import SigningKey
from app.vault import Vault


def add(session: Session, account: str, key: Keypair) -> None:
    """Let ``key`` sign for ``account``, also where it was known to be elsewhere."""
    sealed = {"sealed_seed": signing.seal(_vault(), key)}
    row = {"account": account, "address": key.public_key, **sealed}
    session.execute(
        insert(SigningKey).values(row).on_conflict_do_update(index_elements=["account", "address"], set_=sealed)
    )


def expect(session: Session, account: str, address: str) -> None:
    """Let whoever holds the key ``address`` elsewhere sign for ``account``."""
    row = {"account": account, "address": address}
    session.execute(insert(SigningKey).values(row).on_conflict_do_nothing())


def keyring(session: Session, accounts: Iterable[str]) -> dict[str, signing.Keys]:
    """Return all who sign for each of ``accounts``, the oldest first; one without a key is left out."""
    ring: dict[str, list[SigningKey]] = defaultdict(list)
    rows = select(SigningKey).where(SigningKey.account.in_(set(accounts)))
    for row in session.scalars(rows.order_by(SigningKey.created_at, SigningKey.address)):
        ring[row.account].append(row)
    return {account: _keys(rows) for account, rows in ring.items()}


def reseal(session: Session) -> int:
    """Seal every seed with the newest of TREASURY_KEYS, so that the older ones can go; return how many there are."""
    rows = session.scalars(select(SigningKey).where(SigningKey.sealed_seed.is_not(None)).with_for_update()).all()
    for row in rows:
        row.sealed_seed = signing.seal(_vault(), signing.keypair(_vault(), row.address, row.sealed_seed))
    return len(rows)


def _keys(rows: Iterable[SigningKey]) -> signing.Keys:
    here = [signing.keypair(_vault(), row.address, row.sealed_seed) for row in rows if row.sealed_seed]
    return signing.Keys(tuple(here), tuple(row.address for row in rows if not row.sealed_seed))


def _vault() -> Vault:
    return _opened(tuple(config.need(current_app.config, "TREASURY_KEYS")))


@lru_cache(maxsize=4)
def _opened(keys: tuple[str, ...]) -> Vault:
    return Vault(keys)
