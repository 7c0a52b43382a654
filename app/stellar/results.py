"""Results of transactions, as codes with Horizon's names, read from their XDR.

Horizon's JSON carries the same names, but not in every answer; the XDR is always there.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from stellar_sdk import xdr

ODD_NAMES = {
    "tx_no_account": "tx_no_source_account",
    "tx_bad_min_seq_age_or_gap": "tx_bad_minseq_age_or_gap",
    "op_no_account": "op_no_source_account",
    "op_already_exist": "op_already_exists",
}


@dataclass(frozen=True)
class Codes:
    """``transaction`` is the code of the inner transaction where there is one; ``operations`` has one code for each
    operation, or is empty where the transaction never got so far. Both empty: nothing is known."""

    transaction: str = ""
    operations: tuple[str, ...] = ()


def codes(result_xdr: str) -> Codes:
    """Return the codes in ``result_xdr``; of a fee bump, those of its inner transaction."""
    return _codes(xdr.TransactionResult.from_xdr(result_xdr))


def refusal(result_xdr: str) -> tuple[Codes, int]:
    """Return the codes of an envelope a node did not take, and the fee it names where that was too low, in stroops.

    An empty or unreadable result gives no codes.
    """
    try:
        result = xdr.TransactionResult.from_xdr(result_xdr)
    except (ValueError, EOFError, TypeError):
        return Codes(), 0
    found = _codes(result)
    return found, result.fee_charged.int64 if found.transaction == "tx_insufficient_fee" else 0


def merged_amount(result_xdr: str, operation_index: int) -> int:
    """Return how many stroops an account_merge moved, by its place (from 0) in a transaction that succeeded."""
    result = _inner(xdr.TransactionResult.from_xdr(result_xdr)).results[operation_index]
    return int(result.tr.account_merge_result.source_account_balance.int64)


def name(code: Enum) -> str:
    """Return what Horizon calls a code of the protocol: txBAD_SEQ is tx_bad_seq, PAYMENT_NO_TRUST is op_no_trust."""
    if isinstance(code, (xdr.TransactionResultCode, xdr.OperationResultCode)):
        plain = f"{code.name[:2]}_{code.name[2:].lower()}"
    else:
        family = type(code)(0).name.removesuffix("SUCCESS")  # every operation's code 0 is its SUCCESS
        plain = f"op_{code.name.removeprefix(family).lower()}"
    return ODD_NAMES.get(plain, plain)


def _inner(result: xdr.TransactionResult) -> Any:
    """Return what became of the transaction itself, inside its fee bump if it had one."""
    pair = result.result.inner_result_pair
    return result.result if pair is None else pair.result.result


def _codes(result: xdr.TransactionResult) -> Codes:
    inner = _inner(result)
    return Codes(name(inner.code), tuple(_operation(row) for row in inner.results or ()))


def _operation(result: xdr.OperationResult) -> str:
    if result.tr is None:
        return name(result.code)
    parts = [part for part in vars(result.tr).values() if part is not None and part is not result.tr.type]
    return name(parts[0].code)
