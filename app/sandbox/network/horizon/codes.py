"""Result codes under Horizon's names: mostly core's in lower case, with oddities kept as they are."""

import re
from typing import Any

from stellar_sdk import xdr as X

_TRANSACTIONS = {
    "txNO_ACCOUNT": "tx_no_source_account",
    "txBAD_MIN_SEQ_AGE_OR_GAP": "tx_bad_minseq_age_or_gap",
}

_OPERATIONS = {
    "opNO_ACCOUNT": "op_no_source_account",
    "ACCOUNT_MERGE_SEQNUM_TOO_FAR": "op_seq_num_too_far",
    "ALLOW_TRUST_NO_TRUST_LINE": "op_no_trust",
    "ALLOW_TRUST_TRUST_NOT_REQUIRED": "op_not_required",
    "CHANGE_TRUST_NOT_AUTH_MAINTAIN_LIABILITIES": "op_not_aut_maintain_liabilities",
    "CLAWBACK_CLAIMABLE_BALANCE_NOT_ISSUER": "op_no_issuer",
    "CREATE_ACCOUNT_ALREADY_EXIST": "op_already_exists",
    "MANAGE_DATA_NAME_NOT_FOUND": "op_data_name_not_found",
    "MANAGE_DATA_INVALID_NAME": "op_data_invalid_name",
    "PATH_PAYMENT_STRICT_RECEIVE_OFFER_CROSS_SELF": "op_cross_self",
    "PATH_PAYMENT_STRICT_RECEIVE_OVER_SENDMAX": "op_over_source_max",
    "PATH_PAYMENT_STRICT_SEND_OFFER_CROSS_SELF": "op_cross_self",
    "PATH_PAYMENT_STRICT_SEND_UNDER_DESTMIN": "op_under_dest_min",
    "SET_TRUST_LINE_FLAGS_NO_TRUST_LINE": "op_no_trust",
    "INVOKE_HOST_FUNCTION_TRAPPED": "function_trapped",
}

_OFFERS = {
    "SELL_NOT_AUTHORIZED": "sell_not_authorized",
    "BUY_NOT_AUTHORIZED": "buy_not_authorized",
    "BUY_NO_ISSUER": "buy_no_issuer",
    "NOT_FOUND": "op_offer_not_found",
}
_OPERATIONS |= {f"MANAGE_{side}_OFFER_{name}": shown for side in ("BUY", "SELL") for name, shown in _OFFERS.items()}

# What stands before the name of the code itself: CREATE_PASSIVE_SELL_OFFER shares the codes of MANAGE_SELL_OFFER.
_PREFIXES = sorted((type.name for type in X.OperationType), key=len, reverse=True)


def transaction_code(code: X.TransactionResultCode) -> str:
    return _TRANSACTIONS.get(code.name) or "tx_" + code.name.removeprefix("tx").lower()


def operation_code(result: X.OperationResult) -> str:
    if result.tr is None:
        return _operation_name(result.code)
    held = next(value for name, value in vars(result.tr).items() if name != "type" and value is not None)
    return _operation_name(held.code)


def _operation_name(code: Any) -> str:
    if code.name in _OPERATIONS:
        return _OPERATIONS[code.name]
    if code.name.startswith("op"):
        return "op_" + code.name.removeprefix("op").lower()
    prefix = next(prefix for prefix in _PREFIXES if code.name.startswith(prefix))
    return "op_" + re.sub("^_", "", code.name.removeprefix(prefix)).lower()


def result_codes(result: X.TransactionResult) -> dict[str, Any]:
    """Return the names Horizon puts beside a failed result."""
    codes: dict[str, Any] = {"transaction": transaction_code(result.result.code)}
    operations = result.result.results
    if result.result.inner_result_pair is not None:
        inner = result.result.inner_result_pair.result.result
        codes["inner_transaction"] = transaction_code(inner.code)
        operations = inner.results
    if operations:
        codes["operations"] = [operation_code(operation) for operation in operations]
    return codes
