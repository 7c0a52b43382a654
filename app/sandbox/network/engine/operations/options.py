"""What an account says of itself: set_options and manage_data."""

from dataclasses import replace
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.checks import valid_text
from app.sandbox.network.engine.entries import (
    AUTH_CLAWBACK_ENABLED,
    AUTH_IMMUTABLE,
    AUTH_REVOCABLE,
    Data,
    Signer,
    SignerKey,
)
from app.sandbox.network.engine.from_xdr import account_id, signer_key
from app.sandbox.network.engine.operations.rule import Rule, Step, refusals
from app.sandbox.network.engine.reserves import create_signer, create_subentry, remove_signer, remove_subentry
from app.sandbox.network.engine.results import Type
from app.sandbox.network.engine.signatures import ED25519, SIGNED_PAYLOAD

SIGNERS_MAX = 20
_ALL_FLAGS = 15

_options = refusals(X.SetOptionsResultCode, "SET_OPTIONS")
_manage = refusals(X.ManageDataResultCode, "MANAGE_DATA")

_WEIGHTS = {"master": "master_weight", "low": "low_threshold", "medium": "med_threshold", "high": "high_threshold"}


def options_level(body: X.SetOptionsOp) -> str:
    touched = [body.signer, *(getattr(body, name) for name in _WEIGHTS.values())]
    return "high" if any(value is not None for value in touched) else "medium"


def check_options(body: X.SetOptionsOp, source: bytes) -> None:
    setting, clearing = _flags(body)
    if (setting | clearing) & ~_ALL_FLAGS:
        raise _options("UNKNOWN_FLAG")
    if setting & clearing:
        raise _options("BAD_FLAGS")
    weights = [getattr(body, name) for name in _WEIGHTS.values()]
    if any(weight is not None and weight.uint32 > 255 for weight in weights):
        raise _options("THRESHOLD_OUT_OF_RANGE")
    if body.signer is not None:
        _check_signer(body.signer, source)
    if body.home_domain is not None and not valid_text(body.home_domain.string32):
        raise _options("INVALID_HOME_DOMAIN")


def _flags(body: X.SetOptionsOp) -> tuple[int, int]:
    return (
        body.set_flags.uint32 if body.set_flags else 0,
        body.clear_flags.uint32 if body.clear_flags else 0,
    )


def _check_signer(signer: X.Signer, source: bytes) -> None:
    key = signer_key(signer.key)
    if key == SignerKey(ED25519, source) or signer.weight.uint32 > 255:
        raise _options("BAD_SIGNER")
    if key.kind == SIGNED_PAYLOAD and not key.payload:
        raise _options("BAD_SIGNER")


def apply_options(step: Step) -> None:
    body: X.SetOptionsOp = step.body
    if body.inflation_dest is not None:
        _set_inflation_destination(step, account_id(body.inflation_dest))
    _set_flags(step)
    if body.home_domain is not None:
        step.world.put(replace(step.account, home_domain=body.home_domain.string32))
    weights = {level: getattr(body, name) for level, name in _WEIGHTS.items()}
    given = {level: weight.uint32 for level, weight in weights.items() if weight is not None}
    step.world.put(replace(step.account, thresholds=step.account.thresholds._replace(**given)))
    if body.signer is not None:
        _set_signer(step, Signer(signer_key(body.signer.key), body.signer.weight.uint32))


def _set_inflation_destination(step: Step, destination: bytes) -> None:
    if not step.world.account(destination):
        raise _options("INVALID_INFLATION")
    step.world.put(replace(step.account, inflation_destination=destination))


def _set_flags(step: Step) -> None:
    setting, clearing = _flags(step.body)
    flags = step.account.flags
    if clearing and flags & AUTH_IMMUTABLE:
        raise _options("CANT_CHANGE")
    flags &= ~clearing
    if setting and flags & AUTH_IMMUTABLE:
        raise _options("CANT_CHANGE")
    flags |= setting
    asked = step.body.set_flags is not None or step.body.clear_flags is not None
    if asked and flags & AUTH_CLAWBACK_ENABLED and not flags & AUTH_REVOCABLE:
        raise _options("AUTH_REVOCABLE_REQUIRED")
    step.world.put(replace(step.account, flags=flags))


def _set_signer(step: Step, signer: Signer) -> None:
    """Add a signer, change its weight, or take it away when the weight is 0."""
    signers = step.account.signers
    old = next((one for one in signers if one.key == signer.key), None)
    if signer.weight == 0:
        if old:
            remove_signer(step.world, step.source, old)
    elif old:
        changed = tuple(one._replace(weight=signer.weight) if one is old else one for one in signers)
        step.world.put(replace(step.account, signers=changed))
    elif len(signers) >= SIGNERS_MAX:
        raise _options("TOO_MANY_SIGNERS")
    else:
        create_signer(step.world, step.rules, step.source, signer, _options("LOW_RESERVE").code)


def check_data(body: X.ManageDataOp, _: bytes) -> None:
    name = body.data_name.string64
    if not name or not valid_text(name):
        raise _manage("INVALID_NAME")


def apply_data(step: Step) -> None:
    name = step.body.data_name.string64
    old = step.world.data(step.source, name)
    if step.body.data_value is None:
        if old is None:
            raise _manage("NAME_NOT_FOUND")
        remove_subentry(step.world, old, step.source)
        return
    value = step.body.data_value.data_value
    if old:
        step.world.put(replace(old, value=value))
    else:
        new = Data(step.source, name, value)
        create_subentry(step.world, step.rules, step.source, new, _manage("LOW_RESERVE").code)


RULES: dict[Any, Rule] = {
    Type.SET_OPTIONS: Rule("set_options_op", check_options, apply_options, options_level),
    Type.MANAGE_DATA: Rule("manage_data_op", check_data, apply_data),
}
