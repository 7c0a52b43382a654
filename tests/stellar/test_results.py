"""Codes as Horizon names them, from the XDR."""

import pytest
from stellar_sdk import xdr

from app.stellar import results


def refused(code: xdr.TransactionResultCode, fee: int = 0) -> str:
    body = xdr.TransactionResultResult(code)
    return xdr.TransactionResult(xdr.Int64(fee), body, xdr.TransactionResultExt(0)).to_xdr()


def payment(code: xdr.PaymentResultCode) -> xdr.OperationResult:
    detail = xdr.OperationResultTr(xdr.OperationType.PAYMENT, payment_result=xdr.PaymentResult(code))
    return xdr.OperationResult(xdr.OperationResultCode.opINNER, tr=detail)


FAILED = [
    payment(xdr.PaymentResultCode.PAYMENT_SUCCESS),
    payment(xdr.PaymentResultCode.PAYMENT_SRC_NO_TRUST),
    xdr.OperationResult(xdr.OperationResultCode.opBAD_AUTH),
]
FAILED_CODES = results.Codes("tx_failed", ("op_success", "op_src_no_trust", "op_bad_auth"))


def test_each_operation_has_its_code() -> None:
    body = xdr.TransactionResultResult(xdr.TransactionResultCode.txFAILED, results=FAILED)
    result = xdr.TransactionResult(xdr.Int64(300), body, xdr.TransactionResultExt(0))
    assert results.codes(result.to_xdr()) == FAILED_CODES


def test_of_a_fee_bump_the_inner_codes_count() -> None:
    inner = xdr.InnerTransactionResult(
        xdr.Int64(0),
        xdr.InnerTransactionResultResult(xdr.TransactionResultCode.txFAILED, results=FAILED),
        xdr.InnerTransactionResultExt(0),
    )
    pair = xdr.InnerTransactionResultPair(xdr.Hash(b"h" * 32), inner)
    body = xdr.TransactionResultResult(xdr.TransactionResultCode.txFEE_BUMP_INNER_FAILED, inner_result_pair=pair)
    assert (
        results.codes(xdr.TransactionResult(xdr.Int64(1), body, xdr.TransactionResultExt(0)).to_xdr()) == FAILED_CODES
    )


def test_a_fee_too_low_names_the_fee_that_would_do() -> None:
    found = results.refusal(refused(xdr.TransactionResultCode.txINSUFFICIENT_FEE, 2000))
    assert found == (results.Codes("tx_insufficient_fee"), 2000)
    assert results.refusal(refused(xdr.TransactionResultCode.txBAD_SEQ, 100)) == (results.Codes("tx_bad_seq"), 0)


@pytest.mark.parametrize("garbage", ["", "AAAA", "not base64!", "é"])
def test_what_cannot_be_read_says_nothing(garbage: str) -> None:
    assert results.refusal(garbage) == (results.Codes(), 0)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (xdr.TransactionResultCode.txNO_ACCOUNT, "tx_no_source_account"),
        (xdr.OperationResultCode.opNO_ACCOUNT, "op_no_source_account"),
        (xdr.CreateAccountResultCode.CREATE_ACCOUNT_ALREADY_EXIST, "op_already_exists"),
        (xdr.PaymentResultCode.PAYMENT_LINE_FULL, "op_line_full"),
        (xdr.ManageSellOfferResultCode.MANAGE_SELL_OFFER_CROSS_SELF, "op_cross_self"),
        (xdr.BumpSequenceResultCode.BUMP_SEQUENCE_BAD_SEQ, "op_bad_seq"),
    ],
)
def test_the_names_are_horizons(code: xdr.TransactionResultCode, name: str) -> None:
    assert results.name(code) == name
