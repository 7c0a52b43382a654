"""Conditions on claiming, as an operation states them and as the ledger keeps them."""

from datetime import UTC, datetime
from typing import Any

from stellar_sdk import xdr as X

_Kind = X.ClaimPredicateType

# The calendar repeats itself after this many years; Python's own ends with the year 9999, a predicate's does not.
_CYCLE_YEARS = 400
_CYCLE_SECONDS = 12_622_780_800


def show_said(predicate: X.ClaimPredicate) -> dict[str, Any]:
    """Show what an operation says."""
    if predicate.type == _Kind.CLAIM_PREDICATE_AND:
        return {"and": [show_said(one) for one in predicate.and_predicates or []]}
    if predicate.type == _Kind.CLAIM_PREDICATE_OR:
        return {"or": [show_said(one) for one in predicate.or_predicates or []]}
    if predicate.not_predicate is not None:
        return {"not": show_said(predicate.not_predicate)}
    if predicate.abs_before is not None:
        return _before(predicate.abs_before.int64)
    if predicate.rel_before is not None:
        return {"rel_before": str(predicate.rel_before.int64)}
    return {"unconditional": True}


def show_kept(predicate: tuple[Any, ...]) -> dict[str, Any]:
    """Show what a claimable balance holds."""
    kind, *rest = predicate
    if kind in ("and", "or"):
        return {kind: [show_kept(one) for one in rest]}
    if kind == "not":
        return {"not": show_kept(rest[0])}
    return _before(rest[0]) if kind == "before" else {"unconditional": True}


def _before(seconds: int) -> dict[str, str]:
    cycles, within = divmod(seconds, _CYCLE_SECONDS)
    moment = datetime.fromtimestamp(within, UTC)
    year = moment.year + cycles * _CYCLE_YEARS
    text = f"{'+' if year > 9999 else ''}{year:04d}-{moment:%m-%dT%H:%M:%SZ}"
    return {"abs_before": text, "abs_before_epoch": str(seconds)}
