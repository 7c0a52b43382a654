"""The operations, one module per family. RULES is the table of all of them."""

from typing import Any

from app.sandbox.network.engine.operations import (
    accounts,
    claimables,
    contracts,
    offers,
    options,
    paths,
    payments,
    sponsoring,
    trust,
)
from app.sandbox.network.engine.operations.rule import Rule

_FAMILIES = (accounts, payments, paths, offers, trust, options, claimables, sponsoring, contracts)

RULES: dict[Any, Rule] = {type: rule for family in _FAMILIES for type, rule in family.RULES.items()}
