"""Effects on what an account is and says: options, signers, data, sequence."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from stellar_sdk import xdr as X

from app.sandbox.network.engine.entries import Account, Data
from app.sandbox.network.engine.from_xdr import account_id
from app.sandbox.network.horizon.effects.entries import flag_fields, lifecycle
from app.sandbox.network.horizon.effects.record import Effect, Effects, changes_of
from app.sandbox.network.horizon.history import OperationRecord
from app.sandbox.network.horizon.names import address, signer

_Type = X.OperationType


_ACCOUNT_FLAGS = ("auth_required_flag", "auth_revocable_flag", "auth_immutable_flag", "auth_clawback_enabled_flag")


def _options(record: OperationRecord, body: Any) -> Iterator[Effect]:
    said, source = body.set_options_op, record.source
    if said.home_domain is not None:
        yield (
            source,
            "account_home_domain_updated",
            {"home_domain": said.home_domain.string32.decode("utf-8", "replace")},
        )
    thresholds = {name: getattr(said, name) for name in ("low_threshold", "med_threshold", "high_threshold")}
    given = {name: value.uint32 for name, value in thresholds.items() if value is not None}
    if given:
        yield source, "account_thresholds_updated", given
    setting, clearing = (value.uint32 if value else 0 for value in (said.set_flags, said.clear_flags))
    flags = flag_fields(_ACCOUNT_FLAGS, setting, clearing)
    if flags:
        yield source, "account_flags_updated", flags
    if said.inflation_dest is not None:
        destination = address(account_id(said.inflation_dest))
        yield source, "account_inflation_destination_updated", {"inflation_destination": destination}
    yield from _signers(record)


def _signers(record: OperationRecord) -> Iterator[Effect]:
    before, after = changes_of(record).get(("account", account_id(record.source)), (None, None))
    if not isinstance(before, Account) or not isinstance(after, Account):
        return
    old, new = _weights(before), _weights(after)
    for key in sorted(old):
        if key not in new:
            yield record.source, "signer_removed", {"public_key": key}
        elif new[key] != old[key]:
            yield record.source, "signer_updated", {"public_key": key, "weight": new[key]}
    for key in sorted(new.keys() - old.keys()):
        yield record.source, "signer_created", {"public_key": key, "weight": new[key]}


def _weights(account: Account) -> dict[str, int]:
    own = {address(account.id): account.thresholds.master} if account.thresholds.master else {}
    return own | {signer(one.key)[1]: one.weight for one in account.signers}


def _bump(record: OperationRecord, _: Any) -> Iterator[Effect]:
    before, after = changes_of(record).get(("account", account_id(record.source)), (None, None))
    if isinstance(before, Account) and isinstance(after, Account) and before.sequence != after.sequence:
        yield record.source, "sequence_bumped", {"new_seq": str(after.sequence)}


def _data(record: OperationRecord, body: Any) -> Iterator[Effect]:
    name = {"name": body.manage_data_op.data_name.string64.decode("utf-8", "replace")}

    def details(entry: Any) -> dict[str, Any]:
        return name if entry is None else name | {"value": b64encode(entry.value).decode()}

    yield from lifecycle(record, Data, "data", details)


EFFECTS: Effects = {
    _Type.SET_OPTIONS: _options,
    _Type.MANAGE_DATA: _data,
    _Type.BUMP_SEQUENCE: _bump,
}
