"""The keys that sign for our accounts: sealed in the table with TREASURY_KEYS, opened only where payments are signed.

The web process has no TREASURY_KEYS, and nothing here is called by it.
"""

from collections.abc import Iterable
from functools import lru_cache

from flask import current_app
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from stellar_sdk import Keypair

import config
from app.errors import NotFound
from app.stellar import signing
from app.submission.models import SigningKey
from app.vault import Vault


def add(session: Session, account: str, key: Keypair) -> None:
    """Let ``key`` sign for ``account``."""
    values = {"account": account, "address": key.public_key, "sealed_seed": signing.seal(_vault(), key)}
    session.execute(insert(SigningKey).values(values).on_conflict_do_nothing())


def signers(session: Session, accounts: Iterable[str]) -> tuple[signing.Signer, ...]:
    """Return all who sign for ``accounts``; raise NotFound for one without a key."""
    wanted = list(accounts)
    rows = session.scalars(select(SigningKey).where(SigningKey.account.in_(wanted))).all()
    orphans = set(wanted) - {row.account for row in rows}
    if orphans:
        raise NotFound(f"there is no key to sign for {', '.join(sorted(orphans))}", code="no_key")
    vault = _vault()
    return tuple(signing.keypair(vault, row.address, row.sealed_seed) for row in rows)


def _vault() -> Vault:
    return _opened(tuple(config.need(current_app.config, "TREASURY_KEYS")))


@lru_cache(maxsize=4)
def _opened(keys: tuple[str, ...]) -> Vault:
    return Vault(keys)
