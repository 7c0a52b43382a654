"""The operations, one module per family. RULES is the table of all of them."""

from typing import Any

from . import accounts, options, payments, trust
from .rule import Rule

RULES: dict[Any, Rule] = {**accounts.RULES, **options.RULES, **payments.RULES, **trust.RULES}
