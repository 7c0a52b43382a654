"""Custodians are found by their name, and asked: these calls never raise, whatever a plugin does.

Well-formed words come back, about what was asked for only. They may last as long as the plugin does.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from rails.answers import Fields, is_name, is_text, malformed
from rails.ask import raised
from rails.custody import Custodian, State, Transfer, Word
from rails.loading import Shelf

SHELF = Shelf(
    "custodian",
    Custodian,
    "railhead.custodians",
    {"sandbox_custodian": "rails.sandbox_custodian:SandboxCustodian"},
)

names = SHELF.names
find = SHELF.find

WORDS_MAX = 10  # about one transfer, in one answer
HASH = re.compile("[0-9a-f]{64}")


def build(name: str, settings: Mapping[str, Any]) -> Custodian:
    """Return the custodian ``name``, made with its own ``settings``."""
    return find(name)(settings)


def transfer(custodian: Custodian, transfer: Transfer) -> Word:
    """Have ``transfer`` made. ``UNKNOWN`` says: ask before anything else."""
    try:
        said = custodian.transfer(transfer)
    except (Exception, SystemExit) as error:  # noqa: BLE001 a plugin may raise anything
        return unknown(transfer, raised(error))
    word = _read(said, transfer)
    if word.state == State.NOT_FOUND:  # only one who looked may say so
        return unknown(transfer, "answered an order with not_found")
    return word


def ask(custodian: Custodian, transfers: Sequence[Transfer]) -> list[Word]:
    """Ask how ``transfers`` stand; one the custodian said nothing of is left out, unless it raised: ``UNKNOWN``."""
    asked = {transfer.key: transfer for transfer in transfers}
    told: dict[str, list[Word]] = defaultdict(list)
    fault = ""
    try:
        for said in islice(custodian.ask(transfers), WORDS_MAX * len(transfers)):
            key = getattr(said, "key", None)
            if isinstance(key, str) and key in asked:
                told[key].append(_read(said, asked[key]))
            else:
                fault = "spoke of what it was not asked about"
    except (Exception, SystemExit) as error:  # noqa: BLE001 a plugin may raise anything
        fault = raised(error)
    silent = [unknown(asked[key], fault) for key in asked if key not in told] if fault else []
    return [_agreed(asked[key], words) for key, words in told.items()] + silent


def unknown(transfer: Transfer, why: str, hash: str = "") -> Word:
    """Return what is to be said of ``transfer`` when the custodian said nothing of use: ``why``, after its name."""
    return Word(transfer.key, State.UNKNOWN, transaction_hash=hash, message=f"the custodian {why}")


def _read(said: object, transfer: Transfer) -> Word:
    """Return ``said``, if it is a sound word about ``transfer``; else ``UNKNOWN``, with the reason as its message."""
    fault = malformed(said, Word, WORD)
    if fault or not isinstance(said, Word):
        return unknown(transfer, fault)
    if said.key != transfer.key:
        return unknown(transfer, "answered about another transfer")
    if said.state == State.SUBMITTED and not said.transaction_hash:
        return unknown(transfer, "submitted it, and did not say in which transaction")
    return said


def _agreed(transfer: Transfer, words: Sequence[Word]) -> Word:
    """Return what several words about one transfer come to: one thing, or that it contradicts itself."""
    later = {word for word in words if word.state != State.TAKEN} or set(words)
    if len(later) == 1:
        return later.pop()
    named = next((word.transaction_hash for word in words if word.transaction_hash), "")
    return unknown(transfer, "contradicts itself", named)


def _is_state(value: object) -> bool:
    return isinstance(value, str) and value in set(State)


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and (value == "" or HASH.fullmatch(value) is not None)


WORD: Fields = {
    "key": (is_name, "text"),
    "state": (_is_state, "one of the states of a transfer"),
    "ref": (is_text, "text"),
    "transaction_hash": (_is_hash, "64 hexadecimal digits"),
    "message": (is_text, "text"),
}
