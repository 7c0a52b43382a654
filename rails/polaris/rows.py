"""What a Polaris class is shown in place of a database row: the same names, and ``save()`` writes to memory only.

The names are those of django-polaris 2.6. A row knows what was ``saved``, as only that counts as said.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any


class Choices:
    """Named texts: ``Transaction.STATUS.completed``; a name with a dash is also had with an underscore."""

    def __init__(self, *texts: str):
        self._texts = texts
        for text in texts:
            setattr(self, text, text)
            setattr(self, text.replace("-", "_"), text)

    def __getattr__(self, name: str) -> str:
        raise AttributeError(f"there is no {name!r} among {', '.join(self._texts)}")

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((text, text) for text in self._texts)

    def __contains__(self, text: object) -> bool:
        return text in self._texts


@dataclass(frozen=True)
class Asset:
    """The asset that came in on Stellar."""

    code: str
    issuer: str
    significant_decimals: int
    symbol: str = "$"

    @property
    def asset_identification_format(self) -> str:
        return f"stellar:{self.code}:{self.issuer}"


COLUMNS: Mapping[str, Any] = {
    # what the house does not tell a rail stays as empty as in a fresh row
    **dict.fromkeys(("id", "kind", "status", "protocol", "asset", "quote"), None),
    **dict.fromkeys(("amount_in", "amount_expected", "amount_fee", "amount_out", "fee_asset"), None),
    **dict.fromkeys(("status_eta", "status_message", "started_at", "completed_at"), None),
    **dict.fromkeys(("stellar_account", "muxed_account", "account_memo", "receiving_anchor_account"), None),
    **dict.fromkeys(("stellar_transaction_id", "external_transaction_id", "from_address", "to_address"), None),
    **dict.fromkeys(("memo", "memo_type", "paging_token", "envelope_xdr", "channel_account"), None),
    **dict.fromkeys(("claimable_balance_id", "required_info_message", "required_info_updates"), None),
    **dict.fromkeys(("on_change_callback", "more_info_url", "client_domain", "submission_status"), None),
    **dict.fromkeys(("refunded", "pending_execution_attempt", "pending_signatures"), False),
    "claimable_balance_supported": False,
    "lang": "en",
    "payee": {},  # not Polaris': SEP-9 name → value
}


class Transaction:
    """One transaction, to be read and set as a Polaris model would be."""

    KIND = Choices("deposit", "withdrawal", "send", "deposit-exchange", "withdrawal-exchange")
    PROTOCOL = Choices("sep6", "sep24", "sep31")
    MEMO_TYPES = Choices("text", "id", "hash")
    # fmt: off
    STATUS = Choices(
        "incomplete", "completed", "error", "no_market", "too_small", "too_large",
        "pending_anchor", "pending_external", "pending_stellar", "pending_trust", "pending_user",
        "pending_user_transfer_start", "pending_sender", "pending_receiver",
        "pending_transaction_info_update", "pending_customer_info_update",
    )
    SUBMISSION_STATUS = Choices(
        "not_ready", "ready", "processing", "pending", "pending_funding", "pending_trust",
        "blocked", "unblocked", "completed", "failed",
    )
    # fmt: on

    def __init__(self, **columns: Any):
        self.started: Mapping[str, Any] = {**COLUMNS, **columns}
        self.saved = dict(self.started)
        self.__dict__.update(self.started)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the house keeps no {name!r} of a transaction for its rails")

    @property
    def pk(self) -> Any:
        return self.__dict__["id"]

    def save(self, *_: Any, update_fields: Iterable[str] | None = None, **__: Any) -> None:
        for name in COLUMNS if update_fields is None else update_fields:
            self.saved[name] = self.__dict__[name]

    def refresh_from_db(self, *_: Any, fields: Iterable[str] | None = None, **__: Any) -> None:
        for name in COLUMNS if fields is None else fields:
            self.__dict__[name] = self.saved[name]


LOOKUPS: Mapping[str, Callable[[Any, Any], bool]] = {
    "exact": lambda value, wanted: value == wanted,
    "in": lambda value, wanted: value in wanted,
    "isnull": lambda value, wanted: (value is None) == wanted,
    "lt": lambda value, wanted: value is not None and value < wanted,
    "lte": lambda value, wanted: value is not None and value <= wanted,
    "gt": lambda value, wanted: value is not None and value > wanted,
    "gte": lambda value, wanted: value is not None and value >= wanted,
}


class QuerySet:
    """The rows of one call, with what of a Django query set makes sense in memory."""

    def __init__(self, rows: Iterable[Transaction] = ()):
        self._rows = tuple(rows)

    def __iter__(self) -> Iterator[Transaction]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, at: Any) -> Any:
        return QuerySet(self._rows[at]) if isinstance(at, slice) else self._rows[at]

    def filter(self, **wanted: Any) -> "QuerySet":
        return QuerySet(row for row in self if _fits(row, wanted))

    def exclude(self, **wanted: Any) -> "QuerySet":
        return QuerySet(row for row in self if not _fits(row, wanted))

    def all(self, *_: Any, **__: Any) -> "QuerySet":
        return self

    select_related = prefetch_related = select_for_update = iterator = all

    def order_by(self, *names: str) -> "QuerySet":
        rows = list(self._rows)
        for name in reversed(names):
            rows.sort(key=lambda row: _value(row, name.lstrip("-").split("__")), reverse=name.startswith("-"))
        return QuerySet(rows)

    def first(self) -> Transaction | None:
        return next(iter(self._rows), None)

    def last(self) -> Transaction | None:
        return next(reversed(self._rows), None)

    def get(self, **wanted: Any) -> Transaction:
        found = list(islice(self.filter(**wanted), 2))
        if len(found) != 1:
            raise LookupError(f"{len(found) or 'no'} transactions fit where one should")
        return found[0]

    def count(self) -> int:
        return len(self._rows)

    def exists(self) -> bool:
        return bool(self._rows)

    def values_list(self, *names: str, flat: bool = False) -> list[Any]:
        return [getattr(row, names[0]) if flat else tuple(getattr(row, name) for name in names) for row in self]


def _fits(row: Transaction, wanted: Mapping[str, Any]) -> bool:
    return all(_fits_one(row, name.split("__"), value) for name, value in wanted.items())


def _fits_one(row: Transaction, path: list[str], wanted: Any) -> bool:
    lookup = path.pop() if path[-1] in LOOKUPS else "exact"
    return LOOKUPS[lookup](_value(row, path), wanted)


def _value(row: Transaction, path: list[str]) -> Any:
    value: Any = row
    for name in path:
        value = getattr(value, name)
    return value
