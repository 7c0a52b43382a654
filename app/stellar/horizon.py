"""One Horizon node: typed reads, and handing in an envelope.

Every call names its node by URL, because answers of different nodes must never be mixed: each lags the network by
its own amount. Nothing is retried here: who calls knows better when to ask again.

A read gives facts, or None where the node says 404, or raises Unavailable. Handing in never raises: whatever
happens becomes a ``Receipt``, and a receipt is only a hint.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

import requests

from app import money
from app.errors import Unavailable
from app.stellar import results
from app.stellar.facts import AccountFacts, Balance, Ledger, Node, Receipt, Signer, TransactionFacts

GET_SECONDS = (3, 10)  # to connect, to answer
POST_SECONDS = (3, 12)  # shorter than half of any lease under which something is handed in
RECORDS_MAX = 200  # Horizon gives no more on one page


def node(url: str) -> Node:
    """Return where the node's history begins and ends."""
    body = _need(_get(url, "/"), url)
    with _understood(url):
        return Node(
            ledger=int(body["history_latest_ledger"]),
            closed_at=_seconds(body["history_latest_ledger_closed_at"]),
            elder_ledger=int(body["history_elder_ledger"]),
            passphrase=body["network_passphrase"],
        )


def latest_ledger(url: str) -> Ledger:
    """Return the last ledger the node has ingested."""
    body = _need(_get(url, "/ledgers?order=desc&limit=1"), url)
    with _understood(url):
        record = body["_embedded"]["records"][0]
        return Ledger(
            sequence=int(record["sequence"]),
            closed_at=_seconds(record["closed_at"]),
            base_fee=int(record["base_fee_in_stroops"]),
            base_reserve=int(record["base_reserve_in_stroops"]),
            operations_max=int(record["max_tx_set_size"]),
        )


def account(url: str, address: str) -> AccountFacts | None:
    """Return the account, or None if the node knows of none."""
    body = _get(url, f"/accounts/{address}")
    if body is None:
        return None
    with _understood(url):
        thresholds = body["thresholds"]
        return AccountFacts(
            address=body["account_id"],
            sequence=int(body["sequence"]),
            low_threshold=int(thresholds["low_threshold"]),
            medium_threshold=int(thresholds["med_threshold"]),
            high_threshold=int(thresholds["high_threshold"]),
            signers=tuple(Signer(row["key"], int(row["weight"]), row["type"]) for row in body["signers"]),
            balances=tuple(_balance(row) for row in body["balances"]),
            reserved_entries=2
            + int(body["subentry_count"])
            + int(body.get("num_sponsoring", 0))
            - int(body.get("num_sponsored", 0)),
            memo_required=body.get("data", {}).get("config.memo_required") == "MQ==",
        )


def transaction(url: str, hash: str) -> TransactionFacts | None:
    """Return the transaction with this inner or outer hash if the node has seen it in a ledger."""
    body = _get(url, f"/transactions/{hash}")
    if body is None:
        return None
    with _understood(url):
        return TransactionFacts(
            hash=hash,
            successful=body["successful"] is True,
            ledger=int(body["ledger"]),
            closed_at=_seconds(body["created_at"]),
            fee_charged=int(body["fee_charged"]),
            fee_account=body["fee_account"],
            source=body["source_account"],
            sequence=int(body["source_account_sequence"]),
            result_xdr=body["result_xdr"],
            envelope_xdr=body["envelope_xdr"],
        )


def operations(url: str, account: str, cursor: int, limit: int = RECORDS_MAX) -> list[dict[str, Any]] | None:
    """Return the records of the account's successful operations after ``cursor``, the oldest first, each with its
    transaction inside; None if the node knows of no such account."""
    page = f"order=asc&cursor={cursor}&limit={limit}"
    return _records(url, f"/accounts/{account}/operations?join=transactions&{page}")


def effects(url: str, operation_id: int) -> list[dict[str, Any]]:
    """Return the records of all the operation's effects. Raises Unavailable also if the node has no such operation."""
    found: list[dict[str, Any]] = []
    cursor, more = "", True
    while more:
        page = _records(url, f"/operations/{operation_id}/effects?order=asc&limit={RECORDS_MAX}&cursor={cursor}")
        if page is None:
            raise Unavailable(f"{url} has no operation {operation_id}", code="horizon_unavailable")
        found, more = found + page, len(page) == RECORDS_MAX
        with _understood(url):
            cursor = page[-1]["paging_token"] if more else ""
    return found


def ledger_hash(url: str, sequence: int) -> str | None:
    """Return the hash of a ledger in the node's history, None if it has not come so far."""
    body = _get(url, f"/ledgers/{sequence}")
    if body is None:
        return None
    with _understood(url):
        return str(body["hash"])


def closings(url: str, silence_seconds: int) -> Iterator[None]:
    """Yield whenever the node has ingested another ledger, until it ends the stream.

    Raises Unavailable when the connection breaks, or nothing came for ``silence_seconds``. A hint, never a fact:
    what closes between two streams is not told.
    """
    path, asked = f"{url}/ledgers?cursor=now&limit={RECORDS_MAX}", {"Accept": "text/event-stream"}
    try:
        with session().get(path, headers=asked, stream=True, timeout=(GET_SECONDS[0], silence_seconds)) as answer:
            if answer.status_code != 200:
                raise Unavailable(f"{path} answered {answer.status_code}", code="horizon_unavailable")
            for line in answer.iter_lines(chunk_size=1):
                if line.startswith(b"id:"):
                    yield
    except requests.RequestException as error:
        raise Unavailable(f"{url} fell silent: {type(error).__name__}", code="horizon_unavailable") from error


def submit(url: str, envelope_xdr: str) -> Receipt:
    """Hand in ``envelope_xdr`` without waiting for the ledger, where the node knows how; never raises."""
    receipt = _post(f"{url}/transactions_async", envelope_xdr)
    if receipt.status == "unsupported":
        receipt = _post(f"{url}/transactions", envelope_xdr)
    return receipt


ASYNC_STATUSES = {
    "PENDING": "pending",
    "DUPLICATE": "duplicate",
    "TRY_AGAIN_LATER": "try_again_later",
    "ERROR": "refused",
}


def _post(url: str, envelope_xdr: str) -> Receipt:
    try:
        answer = session().post(url, data={"tx": envelope_xdr}, timeout=POST_SECONDS)
        body = answer.json()
    except (requests.RequestException, ValueError) as error:
        return Receipt("unknown", why=f"{type(error).__name__} from {url}")
    if not isinstance(body, dict):
        return Receipt("unknown", why=f"nonsense from {url}")
    if url.endswith("_async") and answer.status_code in (403, 404, 405):
        return Receipt("unsupported")
    return _receipt(answer.status_code, body, answer.headers.get("Retry-After", ""))


def _receipt(status_code: int, body: dict[str, Any], retry_after: str) -> Receipt:
    extras = body.get("extras") or {}
    status = ASYNC_STATUSES.get(str(body.get("tx_status")), "unknown")
    if status_code == 200 and "result_xdr" in body:
        status = "pending"  # in a ledger, it says; the resolver will see for itself
    if status_code == 400 and "tx_status" not in body:
        status = "refused"
    codes, fee_needed = results.refusal(body.get("error_result_xdr") or extras.get("result_xdr") or "")
    if status == "refused" and not codes.transaction:
        codes = results.Codes(transaction="tx_malformed")
    return Receipt(
        status=status,
        codes=codes,
        fee_needed=fee_needed,
        retry_after_seconds=min(int(retry_after), 300) if retry_after.isdigit() else 0,
        why=str(body.get("title") or body.get("tx_status") or "")[:200],
    )


@lru_cache(maxsize=4)
def _session_of(_process: int) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a proxy named in the environment would be another node's answer
    for scheme in ("http://", "https://"):
        session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=32, max_retries=0))
    return session


def session() -> requests.Session:
    """Return this process's connections; after a fork the child opens its own.

    Threads share them. So they share cookies too, which is welcome: by these a load balancer keeps us at one node.
    """
    return _session_of(os.getpid())


def _get(url: str, path: str) -> dict[str, Any] | None:
    try:
        answer = session().get(f"{url}{path}", timeout=GET_SECONDS, allow_redirects=False)
        body = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Unavailable(f"{url} does not answer: {type(error).__name__}", code="horizon_unavailable") from error
    if answer.status_code == 404:
        return None
    if answer.status_code != 200 or not isinstance(body, dict):
        raise Unavailable(f"{url}{path} answered {answer.status_code}", code="horizon_unavailable")
    return body


def _records(url: str, path: str) -> list[dict[str, Any]] | None:
    body = _get(url, path)
    if body is None:
        return None
    with _understood(url):
        return list(body["_embedded"]["records"])


def _need(body: dict[str, Any] | None, url: str) -> dict[str, Any]:
    if body is None:
        raise Unavailable(f"{url} does not look like a Horizon", code="horizon_unavailable")
    return body


class _understood:
    """Turn an answer of the wrong shape into Unavailable: we know no more than before."""

    def __init__(self, url: str):
        self.url = url

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: Any) -> None:
        if isinstance(error, (KeyError, ValueError, TypeError, IndexError, AttributeError)):
            raise Unavailable(f"{self.url} answered in an unknown shape", code="horizon_unavailable") from error


def _balance(row: dict[str, Any]) -> Balance:
    native = row["asset_type"] == "native"
    pool = row["asset_type"] == "liquidity_pool_shares"
    name = money.NATIVE if native else f"pool:{row['liquidity_pool_id']}" if pool else _asset(row)
    return Balance(
        asset=name,
        amount=money.parse(row["balance"]),
        limit=None if native else money.parse(row["limit"]),
        buying_liabilities=money.parse(row.get("buying_liabilities", "0")),
        selling_liabilities=money.parse(row.get("selling_liabilities", "0")),
        is_authorized=native or pool or row.get("is_authorized") is True,
    )


def _asset(row: dict[str, Any]) -> str:
    return f"stellar:{row['asset_code']}:{row['asset_issuer']}"


def _seconds(text: str) -> int:
    """Return RFC 3339 ``text`` as whole Unix seconds."""
    return int(datetime.fromisoformat(text).timestamp())
