"""Between the rows a Polaris class knows and the facts a rail deals in."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.money import SCALE, Money, code, decimal
from rails.base import Arrival, Payout, PendingDeposit, Report, State
from rails.polaris.rows import Asset, Transaction

STATUS = Transaction.STATUS

STATES: Mapping[str, State] = {
    STATUS.completed: State.DELIVERED,
    STATUS.pending_external: State.INITIATED,
    STATUS.error: State.FAILED,
    STATUS.pending_transaction_info_update: State.FAILED,
    STATUS.pending_customer_info_update: State.FAILED,
}

INFO_UPDATES: Mapping[str, str] = {
    # the status that asks for better information → whose, when the class does not name the fields
    STATUS.pending_transaction_info_update: "transaction",
    STATUS.pending_customer_info_update: "customer",
}

PROTOCOLS: Mapping[str, str] = {
    Transaction.KIND.send: Transaction.PROTOCOL.sep31,
    Transaction.KIND.withdrawal: Transaction.PROTOCOL.sep24,
}

ADDRESSES = ("bank_account_number", "clabe_number", "cbu_number", "mobile_money_number", "crypto_address")


def outgoing_row(payout: Payout, kind: str, status: str, decimals: int) -> Transaction:
    """Return the row a class is shown for ``payout``."""
    return Transaction(
        id=_identity(payout.transaction_id or payout.key),
        kind=kind,
        protocol=PROTOCOLS[kind],
        status=status,
        asset=_asset(payout.amount_in.asset, decimals),
        amount_in=decimal(payout.amount_in.amount),
        amount_expected=decimal(payout.amount_expected.amount),
        amount_fee=decimal(payout.fee.amount) if payout.fee else None,
        amount_out=decimal(payout.amount.amount),
        to_address=next((payout.payee[name] for name in ADDRESSES if name in payout.payee), None),
        external_transaction_id=payout.ref or None,
        payee=dict(payout.payee),
    )


def deposit_row(deposit: PendingDeposit) -> Transaction:
    return Transaction(
        id=_identity(deposit.key),
        kind=Transaction.KIND.deposit,
        protocol=Transaction.PROTOCOL.sep24,
        status=STATUS.pending_user_transfer_start,
        asset=_asset(deposit.expected.asset, 2),
        amount_in=decimal(deposit.expected.amount),
        amount_expected=decimal(deposit.expected.amount),
        memo=deposit.reference,
        payee=dict(deposit.payer),
    )


def arrival(deposit: PendingDeposit, row: Transaction, settled: bool = True) -> Arrival:
    """Polaris does not name movements of money: the class's own name for it, or one arrival for each deposit."""
    return Arrival(
        ref=_text(row.external_transaction_id) or deposit.key,
        amount=_money(row.amount_in, deposit.expected.asset),
        at=datetime.now(UTC),
        settled=settled,
        key=deposit.key,
    )


def report(payout: Payout, row: Transaction, state: State, message: str = "") -> Report:
    saved, started = row.saved, row.started
    eta = saved["status_eta"]
    fee_asset = payout.fee.asset if payout.fee else payout.amount_in.asset
    return Report(
        key=payout.key,
        state=state,
        ref=_text(saved["external_transaction_id"]),
        amount=_changed(saved, started, "amount_out", payout.amount.asset),
        fee=_changed(saved, started, "amount_fee", fee_asset),
        eta=datetime.now(UTC) + timedelta(seconds=eta) if isinstance(eta, int) and eta else None,
        message=message or _text(saved["status_message"]),
        fix=_fix(saved) if state == State.FAILED else {},
        refunded=bool(row.refunded or saved["refunded"]),
    )


def state_of(row: Transaction) -> State:
    """Return what the saved status says of the payout."""
    return STATES.get(str(row.saved["status"]), State.UNKNOWN)


def why_unknown(row: Transaction) -> str:
    """Say what the class did in place of telling how the payout stands."""
    before, saved, now = row.started["status"], row.saved["status"], row.status
    if saved != before:
        return f"the rail set the status {saved}, which says nothing of a payout"
    if now != before:
        return f"the rail set the status {now} and did not save it"
    return "the rail left the status as it was"


def _fix(saved: Mapping[str, Any]) -> dict[str, str]:
    """Return which fields are to be put right; Polaris writes {"transaction": {field: {"description": …}}}."""
    whose = INFO_UPDATES.get(saved["status"])
    if not whose:
        return {}
    message = _text(saved["required_info_message"] or saved["status_message"]) or "please check this"
    wanted = saved["required_info_updates"] or {}
    named = (json.loads(wanted) if isinstance(wanted, str) else wanted).get("transaction", {})
    return {name: str(field.get("description", message)) for name, field in named.items()} or {whose: message}


def _changed(saved: Mapping[str, Any], started: Mapping[str, Any], name: str, asset: str) -> Money | None:
    return None if saved[name] == started[name] else _money(saved[name], asset)


def _money(value: Any, asset: str) -> Any:
    """Return ``value`` as a column of seven decimals would keep it; what is no exact number goes to be refused."""
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        return value
    try:
        return Money(int(round(Decimal(value), SCALE).scaleb(SCALE)), asset)
    except (ArithmeticError, ValueError):
        return value


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _identity(key: str) -> UUID | str:
    """Polaris names transactions by UUID, and so do we as a rule."""
    try:
        return UUID(key)
    except ValueError:
        return key


def _asset(asset: str, decimals: int) -> Asset:
    return Asset(code(asset), issuer=asset.rpartition(":")[2], significant_decimals=decimals)
