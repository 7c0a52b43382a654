"""The keys that sign for our accounts: sealed in the table with TREASURY_KEYS, opened only where payments are signed.

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
    """Let ``key`` sign for ``account``."""
    values = {"account": account, "address": key.public_key, "sealed_seed": signing.seal(_vault(), key)}
    session.execute(insert(SigningKey).values(values).on_conflict_do_nothing())


def keyring(session: Session, accounts: Iterable[str]) -> dict[str, list[signing.Signer]]:
    """Return all who sign for each of ``accounts``; one without a key is left out."""
    ring: dict[str, list[signing.Signer]] = defaultdict(list)
    for row in session.scalars(select(SigningKey).where(SigningKey.account.in_(set(accounts)))):
        ring[row.account].append(signing.keypair(_vault(), row.address, row.sealed_seed))
    return ring


def _vault() -> Vault:
    return _opened(tuple(config.need(current_app.config, "TREASURY_KEYS")))


@lru_cache(maxsize=4)
def _opened(keys: tuple[str, ...]) -> Vault:
    return Vault(keys)
