"""The ledger's side of a transaction: which accounts, which keys, which way the money goes.

    treasury:<account>  what we hold on Stellar        owed         what we hold for others
    suspense            what came, unclaimed           rail:<name>  what a rail paid out for us
    fees:earned         what we kept                    capital      the organization's own

A payout is reserved (owed → rail) while the rail may pay it, posted when it did, voided when it never will.
"""

from sqlalchemy.orm import Session

from app.anchor.models import Transaction
from app.ledger import service as ledger
from app.ledger.models import Account


def account(session: Session, organization_id: str, name: str, asset: str) -> Account:
    """Return the account, opened at its first use."""
    return ledger.open_account(session, organization_id, name, asset, RULES[name.split(":")[0]])


# What a balance may be: money we have, money we owe, or either way.
RULES = {
    "treasury": "debit",
    "suspense": "credit",
    "owed": "credit",
    "capital": "credit",
    "rail": "free",
    "fees": "free",
}


def payout_key(transaction: Transaction) -> str:
    """Return what names this order to its rail and in the ledger: the same over retries, another once corrected."""
    return order_key(transaction.id, transaction.round)


def order_key(transaction_id: str, number: int) -> str:
    """Return the payout key of a transaction's first, second … order."""
    return transaction_id if number == 1 else f"{transaction_id}-{number}"


def transaction_id(payout_key: str) -> str:
    """Return whose order a payout key names; an id is a UUID, so all behind its five parts is ours."""
    return "-".join(payout_key.split("-")[:5])


def reservation(transaction: Transaction) -> str:
    """Return what the ledger calls the money set aside for this order."""
    return f"payout:{payout_key(transaction)}"


def reserve_payout(session: Session, transaction: Transaction) -> None:
    """Set aside all that came in while the rail may pay it; the same again changes nothing."""
    owed, rail = _sides(session, transaction)
    ledger.reserve(session, reservation(transaction), owed, rail, _paid(transaction.amount_in))


def post_payout(session: Session, transaction: Transaction) -> None:
    """The payee has ``amount_out``; what was kept of the rest is earned."""
    ledger.post(session, reservation(transaction), _paid(transaction.amount_out))
    if transaction.amount_fee:
        owed, _ = _sides(session, transaction)
        fees = account(session, transaction.organization_id, "fees:earned", transaction.asset.asset)
        ledger.transfer(session, f"fee:{transaction.id}", owed, fees, transaction.amount_fee)


def void_payout(session: Session, transaction: Transaction) -> None:
    """The rail will not pay it: what was set aside, if it was, is free again."""
    if ledger.holding(session, reservation(transaction)):
        ledger.void(session, reservation(transaction))


def settle_refunded_by_rail(session: Session, transaction: Transaction) -> None:
    """The rail gave all of it back by its own means: it is the rail's to account for, and never goes back again."""
    ledger.post(session, reservation(transaction), _paid(transaction.amount_in))


def return_payout(session: Session, transaction: Transaction) -> None:
    """What was delivered came back to us: delivery and fee are undone by transfers of their own."""
    owed, rail = _sides(session, transaction)
    ledger.transfer(session, f"return:{transaction.id}", rail, owed, _paid(transaction.amount_out))
    if transaction.amount_fee:
        fees = account(session, transaction.organization_id, "fees:earned", transaction.asset.asset)
        ledger.transfer(session, f"return-fee:{transaction.id}", fees, owed, transaction.amount_fee)


def _sides(session: Session, transaction: Transaction) -> tuple[Account, Account]:
    asset = transaction.asset.asset
    owed = account(session, transaction.organization_id, "owed", asset)
    return owed, account(session, transaction.organization_id, f"rail:{transaction.rail}", asset)


def _paid(amount: int | None) -> int:
    if amount is None:
        raise ValueError("a transaction that was not paid has nothing to pay out")
    return amount
