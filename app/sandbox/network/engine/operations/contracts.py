"""One contract call and no contracts: ``transfer`` of an asset's own contract, from the source to another account.

It moves the classic balances, as the real one does between accounts, so that a reader meets invoke_host_function in
history. There are no resources, no other functions and no other contracts.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import NATIVE, Asset
from app.sandbox.network.engine.from_xdr import account_id
from app.sandbox.network.engine.operations.rule import Rule, Step, refusals
from app.sandbox.network.engine.results import Failed, OpCode, Type
from app.sandbox.network.engine.to_xdr import asset_xdr
from app.sandbox.network.engine.transfers import credit, debit

_invoke = refusals(X.InvokeHostFunctionResultCode, "INVOKE_HOST_FUNCTION")


class Transfer(NamedTuple):
    """What a call says: ``contract`` is the id of the contract, ``amount`` is in stroops."""

    contract: bytes
    source: bytes
    destination: bytes
    amount: int


@lru_cache(maxsize=1 << 12)
def contract_id(passphrase: str, asset: Asset) -> bytes:
    """Return the id of the contract that stands for ``asset`` on a network."""
    preimage = X.HashIDPreimage(
        X.EnvelopeType.ENVELOPE_TYPE_CONTRACT_ID,
        contract_id=X.HashIDPreimageContractID(
            network_id=X.Hash(sha256(passphrase.encode()).digest()),
            contract_id_preimage=X.ContractIDPreimage(
                X.ContractIDPreimageType.CONTRACT_ID_PREIMAGE_FROM_ASSET, from_asset=asset_xdr(asset)
            ),
        ),
    )
    return sha256(preimage.to_xdr_bytes()).digest()


def transfer(body: X.InvokeHostFunctionOp) -> Transfer | None:
    """Read a call of ``transfer`` between accounts, None if it is anything else."""
    call = body.host_function.invoke_contract
    if call is None or call.contract_address.contract_id is None or call.function_name.sc_symbol != b"transfer":
        return None
    if len(call.args) != 3:
        return None
    source, destination, amount = _account(call.args[0]), _account(call.args[1]), call.args[2].i128
    if source is None or destination is None or amount is None:
        return None
    stroops = (amount.hi.int64 << 64) + amount.lo.uint64
    return Transfer(call.contract_address.contract_id.contract_id.hash, source, destination, stroops)


def _account(value: X.SCVal) -> bytes | None:
    address = value.address
    if address is None:
        return None
    if address.muxed_account is not None:
        return address.muxed_account.ed25519.uint256
    return account_id(address.account_id) if address.account_id else None


def check(body: X.InvokeHostFunctionOp, _: bytes) -> None:
    if transfer(body) is None:
        raise Failed(OpCode.opNOT_SUPPORTED)


def apply(step: Step) -> X.InvokeHostFunctionResult:
    asked = transfer(step.body)
    asset = asked and _asset(step, asked.contract)
    if asked is None or asset is None or asked.source != step.source or asked.amount < 0:
        raise _invoke("TRAPPED")
    if not step.world.account(asked.destination):
        raise _invoke("TRAPPED")
    debit(step.world, step.rules, asked.source, asset, asked.amount, _trapped)
    credit(step.world, step.rules, asked.destination, asset, asked.amount, _trapped)
    returned = X.Hash(sha256(X.SCVal(X.SCValType.SCV_VOID).to_xdr_bytes()).digest())
    return X.InvokeHostFunctionResult(_invoke("SUCCESS").code, success=returned)


def _trapped(_: str) -> Failed:
    """Whatever forbids a transfer, a contract only traps."""
    return _invoke("TRAPPED")


def _asset(step: Step, contract: bytes) -> Asset | None:
    known = (NATIVE, *step.world.assets)
    return next((asset for asset in known if contract_id(step.rules.passphrase, asset) == contract), None)


RULES: dict[Any, Rule] = {Type.INVOKE_HOST_FUNCTION: Rule("invoke_host_function_op", check, apply)}
