"""What the settings make of the engine: its network, its store, its terms."""

from flask import current_app
from sqlalchemy.orm import Session

from app.stellar import nodes
from app.stellar.network import Network
from app.stellar.nodes import Pool
from app.submission.postgres import Postgres, Rules
from app.submission.signing import Terms


def pool() -> Pool:
    """Return the nodes of the settings: for whoever asks later, without a session."""
    return nodes.pool(current_app.config)


def network() -> Network:
    """Return a node to put one question to, and no other. It may be waited for: open no session before."""
    return pool().one()


def terms() -> Terms:
    """Return what an operation may cost, how long others may take to sign, and what else is one for all."""
    names = ("FEE_BID_STROOPS", "FEE_BID_STROOPS_MAX", "CLAIM_BACK_SECONDS", "SIGNATURES_SECONDS")
    return Terms(*(current_app.config[name] for name in names))


def store(session: Session) -> Postgres:
    """Return the store, as part of the caller's transaction."""
    settings = current_app.config
    rules = Rules(
        interval_seconds=settings["RESOLVE_INTERVAL_SECONDS"],
        lease_seconds=settings["LEASE_SECONDS"],
        fees_daily_max=settings["FEES_DAILY_STROOPS_MAX"],
        bid=settings["FEE_BID_STROOPS"],
        surge_max=settings["SURGE_OPERATIONS_MAX"],
    )
    return Postgres(session, rules)
