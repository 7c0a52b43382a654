"""Effects."""

from typing import Any

from app.sandbox.network.horizon.effects.record import EffectRecord
from app.sandbox.network.horizon.names import address, muxed_address, time
from app.sandbox.network.horizon.show.links import link, neighbours

# The number beside each name.
TYPES = {
    "account_created": 0,
    "account_removed": 1,
    "account_credited": 2,
    "account_debited": 3,
    "account_thresholds_updated": 4,
    "account_home_domain_updated": 5,
    "account_flags_updated": 6,
    "account_inflation_destination_updated": 7,
    "signer_created": 10,
    "signer_removed": 11,
    "signer_updated": 12,
    "trustline_created": 20,
    "trustline_removed": 21,
    "trustline_updated": 22,
    "trustline_authorized": 23,
    "trustline_deauthorized": 24,
    "trustline_authorized_to_maintain_liabilities": 25,
    "trustline_flags_updated": 26,
    "trade": 33,
    "data_created": 40,
    "data_removed": 41,
    "data_updated": 42,
    "sequence_bumped": 43,
    "claimable_balance_created": 50,
    "claimable_balance_claimant_created": 51,
    "claimable_balance_claimed": 52,
    "account_sponsorship_created": 60,
    "account_sponsorship_updated": 61,
    "account_sponsorship_removed": 62,
    "trustline_sponsorship_created": 63,
    "trustline_sponsorship_updated": 64,
    "trustline_sponsorship_removed": 65,
    "data_sponsorship_created": 66,
    "data_sponsorship_updated": 67,
    "data_sponsorship_removed": 68,
    "claimable_balance_sponsorship_created": 69,
    "claimable_balance_sponsorship_updated": 70,
    "claimable_balance_sponsorship_removed": 71,
    "signer_sponsorship_created": 72,
    "signer_sponsorship_updated": 73,
    "signer_sponsorship_removed": 74,
    "claimable_balance_clawed_back": 80,
}


def effect_token(record: EffectRecord) -> str:
    return f"{record.place[0]}-{record.place[1]}"


def show_effect(record: EffectRecord, base: str) -> dict[str, Any]:
    token = effect_token(record)
    muxed = {}
    if record.muxed is not None:
        muxed = {
            "account_muxed": muxed_address(record.account, record.muxed),
            "account_muxed_id": str(record.muxed),
        }
    return {
        "_links": {
            "operation": link(f"{base}/operations/{record.place[0]}"),
            **neighbours(base, "effects", token),
        },
        "id": f"{record.place[0]:019d}-{record.place[1]:010d}",
        "paging_token": token,
        "account": address(record.account),
        **muxed,
        "type": record.type,
        "type_i": TYPES[record.type],
        "created_at": time(record.operation.transaction.ledger.header.close_time),
        **record.details,
    }
