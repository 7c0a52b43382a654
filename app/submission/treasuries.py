"""Treasuries: accounts whose money we send. Their keys, and what they held when we began to keep books."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from stellar_sdk import Keypair

from app.clock import now
from app.errors import Conflict, Invalid, NotFound, Unavailable
from app.ledger import queries
from app.ledger import service as ledger
from app.ledger.models import Balance
from app.stellar.facts import AccountFacts
from app.stellar.network import Network
from app.submission import custodians, keys
from app.submission.models import Pause, SigningKey, Treasury

TRIES = 5


def treasury(session: Session, organization_id: str, address: str = "") -> Treasury:
    """Return the organization's treasury at ``address``, or its only one; raise NotFound."""
    ours = select(Treasury).where(Treasury.organization_id == organization_id)
    rows = session.scalars(ours.where(Treasury.address == address) if address else ours.limit(2)).all()
    if len(rows) != 1:
        raise NotFound("say which treasury" if rows else "no such treasury: `flask treasury add` adds one")
    return rows[0]


def treasuries(session: Session) -> list[Treasury]:
    """Return every treasury, the oldest first."""
    return list(session.scalars(select(Treasury).order_by(Treasury.created_at)))


def fullest(session: Session, organization_id: str, asset: str) -> Treasury:
    """Return the organization's treasury that has most of ``asset`` to give, by our books, less what is set aside.

    For owners who do not mind which pays. Raises NotFound where none holds the asset.
    """
    books = {f"treasury:{row.address}": row for row in treasuries(session) if row.organization_id == organization_id}
    held = [row for row in queries.accounts(session, "", organization_id, asset) if row.name in books]
    if not held:
        raise NotFound(f"no treasury holds {asset}", code="no_treasury")
    return books[max(held, key=lambda row: row.balance.available).name]


def holdings(session: Session, treasury: Treasury) -> dict[str, Balance]:
    """Return what a treasury holds of each asset, by our books."""
    books = queries.accounts(session, f"treasury:{treasury.address}", treasury.organization_id)
    return {row.asset: row.balance for row in books}


def pauses(session: Session, address: str) -> dict[str, str]:
    """Return the assets that cannot be sent out of a treasury for now, and why."""
    paused = select(Pause).where(Pause.source == address, Pause.until > now()).order_by(Pause.asset)
    return {row.asset: row.reason for row in session.scalars(paused)}


def add(
    session: Session, organization_id: str, address: str, signers: Sequence[Keypair], cosigners: Sequence[str] = ()
) -> None:
    """Let orders send the money of ``address``, signed by ``signers`` and ``cosigners``, who hold their keys
    elsewhere; adding again adds signers."""
    _add(session, organization_id, address)
    for signer in signers:
        keys.add(session, address, signer)
    for cosigner in cosigners:
        keys.expect(session, address, cosigner)


def entrust(session: Session, organization_id: str, address: str, custodian: str) -> None:
    """Let orders send the money of ``address`` by way of ``custodian``, who keeps it. Raises Invalid if the settings
    name no such custodian."""
    if custodian not in custodians.names():
        raise Invalid(f"the setting CUSTODIANS names no custodian {custodian!r}", code="unknown_custodian")
    _add(session, organization_id, address, custodian)


def _add(session: Session, organization_id: str, address: str, custodian: str = "") -> None:
    """Add a treasury; raise Conflict if somebody else sends its money already: orders may be under way."""
    row = {"address": address, "organization_id": organization_id, "custodian": custodian}
    session.execute(insert(Treasury).values(row).on_conflict_do_nothing())
    if session.get_one(Treasury, address).custodian != custodian:
        raise Conflict(f"{address} is a treasury already: who sends for it cannot be changed", code="other_custodian")


def check_signers(session: Session, account: AccountFacts) -> None:
    """Raise Invalid where one of an account's known signers is none on Stellar, or all of them together are too few
    for a payment."""
    known = session.scalars(select(SigningKey.address).where(SigningKey.account == account.address)).all()
    weights = {signer.key: signer.weight for signer in account.signers}
    strangers = sorted(address for address in known if not weights.get(address))
    if strangers:
        raise Invalid(f"{', '.join(strangers)} may not sign for {account.address}", code="unknown_signer")
    weight, needed = sum(weights[address] for address in known), max(account.medium_threshold, 1)
    if weight < needed:
        words = f"the signers of {account.address} weigh {weight} together, and a payment needs {needed}"
        raise Invalid(f"{words}: name more of them with --cosigner", code="too_few_signers")


def read(network: Network, address: str) -> tuple[AccountFacts, int]:
    """Return an account as it stood at the end of a ledger, and that ledger; raise NotFound if there is none.

    A node does not say as of when it shows an account: it is read again until no ledger came between.
    """
    for _ in range(TRIES):
        before = network.ledger().sequence
        account = network.account(address)
        if account is None:
            raise NotFound(f"{address} does not exist on Stellar: fund it first", code="no_account")
        if network.ledger().sequence == before:
            return account, before
    raise Unavailable("ledgers close faster than they can be read")


def open_books(session: Session, organization_id: str, account: AccountFacts) -> None:
    """Book what a treasury holds; the same again changes nothing."""
    for balance in account.balances:
        held = ledger.open_account(session, organization_id, f"treasury:{account.address}", balance.asset, "debit")
        opening = ledger.open_account(session, organization_id, "opening", balance.asset, "free")
        if balance.amount and not ledger.balance(session, held).posted_debits:
            ledger.transfer(session, f"opening:{account.address}:{balance.asset}", held, opening, balance.amount)
