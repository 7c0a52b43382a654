"""The drain that lets messages leave, and leave again until they arrive."""

from sqlalchemy.orm import Session

from app.messages import acts, service
from app.organizations import service as organizations
from tasks.drain import Errand, drain, errand


def claim(session: Session, count: int) -> list[acts.Job]:
    return service.claim(session, count, organizations.signer)


@drain()
def retry_messages() -> bool:
    work = Errand(claim, acts.act, service.record, threads=16, timeout_seconds=acts.LEASE_SECONDS)
    return errand("retry_messages", "", work)
