"""Giving up a parked batch, by an operator's word and only where the network bears it out."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.states import move, move_one
from app.stellar.facts import TransactionFacts
from app.stellar.network import Network
from app.stellar.results import codes
from app.submission import acts, closing
from app.submission.decisions import expired, forgotten, unpaid
from app.submission.facts import Answers, Batch, Close
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
    """Let every order of a parked batch go, its channel parked; raise Conflict unless the number is spent and nothing
    was paid by it: on an attempt that failed, or on none of ours, and none could apply any more."""
    if answers.found is not None:
        _close(session, batch, answers.found)
    else:
        _abandon(session, batch, answers)


def _abandon(session: Session, batch: Batch, answers: Answers) -> None:
    if answers.sequence is None or answers.sequence < batch.sequence:
        raise Conflict(f"number {batch.sequence} is not spent: an envelope may still apply; see `flask channels retry`")
    if forgotten(batch, answers.node):
        raise Conflict(
            "the node's history begins after this was signed: name one in HORIZON_URL that goes further back"
        )
    if batch.attempts and not expired(batch, answers.node):
        raise Conflict("an envelope of it has not expired yet: say it once more in a minute")
    row = session.get_one(BatchRow, batch.id, with_for_update=True)
    move_one(session, row, "abandon", note="released by an operator")
    waiting = closing.items(session, [batch.id], lock=True)[batch.id]
    closing.account_for(session, waiting, unpaid(waiting))
    move(session, Channel, "park", Channel.address == batch.channel, reason="its batch was released by an operator")


def _close(session: Session, batch: Batch, transaction: TransactionFacts) -> None:
    """Close a batch whose transaction failed in a way we could not judge: its orders are judged by what can be read."""
    if transaction.successful:
        raise Conflict(f"transaction {transaction.hash} of it succeeded: wait, it will be looked at again")
    if not closing.close(session, [(batch, Close(transaction, codes(transaction.result_xdr)))]):
        raise Conflict("it is being looked at just now: say it once more")
