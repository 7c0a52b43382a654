"""The drain that lets messages leave, and leave again until they arrive."""

from sqlalchemy.orm import Session
from stellar_sdk import Keypair

from app.messages import acts, service
from app.organizations import service as organizations
from tasks.drain import Errand, drain, errand


def claim(session: Session, count: int) -> list[acts.Job]:
    return service.claim(session, count, signer)


def signer(session: Session, home_domain_id: str) -> Keypair:
    """Return the key that signs for a home domain."""
    return organizations.signing_keypair(organizations.home_domain_by_id(session, home_domain_id))


@drain()
def retry_messages() -> bool:
    work = Errand(claim, acts.act, service.record, threads=16, timeout_seconds=acts.LEASE_SECONDS)
    return errand("retry_messages", "", work)
