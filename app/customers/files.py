"""Uploaded files: sealed, of a few kinds known by their first bytes, shown to nobody but an operator."""

from collections.abc import Sequence
from typing import Any

from flask import current_app
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

import config
from app import clock
from app.customers.identities import Identity
from app.customers.models import Customer, CustomerField, CustomerFile
from app.customers.seals import file_of
from app.db import new_id
from app.errors import Invalid, NotFound, TooLarge
from app.vault import seals

UNUSED_MAX = 50  # files of one account that no customer refers to yet

KINDS = [  # where the bytes stand, the bytes, what they mean
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
]


def keep(session: Session, who: Identity, content: bytes) -> CustomerFile:
    """Keep a file for ``who``; raise TooLarge, or Invalid for a kind we do not take."""
    settings = current_app.config
    if len(content) > config.need(settings, "CUSTOMER_FILE_BYTES_MAX"):
        raise TooLarge(f"a file has at most {config.need(settings, 'CUSTOMER_FILE_BYTES_MAX')} bytes")
    kind = content_type(content)
    unused = select(func.count()).where(*_of_account(who), CustomerFile.customer_id.is_(None))
    if session.scalar(unused) >= UNUSED_MAX:  # type: ignore[operator]
        raise Invalid("use the files you sent before you send more", code="too_many_files")
    id = new_id()
    file = CustomerFile(
        id=id,
        organization_id=who.organization_id,
        account=who.account,
        memo=who.memo,
        memo_type=who.memo_type,
        content_type=kind,
        size_bytes=len(content),
        body=seals().seal(content, file_of(id)),
        expires_at=clock.after(config.need(settings, "CUSTOMER_FILE_EXPIRY_SECONDS")),
    )
    session.add(file)
    session.flush()
    return file


def content_type(content: bytes) -> str:
    """Return what kind of file this is, by its own first bytes: what the sender calls it proves nothing."""
    for start, magic, kind in KINDS:
        if content[start : start + len(magic)] == magic:
            return kind
    raise Invalid("a file must be a JPEG, PNG, WebP, HEIC, PDF or MP4", code="file_type_refused")


def attach(session: Session, customer: Customer, file_id: str) -> None:
    """Make an uploaded file the customer's own; raise ValueError if it is not theirs to use."""
    file = session.get(CustomerFile, file_id, with_for_update=True)
    if file is None or file.customer_id not in (None, customer.id):
        raise ValueError("there is no such file")
    if not Identity(file.organization_id, file.account, file.memo, file.memo_type).owns(customer):
        raise ValueError("there is no such file")
    file.customer_id, file.expires_at = customer.id, None


def drop_unused(session: Session, customer: Customer) -> None:
    """Delete the customer's files that no field refers to any more."""
    session.flush()
    mine = CustomerField.customer_id == customer.id, CustomerField.file_id.is_not(None)
    used = select(CustomerField.file_id).where(*mine)
    session.execute(delete(CustomerFile).where(CustomerFile.customer_id == customer.id, CustomerFile.id.not_in(used)))


def files(session: Session, who: Identity, file_id: str = "", customer_id: str = "") -> Sequence[CustomerFile]:
    """Return the files of ``who``, or that one, or those of one customer: none where they are another's."""
    found = select(CustomerFile).where(*_of_account(who)).order_by(CustomerFile.created_at, CustomerFile.id)
    if file_id:
        found = found.where(CustomerFile.id == file_id)
    if customer_id:
        found = found.where(CustomerFile.customer_id == customer_id)
    return [file for file in session.scalars(found) if who.owns(file)]


def read(session: Session, file_id: str) -> tuple[str, bytes]:
    """Return the content type and the bytes, for an operator. Whoever serves them says ``attachment``."""
    file = session.get(CustomerFile, file_id)
    if file is None:
        raise NotFound("no such file")
    return file.content_type, seals().open(file.body, file_of(file.id))


def expire(session: Session, limit: int) -> int:
    """Delete files nobody used in time; return how many."""
    old = select(CustomerFile.id).where(CustomerFile.expires_at <= clock.now()).limit(limit)
    gone = delete(CustomerFile).where(CustomerFile.id.in_(old)).returning(CustomerFile.id)
    return len(session.execute(gone).all())


def _of_account(who: Identity) -> tuple[Any, ...]:
    return CustomerFile.organization_id == who.organization_id, CustomerFile.account == who.account
