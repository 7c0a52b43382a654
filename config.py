"""Every setting: its name, kind, default and meaning. Read once, from the environment.

A setting without a default is needed only by those who use it: ``need(config, NAME)`` refuses at first use and says
for what. Whoever runs ``make demo`` needs none of them: the running demo leaves its settings in a file, which is
read here when ``DATABASE_URL`` is not set.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Unconfigured(Exception):
    """A setting without which this cannot go on is missing or makes no sense."""


@dataclass(frozen=True)
class Setting:
    name: str
    read: Callable[[str], Any]
    default: Any
    meaning: str


NONE = object()  # no default: whoever uses it must be given it


def words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def switch(text: str) -> bool:
    if text.lower() not in ("1", "true", "yes", "on", "0", "false", "no", "off", ""):
        raise ValueError("say yes or no")
    return text.lower() in ("1", "true", "yes", "on")


def url(text: str) -> str:
    return text.rstrip("/")


def urls(text: str) -> str:
    return " ".join(map(url, words(text)))


def pairs(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words(text))


# fmt: off
_ROWS: list[tuple[str, Callable[[str], Any], Any, str]] = [
    # where things are
    ("DATABASE_URL",            str,    NONE,   "PostgreSQL 15 or newer, `postgresql+psycopg://…`; every process"),
    ("CELERY_BROKER_URL",       str,    NONE,   "Redis 6.2 or newer; web, worker, beat, stream"),
    ("HORIZON_URL",             urls,   NONE,   "the Horizon we ask, submit to and follow; several, separated by spaces, if another is to be asked when one fails: the first is preferred; worker, stream, web"),
    ("RPC_URL",                 url,    "",     "a Stellar RPC that is asked what many accounts can receive before they are paid; worker"),
    ("NETWORK_PASSPHRASE",      str,    NONE,   "which Stellar network this is; web, worker, stream"),
    ("PUBLIC_URL",              url,    NONE,   "the address others reach us at; every absolute URL begins with it"),
    ("RAILS",                   pairs,  {"manual": "manual"}, "name=rail for each, a rail being ours, an entry point or module:Class; its own settings are JSON in `RAIL_<NAME>`; worker"),
    ("CUSTODIANS",              pairs,  {},     "name=custodian for each who keeps a treasury and submits by itself, a custodian being ours, an entry point or module:Class; its own settings are JSON in `CUSTODIAN_<NAME>`; worker"),
    ("SEND_INTEGRATION",        str,    "app.anchor.defaults:Sends", "module:Class that decides what a SEP-31 request needs; web"),
    # secrets
    ("VAULT_KEYS",              words,  NONE,   "keys (`flask keys new`) that seal personal data and home domains' signing keys, newest first; web, worker"),
    ("TREASURY_KEYS",           words,  NONE,   "keys (`flask keys new`) that seal the keys that move money, newest first; worker, never web"),
    ("TOKEN_SECRET",            str,    NONE,   "signs the tokens we give out, 32 bytes or more; web"),
    # how much, how often
    ("DATABASE_POOL",           int,    5,      "connections a process keeps"),
    ("LIMIT_AUTH",              str,    "120/minute",  "SEP-10 requests from one address"),
    ("LIMIT_API",               str,    "1200/minute", "other API requests from one address"),
    ("TRUSTED_PROXIES",         int,    0,      "how many proxies in front of us may say whom they speak for"),
    ("ALLOW_PRIVATE_ADDRESSES", switch, False, "addresses others gave us may be loopback, private or plain http: demo and tests only"),
    ("REQUEST_BYTES_MAX",       int,    6_000_000, "the largest request body"),
    ("SEND_EXPIRY_SECONDS",     int,    86_400, "how long a SEP-31 transaction waits for its payment"),
    ("INTERVALS",               pairs,  {},     "drain=seconds, where beat is to wake one more or less often than the schedule says; beat"),
    ("RAIL_PATIENCE_SECONDS",   int,    3 * 86_400, "how long a payout may be under way with no news before an operator is asked"),
    ("RAIL_POLL_SECONDS",       int,    30,     "how often a rail is asked about a payout that is under way"),
    ("CUSTODY_PATIENCE_SECONDS", int,   3_600,  "how long a custodian may have a payment before the ledger shows it, or an operator is asked"),
    ("MESSAGE_ATTEMPTS_MAX",    int,    20,     "how often a message is tried before it has failed"),
    ("MESSAGE_AGE_SECONDS_MAX", int,    86_400, "how old a message may be when it is tried again"),
    ("MESSAGE_KEEP_SECONDS",    int,    2_592_000, "how long what is known of a message is kept after it arrived, or failed for good"),
    ("CUSTOMER_REVIEW",         switch, False,  "an operator accepts each customer; else whoever gave what is required is accepted"),
    ("CUSTOMER_FILE_BYTES_MAX", int,    5_000_000, "the largest file a customer may upload"),
    ("CUSTOMER_FILE_EXPIRY_SECONDS", int, 2_592_000, "how long an uploaded file that no customer refers to is kept"),
    ("RESOLVE_INTERVAL_SECONDS", int, 1,    "how long a batch of payments is left alone before the network is asked again"),
    ("LEASE_SECONDS",           int,    30,     "how long whoever has taken payments up is waited for before another takes them up: twice as long as Horizon may take to answer, or more"),
    ("PREFLIGHT_READS_MAX",     int,    50,     "accounts looked at before a round of payments where there is no RPC_URL; 0: none"),
    ("FEE_BID_STROOPS",         int,    1_000,  "the most an operation may cost at first; the network charges no more than it must"),
    ("FEE_BID_STROOPS_MAX",     int,    100_000, "the most an operation may ever cost"),
    ("CLAIM_BACK_SECONDS",      int,    2_592_000, "how long what was set aside in a claimable balance is its payee's alone; afterwards we may take it back too"),
    ("SIGNATURES_SECONDS",      int,    86_400, "how long co-signers may take to sign a batch of payments before it is drawn up anew"),
    ("WATCH_SILENCE_SECONDS",   int,    6,      "how long the stream waits for the next ledger before it reads without having been told"),
    ("SURGE_OPERATIONS_MAX",    int,    100,           "how many payments an organization has under way while the network is busy: small batches get in, and do not drive the price up"),
    ("FEES_DAILY_STROOPS_MAX",  int,    1_000_000_000, "what an organization's fees may come to in a day before none is raised any more"),
    ("LOG_LEVEL",               str.upper, "INFO", "how much is told"),
]
# fmt: on
SETTINGS = [Setting(*row) for row in _ROWS]


def read(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return every setting that is set or has a default; raise Unconfigured for one that makes no sense."""
    if "DATABASE_URL" not in environ:
        environ = {**_demo(environ), **environ}
    found = {}
    for setting in SETTINGS:
        if setting.name in environ:
            try:
                found[setting.name] = setting.read(environ[setting.name])
            except ValueError as error:
                raise Unconfigured(f"{setting.name}: {error} ({setting.meaning})") from None
        elif setting.default is not NONE:
            found[setting.name] = setting.default
    found["RAIL_SETTINGS"] = {name: _plugin(f"RAIL_{name}", environ) for name in found["RAILS"]}
    found["CUSTODIAN_SETTINGS"] = {name: _plugin(f"CUSTODIAN_{name}", environ) for name in found["CUSTODIANS"]}
    return found


def need(config: Mapping[str, Any], name: str) -> Any:
    """Return the setting ``name``, or raise Unconfigured, saying what it is and who needs it."""
    if name in config:
        return config[name]
    meaning = next((setting.meaning for setting in SETTINGS if setting.name == name), "unknown")
    raise Unconfigured(f"{name} is not set: {meaning}")


def _plugin(name: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what the environment says to one plugin: ``RAIL_BANK`` is a JSON object for the rail called bank."""
    try:
        found = json.loads(environ.get(name.upper(), "{}"))
    except ValueError:
        raise Unconfigured(f"{name.upper()} is not a JSON object: the settings of one rail or custodian") from None
    return dict(found)


def _demo(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of the demo that runs from this checkout, if one does."""
    path = Path(environ.get("RAILHEAD_ENV", Path(__file__).parent / "var" / "demo.env"))
    if not path.is_file():
        return {}
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
