"""What the house itself answers where an anchor has written no integration of its own: from its tables."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.assets import service as assets
from app.organizations import service as organizations
from rails.integrations import Missing, Needs, SendTransaction

DESCRIPTIONS = {
    "sep31-sender": "a person who sends money",
    "sep31-receiver": "a person who receives money on a bank account",
    "sep31-receiver-cash": "a person who collects cash",
    "sep31-receiver-mobile-money": "a person who receives mobile money",
}


class Sends:
    """SEP-31's four answers. Extend it and override one to change one; ``session`` is for reading."""

    def __init__(self, session: Session, organization_id: str):
        self.session = session
        self.organization_id = organization_id

    def info(self, asset: str, lang: str | None = None) -> Mapping[str, Any]:
        """Name the SEP-12 types of the asset's methods."""
        methods = assets.methods(assets.asset_by_name(self.session, self.organization_id, asset), "send")
        return {
            "sep12": {
                "sender": _types(method.sender_type for method in methods),
                "receiver": _types(method.receiver_type for method in methods),
            }
        }

    def process_send_request(self, params: Mapping[str, Any], transaction_id: str) -> Needs | None:
        """Want the customers the method wants, registered by whoever asks."""
        asset = assets.asset_by_code(
            self.session, self.organization_id, params["asset_code"], params.get("asset_issuer", "")
        )
        method = assets.method(asset, "send", params.get("funding_method", ""))
        for person, kind in (("sender_id", method.sender_type), ("receiver_id", method.receiver_type)):
            if kind and not params.get(person):
                return Needs(Missing.CUSTOMER_INFO, type=kind)
        return None

    def process_update_request(self, params: Mapping[str, Any], transaction: SendTransaction) -> Needs | None:
        """Take what was asked for."""
        return None

    def valid_sending_anchor(self, public_key: str) -> bool:
        """Know those that ``flask anchors add`` made known."""
        return organizations.partner(self.session, self.organization_id, public_key) is not None


def _types(kinds: Any) -> dict[str, Any]:
    return {"types": {kind: {"description": DESCRIPTIONS.get(kind, kind)} for kind in sorted(set(kinds) - {""})}}
