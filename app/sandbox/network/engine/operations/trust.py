"""Trust lines: change_trust of the holder, allow_trust and set_trust_line_flags of the issuer."""

from dataclasses import replace
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.balances import authorized, maintains_liabilities
from app.sandbox.network.engine.checks import valid_asset
from app.sandbox.network.engine.entries import (
    AUTH_CLAWBACK_ENABLED,
    AUTH_REQUIRED,
    AUTH_REVOCABLE,
    AUTHORIZED,
    CLAWBACK_ENABLED,
    MAINTAIN_LIABILITIES,
    NATIVE,
    Account,
    Asset,
    TrustLine,
)
from app.sandbox.network.engine.from_xdr import account_id, asset
from app.sandbox.network.engine.holdings import release
from app.sandbox.network.engine.operations.rule import Rule, Step, low, refusals
from app.sandbox.network.engine.reserves import create_subentry, remove_subentry
from app.sandbox.network.engine.results import Failed, OpCode, Type

_change = refusals(X.ChangeTrustResultCode, "CHANGE_TRUST")
_allow = refusals(X.AllowTrustResultCode, "ALLOW_TRUST")
_set = refusals(X.SetTrustLineFlagsResultCode, "SET_TRUST_LINE_FLAGS")

_AUTH_FLAGS = AUTHORIZED | MAINTAIN_LIABILITIES


def check_change(body: X.ChangeTrustOp, source: bytes) -> None:
    if body.line.type == X.AssetType.ASSET_TYPE_POOL_SHARE:
        raise Failed(OpCode.opNOT_SUPPORTED)
    if body.limit.int64 < 0 or not valid_asset(body.line):
        raise _change("MALFORMED")
    trusted = asset(body.line)
    if trusted == NATIVE or trusted.issuer == source:
        raise _change("MALFORMED")


def apply_change(step: Step) -> None:
    trusted, limit = asset(step.body.line), step.body.limit.int64
    line = step.world.line(step.source, trusted)
    if limit < (line.balance + line.buying if line else 1):
        raise _change("INVALID_LIMIT")
    if line and limit == 0:
        remove_subentry(step.world, line, step.source)
        return
    issuer = step.world.account(trusted.issuer)
    if issuer is None:
        raise _change("NO_ISSUER")
    if line:
        step.world.put(replace(line, limit=limit))
    else:
        new = TrustLine(step.source, trusted, balance=0, limit=limit, flags=_first_flags(issuer))
        create_subentry(step.world, step.rules, step.source, new, _change("LOW_RESERVE").code)


def _first_flags(issuer: Account) -> int:
    flags = 0 if issuer.flags & AUTH_REQUIRED else AUTHORIZED
    return flags | CLAWBACK_ENABLED if issuer.flags & AUTH_CLAWBACK_ENABLED else flags


def check_allow(body: X.AllowTrustOp, source: bytes) -> None:
    if body.authorize.uint32 > MAINTAIN_LIABILITIES or not valid_asset(body.asset):
        raise _allow("MALFORMED")
    if account_id(body.trustor) == source:
        raise _allow("MALFORMED")


def apply_allow(step: Step) -> None:
    wanted = step.body.authorize.uint32
    revocable = bool(step.account.flags & AUTH_REVOCABLE)
    if not revocable and wanted == 0:
        raise _allow("CANT_REVOKE")
    line = step.world.line(account_id(step.body.trustor), coded_asset(step.body.asset, step.source))
    if line is None:
        raise _allow("NO_TRUST_LINE")
    flags = line.flags & ~_AUTH_FLAGS | wanted
    if not revocable and authorized(line) and flags & MAINTAIN_LIABILITIES:
        raise _allow("CANT_REVOKE")
    _put_flags(step, line, flags)


def coded_asset(code: X.AssetCode, issuer: bytes) -> Asset:
    held = code.asset_code4.asset_code4 if code.asset_code4 else code.asset_code12.asset_code12  # type: ignore[union-attr]
    return Asset(held.rstrip(b"\0"), issuer)


def check_set(body: X.SetTrustLineFlagsOp, source: bytes) -> None:
    clearing, setting = body.clear_flags.uint32, body.set_flags.uint32
    named = valid_asset(body.asset) and asset(body.asset).issuer == source and account_id(body.trustor) != source
    sound = not setting & ~_AUTH_FLAGS and setting != _AUTH_FLAGS and not clearing & ~(_AUTH_FLAGS | CLAWBACK_ENABLED)
    if not named or not sound or clearing & setting:
        raise _set("MALFORMED")


def apply_set(step: Step) -> None:
    clearing, setting = step.body.clear_flags.uint32, step.body.set_flags.uint32
    revoking = clearing & _AUTH_FLAGS and not setting & AUTHORIZED
    if revoking and not step.account.flags & AUTH_REVOCABLE:
        raise _set("CANT_REVOKE")
    line = step.world.line(account_id(step.body.trustor), asset(step.body.asset))
    if line is None:
        raise _set("NO_TRUST_LINE")
    flags = line.flags & ~clearing | setting
    if flags & _AUTH_FLAGS == _AUTH_FLAGS:
        raise _set("INVALID_STATE")
    _put_flags(step, line, flags)


def _put_flags(step: Step, line: TrustLine, flags: int) -> None:
    changed = replace(line, flags=flags)
    if maintains_liabilities(line) and not maintains_liabilities(changed):
        remove_offers(step, line)
    current = step.world.line(line.owner, line.asset)
    if current:
        step.world.put(replace(current, flags=flags))


def remove_offers(step: Step, line: TrustLine) -> None:
    """A line frozen for good takes its owner's offers in the asset with it."""
    for id in step.world.books.of(line.owner):
        offer = step.world.offer(line.owner, id)
        if offer and line.asset in (offer.selling, offer.buying):
            release(step.world, offer)
            remove_subentry(step.world, offer, line.owner)


RULES: dict[Any, Rule] = {
    Type.CHANGE_TRUST: Rule("change_trust_op", check_change, apply_change),
    Type.ALLOW_TRUST: Rule("allow_trust_op", check_allow, apply_allow, low),
    Type.SET_TRUST_LINE_FLAGS: Rule("set_trust_line_flags_op", check_set, apply_set, low),
}
