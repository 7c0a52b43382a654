"""What we want to know of whom: for each SEP-12 customer type the fields that must be given, and those that may be.

An asset's method names the type its sender and its receiver must be; so a rail that needs other facts gets a line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.errors import Invalid


@dataclass(frozen=True)
class Requirement:
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


_NAME = ("first_name", "last_name")
_PERSON = ("email_address", "mobile_number", "address", "birth_date", "id_type", "id_number", "photo_id_front")

_BANK = ("bank_account_number", "bank_number")

# fmt: off
TYPES: Mapping[str, Requirement] = {
    "":                            Requirement((*_NAME, "email_address"), _PERSON),
    "sep6":                        Requirement((*_NAME, "email_address"), _PERSON),
    "sep24":                       Requirement((*_NAME, "email_address"), _PERSON),
    "sep31-sender":                Requirement(_NAME, _PERSON),
    "sep31-receiver":              Requirement((*_NAME, *_BANK), ("email_address", "bank_name")),
    "sep31-receiver-cash":         Requirement(_NAME, ("mobile_number", "id_type", "id_number")),
    "sep31-receiver-mobile-money": Requirement((*_NAME, "mobile_money_number"), ("mobile_money_provider",)),
}
# fmt: on


def requirement(types: Iterable[str]) -> Requirement:
    """Return what is wanted of somebody who is all of ``types``; raise Invalid for a type that does not exist."""
    wanted = list(types) or [""]
    for kind in wanted:
        if kind not in TYPES:
            raise Invalid(f"there is no customer type {kind!r}", code="unknown_type", types=[*filter(None, TYPES)])
    required = dict.fromkeys(name for kind in wanted for name in TYPES[kind].required)
    optional = dict.fromkeys(name for kind in wanted for name in TYPES[kind].optional)
    return Requirement(tuple(required), tuple(name for name in optional if name not in required))
