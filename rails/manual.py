"""A person is the rail: an operator pays by hand and says so.

Ordering only writes down that somebody has to act; the statement, "paid" or "failed", is made to the house
(``flask transactions act``). There is nobody to ask for news, so a payout in doubt waits for the operator as well.
"""

from collections.abc import Mapping
from typing import Any

from rails.base import Payout, Rail, Report, State
from rails.settings import methods_in


class ManualRail(Rail):
    """Settings: ``methods``, a list of the fields of ``Method`` (default: none)."""

    name = "manual"

    def __init__(self, settings: Mapping[str, Any]):
        self.methods = methods_in(settings, can_look_up=False)

    def execute_outgoing_transaction(self, payout: Payout) -> Report:
        return Report(payout.key, State.INITIATED, ref=payout.key, message="an operator pays this by hand")
