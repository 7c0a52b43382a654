"""Effects of sponsorship: who began, ceased or took over paying the reserve of which entry."""

from collections.abc import Iterator

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import Account, ClaimableBalance, Data, Entry, TrustLine
from app.sandbox.network.horizon.effects.record import Effect, changes_of
from app.sandbox.network.horizon.history import OperationRecord
from app.sandbox.network.horizon.names import address, asset_name, balance_id, signer

_KINDS = {Account: "account", TrustLine: "trustline", Data: "data", ClaimableBalance: "claimable_balance"}


def sponsorship_effects(record: OperationRecord) -> Iterator[Effect]:
    for before, after in changes_of(record).values():
        kind = _KINDS.get(type(before or after))
        if kind:
            old, new = getattr(before, "sponsor", None), getattr(after, "sponsor", None)
            verb, details = _change(old, new)
            if verb:
                who, named = _whose(record, after or before)
                yield who, f"{kind}_sponsorship_{verb}", details | named
        if isinstance(before or after, Account):
            yield from _of_signers(before, after)  # type: ignore[arg-type]


def _change(old: bytes | None, new: bytes | None) -> tuple[str, dict[str, str]]:
    if old == new:
        return "", {}
    if old is None:
        return "created", {"sponsor": address(new)}
    if new is None:
        return "removed", {"former_sponsor": address(old)}
    return "updated", {"former_sponsor": address(old), "new_sponsor": address(new)}


def _whose(record: OperationRecord, entry: Entry | None) -> tuple[X.MuxedAccount | bytes, dict[str, str]]:
    if isinstance(entry, TrustLine):
        return entry.owner, {"asset": asset_name(entry.asset)}
    if isinstance(entry, Data):
        return record.source, {"data_name": entry.name.decode("utf-8", "replace")}
    if isinstance(entry, ClaimableBalance):
        return record.source, {"balance_id": balance_id(entry.id)}
    return entry.id, {}  # type: ignore[union-attr, return-value]


def _of_signers(before: Account | None, after: Account | None) -> Iterator[Effect]:
    old, new = _sponsors(before), _sponsors(after)
    owner = (after or before).id  # type: ignore[union-attr]
    for key in sorted(old.keys() | new.keys()):
        verb, details = _change(old.get(key), new.get(key))
        if verb:
            yield owner, f"signer_sponsorship_{verb}", details | {"signer": key}


def _sponsors(account: Account | None) -> dict[str, bytes]:
    signers = account.signers if account else ()
    return {signer(one.key)[1]: one.sponsor for one in signers if one.sponsor is not None}
