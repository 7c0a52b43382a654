"""Results as core writes them: one per operation, one per transaction, in XDR."""

from functools import cache
from typing import Any

from stellar_sdk import xdr as X

Code = X.TransactionResultCode
OpCode = X.OperationResultCode
Type = X.OperationType

# What holds the result of each kind of operation: its class and its arm in the union of all.
ARMS: dict[Type, tuple[type, str]] = {
    Type.CREATE_ACCOUNT: (X.CreateAccountResult, "create_account_result"),
    Type.PAYMENT: (X.PaymentResult, "payment_result"),
    Type.PATH_PAYMENT_STRICT_RECEIVE: (X.PathPaymentStrictReceiveResult, "path_payment_strict_receive_result"),
    Type.MANAGE_SELL_OFFER: (X.ManageSellOfferResult, "manage_sell_offer_result"),
    Type.CREATE_PASSIVE_SELL_OFFER: (X.ManageSellOfferResult, "manage_sell_offer_result"),  # as core does: see _shown
    Type.SET_OPTIONS: (X.SetOptionsResult, "set_options_result"),
    Type.CHANGE_TRUST: (X.ChangeTrustResult, "change_trust_result"),
    Type.ALLOW_TRUST: (X.AllowTrustResult, "allow_trust_result"),
    Type.ACCOUNT_MERGE: (X.AccountMergeResult, "account_merge_result"),
    Type.INFLATION: (X.InflationResult, "inflation_result"),
    Type.MANAGE_DATA: (X.ManageDataResult, "manage_data_result"),
    Type.BUMP_SEQUENCE: (X.BumpSequenceResult, "bump_seq_result"),
    Type.MANAGE_BUY_OFFER: (X.ManageBuyOfferResult, "manage_buy_offer_result"),
    Type.PATH_PAYMENT_STRICT_SEND: (X.PathPaymentStrictSendResult, "path_payment_strict_send_result"),
    Type.CREATE_CLAIMABLE_BALANCE: (X.CreateClaimableBalanceResult, "create_claimable_balance_result"),
    Type.CLAIM_CLAIMABLE_BALANCE: (X.ClaimClaimableBalanceResult, "claim_claimable_balance_result"),
    Type.BEGIN_SPONSORING_FUTURE_RESERVES: (
        X.BeginSponsoringFutureReservesResult,
        "begin_sponsoring_future_reserves_result",
    ),
    Type.END_SPONSORING_FUTURE_RESERVES: (X.EndSponsoringFutureReservesResult, "end_sponsoring_future_reserves_result"),
    Type.REVOKE_SPONSORSHIP: (X.RevokeSponsorshipResult, "revoke_sponsorship_result"),
    Type.CLAWBACK: (X.ClawbackResult, "clawback_result"),
    Type.CLAWBACK_CLAIMABLE_BALANCE: (X.ClawbackClaimableBalanceResult, "clawback_claimable_balance_result"),
    Type.SET_TRUST_LINE_FLAGS: (X.SetTrustLineFlagsResult, "set_trust_line_flags_result"),
    Type.LIQUIDITY_POOL_DEPOSIT: (X.LiquidityPoolDepositResult, "liquidity_pool_deposit_result"),
    Type.LIQUIDITY_POOL_WITHDRAW: (X.LiquidityPoolWithdrawResult, "liquidity_pool_withdraw_result"),
    Type.INVOKE_HOST_FUNCTION: (X.InvokeHostFunctionResult, "invoke_host_function_result"),
    Type.EXTEND_FOOTPRINT_TTL: (X.ExtendFootprintTTLResult, "extend_footprint_ttl_result"),
    Type.RESTORE_FOOTPRINT: (X.RestoreFootprintResult, "restore_footprint_result"),
}


class Failed(Exception):
    """An operation may not happen. ``code`` is its own result code, or an OperationResultCode."""

    def __init__(self, code: Any) -> None:
        super().__init__(code.name)
        self.code = code


def outcome(type: Type, code: Any) -> X.OperationResult:
    """Return the result that is only a code."""
    if isinstance(code, OpCode):
        return X.OperationResult(code)
    return detailed(type, ARMS[type][0](code))


def detailed(type: Type, result: Any) -> X.OperationResult:
    """Return the result that carries more than a code."""
    return X.OperationResult(OpCode.opINNER, X.OperationResultTr(_shown(type), **{ARMS[type][1]: result}))


def _shown(type: Type) -> Type:
    """Return the kind a result is marked with: core takes a passive offer for the selling offer it is made into."""
    return Type.MANAGE_SELL_OFFER if type == Type.CREATE_PASSIVE_SELL_OFFER else type


@cache
def untouched(type: Type) -> X.OperationResult:
    """Return what stands where an operation was never looked at: an empty success."""
    success = X.OperationResultTr.from_xdr_bytes(
        _shown(type).value.to_bytes(4, "big") + bytes(256)[: _EMPTY.get(type, 4)]
    )
    return X.OperationResult(OpCode.opINNER, success)


# Bytes of an empty success, where it is more than the code.
_OFFER = 4 + 4 + 4 + (4 + 32 + 8 + 4 + 4 + 8 + 8 + 4 + 4)  # code, nothing claimed, "created", an offer of zeros
_EMPTY = {
    Type.PATH_PAYMENT_STRICT_RECEIVE: 4 + 4 + 36 + 4 + 8,
    Type.PATH_PAYMENT_STRICT_SEND: 4 + 4 + 36 + 4 + 8,
    Type.MANAGE_SELL_OFFER: _OFFER,
    Type.CREATE_PASSIVE_SELL_OFFER: _OFFER,
    Type.MANAGE_BUY_OFFER: _OFFER,
    Type.ACCOUNT_MERGE: 4 + 8,
    Type.INFLATION: 4 + 4,
    Type.CREATE_CLAIMABLE_BALANCE: 4 + 4 + 32,
    Type.INVOKE_HOST_FUNCTION: 4 + 32,
}

WITH_OPERATIONS = (Code.txSUCCESS, Code.txFAILED)


class Result:
    """The result of one transaction while it takes shape. ``fee`` is what is charged, in stroops."""

    def __init__(self, types: list[Type], fee: int) -> None:
        self.fee = fee
        self.code = Code.txSUCCESS
        self.operations = [untouched(type) for type in types]

    @property
    def succeeded(self) -> bool:
        return self.code == Code.txSUCCESS

    def to_xdr(self) -> X.TransactionResult:
        listed = self.operations if self.code in WITH_OPERATIONS else None
        return X.TransactionResult(
            X.Int64(self.fee),
            X.TransactionResultResult(self.code, results=listed),
            X.TransactionResultExt(0),
        )


class BumpResult:
    """The result of a fee bump around ``inner``. ``code`` is None as long as the bump itself is in order."""

    def __init__(self, inner: Result, inner_hash: bytes, fee: int) -> None:
        self.inner = inner
        self.inner_hash = inner_hash
        self.fee = fee
        self.code: Code | None = None

    @property
    def succeeded(self) -> bool:
        return self.code is None and self.inner.succeeded

    def to_xdr(self) -> X.TransactionResult:
        if self.code is not None:
            result = X.TransactionResultResult(self.code)
        else:
            code = Code.txFEE_BUMP_INNER_SUCCESS if self.inner.succeeded else Code.txFEE_BUMP_INNER_FAILED
            result = X.TransactionResultResult(code, inner_result_pair=self._pair())
        return X.TransactionResult(X.Int64(self.fee), result, X.TransactionResultExt(0))

    def _pair(self) -> X.InnerTransactionResultPair:
        listed = self.inner.operations if self.inner.code in WITH_OPERATIONS else None
        inner = X.InnerTransactionResult(
            X.Int64(self.inner.fee),
            X.InnerTransactionResultResult(self.inner.code, results=listed),
            X.InnerTransactionResultExt(0),
        )
        return X.InnerTransactionResultPair(X.Hash(self.inner_hash), inner)


AnyResult = Result | BumpResult
