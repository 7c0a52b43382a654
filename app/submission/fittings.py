"""What the settings make of the engine: its network, its store, its terms."""

from functools import lru_cache

from flask import current_app
from sqlalchemy.orm import Session

import config
from app.stellar.network import Horizon, Network
from app.submission.acts import Terms
from app.submission.postgres import Postgres


def network() -> Network:
    """Return the network of the settings."""
    settings = current_app.config
    url, passphrase = config.need(settings, "HORIZON_URL"), config.need(settings, "NETWORK_PASSPHRASE")
    return _network(url, passphrase, settings["RPC_URL"], settings["PREFLIGHT_READS_MAX"])


@lru_cache(maxsize=8)
def _network(url: str, passphrase: str, rpc_url: str, reads_max: int) -> Network:
    return Horizon(url, passphrase, rpc_url, reads_max)


def terms() -> Terms:
    """Return what an operation may cost, and what else is one for all."""
    names = ("FEE_BID_STROOPS", "FEE_BID_STROOPS_MAX", "CLAIM_BACK_SECONDS")
    return Terms(*(current_app.config[name] for name in names))


def store(session: Session) -> Postgres:
    """Return the store, as part of the caller's transaction."""
    names = ("RESOLVE_INTERVAL_SECONDS", "FEES_DAILY_STROOPS_MAX", "LEASE_SECONDS")
    return Postgres(session, *(current_app.config[name] for name in names))
