"""One thing by its name: what a path of Horizon speaks of, or the problem with it."""

from app.sandbox.network.engine.entries import Account
from app.sandbox.network.horizon.asking import account_key, balance_key
from app.sandbox.network.horizon.history import LedgerRecord, OperationRecord, TransactionRecord
from app.sandbox.network.horizon.node import Node
from app.sandbox.network.horizon.problems import Problem, invalid
from app.sandbox.network.horizon.view import Shown


def find_account(node: Node, id: str) -> Shown:
    shown = node.view.get(("account", account_key(id)))
    if shown is None or not isinstance(shown.entry, Account):
        raise Problem("not_found")
    return shown


def find_balance(node: Node, id: str) -> Shown:
    shown = node.view.get(("balance", balance_key(id)))
    if shown is None:
        raise Problem("not_found")
    return shown


def find_ledger(node: Node, sequence: str) -> LedgerRecord:
    if not sequence.isdigit():
        raise invalid("ledger_id", "Ledger ID must be an integer higher than 0")
    if int(sequence) < node.elder:
        raise Problem("before_history")
    ledger = node.ledger(int(sequence))
    if ledger is None:
        raise Problem("not_found")
    return ledger


def find_transaction(node: Node, hash: str) -> TransactionRecord:
    if len(hash) != 64 or set(hash) - set("0123456789abcdef"):
        raise invalid("tx_id", "Transaction hash must be a hex-encoded, lowercase SHA-256 hash")
    transaction = node.transaction(hash)
    if transaction is None:
        raise Problem("not_found")
    return transaction


def find_operation(node: Node, id: str) -> OperationRecord:
    if not id.isdigit():
        raise invalid("id", "must be a positive integer")
    place = int(id)
    ledger = node.ledger(place >> 32)
    order, index = place >> 12 & 0xFFFFF, place & 0xFFF
    if ledger and 0 < order <= len(ledger.transactions):
        operations = ledger.transactions[order - 1].operations
        if 0 < index <= len(operations):
            return operations[index - 1]
    raise Problem("not_found")
