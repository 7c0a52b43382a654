"""Telling the sender where its transaction stands: one signed callback for each status, in the same commit."""

import json

from sqlalchemy.orm import Session

from app.anchor import sealed
from app.anchor.models import Transaction
from app.anchor.show import shown, status
from app.messages import service as messages


def tell(session: Session, transaction: Transaction) -> None:
    """Put the transaction's status in the outbox, if it is not what was told last and somebody asked to be told."""
    session.flush()
    session.refresh(transaction)
    current = status(transaction)
    if current == transaction.told:
        return
    transaction.told = current
    address = sealed.callback(transaction)
    if not address:
        return
    letter = messages.Letter(
        organization_id=transaction.organization_id,
        home_domain_id=transaction.home_domain_id,
        channel="callback",
        address=address,
        subject=f"transaction:{transaction.id}",
        body=json.dumps({"transaction": shown(transaction)}).encode(),
    )
    messages.say(session, letter)
