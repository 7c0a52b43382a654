"""Giving up a parked batch, by an operator's word and only where the network bears it out."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.states import move, move_one
from app.stellar.network import Network
from app.submission import acts, closing
from app.submission.decisions import expired, forgotten, unpaid
from app.submission.facts import Answers, Batch
from app.submission.models import Batch as BatchRow
from app.submission.models import Channel
from app.submission.postgres import facts
from app.submission.states import STUCK


def parked(session: Session, address: str) -> Batch:
    """Return the parked batch of a channel; raise NotFound."""
    rows = session.scalars(select(BatchRow).where(BatchRow.channel == address, BatchRow.state.in_(STUCK))).all()
    if not rows:
        raise NotFound(f"channel {address} has no parked batch")
    return facts(session, rows)[0]


def ask(network: Network, batch: Batch) -> Answers:
    """Ask what the network knows of a batch, its channel's number included."""
    return acts.ask(network, batch, network.node(), sequence_too=True)


def release(session: Session, batch: Batch, answers: Answers) -> None:
    """Let every order of a parked batch go, its channel parked; raise Conflict unless the number is spent and not
    on any attempt of ours, and no attempt could apply any more."""
    if answers.found is not None:
        raise Conflict(f"transaction {answers.found.hash} of it is in the ledger: wait, it will be looked at again")
    if answers.sequence is None or answers.sequence < batch.sequence:
        raise Conflict(f"number {batch.sequence} is not spent: an envelope may still apply; see `flask channels retry`")
    if forgotten(batch, answers.node):
        raise Conflict(
            "the node's history begins after this was signed: name one in HORIZON_URL that goes further back"
        )
    if batch.attempts and not expired(batch, answers.node):
        raise Conflict("an envelope of it has not expired yet")
    row = session.get_one(BatchRow, batch.id, with_for_update=True)
    move_one(session, row, "abandon", note="released by an operator")
    waiting = closing.items(session, [batch.id], lock=True)[batch.id]
    closing.account_for(session, waiting, unpaid(waiting))
    move(session, Channel, "park", Channel.address == batch.channel, reason="its batch was released by an operator")
