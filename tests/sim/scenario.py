"""What a seed begins with: who pays whom, through how many channels, nodes and workers."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from stellar_sdk import Keypair

from app.money import NATIVE
from app.submission.service import NewOrder

ORDERS = 12
AT_ONCE_SECONDS, ARRIVAL_SECONDS = 1, 120
FEES_UNLIMITED = 10**12
BID, BID_MAX = 100, 10_000  # stroops for an operation: the first bid, and the most
SIGNATURES_SECONDS = 60  # what co-signers are given
LEASE_SECONDS = 30
SURGE_OPERATIONS_MAX = 100
UNIT = 10_000_000
BACK_SECONDS = 3600
ORGANIZATION = "ours"


@lru_cache(maxsize=256)
def address(name: str) -> str:
    """Return an address that is always the same for the same name."""
    return Keypair.from_raw_ed25519_seed(hashlib.sha256(name.encode()).digest()).public_key


COSIGNER = address("somebody elsewhere")
USDC = f"stellar:USDC:{address('issuer')}"


@dataclass(frozen=True)
class Scenario:
    """``cosigned``: the sources somebody elsewhere signs for.

    ``balanced``: every question is answered by whichever node, as behind a balancer; else one node answers all
    questions of an act. ``clock_skew``: how far the network's clock is from the database's, in seconds. ``wishes``:
    the orders, and when they come."""

    channels: tuple[str, ...]
    sources: tuple[str, ...]
    cosigned: tuple[str, ...]
    payees: tuple[str, ...]
    nodes: int
    workers: int
    claim_limit: int
    interval_seconds: int
    fees_daily_max: int
    receivers_max: int
    balanced: bool
    clock_skew: int
    wishes: tuple[tuple[float, NewOrder], ...]


def drawn(random: Random) -> Scenario:
    """Return the scenario of a seed."""
    sources, payees = _addresses("treasury", random.choice((1, 1, 2))), _addresses("payee", random.randint(2, 5))
    wishes = [_wish(random, number, sources, payees) for number in range(1, ORDERS + 1)]
    return Scenario(
        channels=_addresses("channel", random.randint(1, 4)),
        sources=sources,
        cosigned=tuple(source for source in sources if random.randint(1, 4) == 1),
        payees=payees,
        nodes=random.randint(2, 3),
        workers=random.randint(2, 3),
        claim_limit=random.randint(1, 4),
        interval_seconds=random.randint(1, 5),
        fees_daily_max=random.choice((10_000, FEES_UNLIMITED, FEES_UNLIMITED)),
        receivers_max=random.choice((0, 50)),
        balanced=random.randint(1, 3) == 1,
        clock_skew=random.randint(-600, 600),
        wishes=tuple(sorted(wishes, key=lambda wish: wish[0])),
    )


def _addresses(kind: str, count: int) -> tuple[str, ...]:
    return tuple(address(f"{kind} {number}") for number in range(1, count + 1))


def _wish(random: Random, number: int, sources: tuple[str, ...], payees: tuple[str, ...]) -> tuple[float, NewOrder]:
    source, kind = random.choice(sources), random.choice(("payment", "payment", "create_account"))
    itself = kind == "create_account" and random.randint(1, 10) == 1  # the network refuses that unseen
    memo = random.choice(("", "", "7", "8"))
    wish = NewOrder(
        organization_id=ORGANIZATION,
        owner="anchor",
        owner_key=f"order {number}",
        source=source,
        destination=source if itself else random.choice(payees),
        asset=NATIVE if kind == "create_account" else random.choice((NATIVE, USDC, USDC)),
        amount=random.randint(1, 9) * UNIT + number,
        memo_type="id" if memo else "none",
        memo=memo,
        kind=kind,
        reservation=f"reserved {number}",
        otherwise=random.choice(("fail", "claimable_balance")) if kind == "payment" else "fail",
    )
    return random.choice((AT_ONCE_SECONDS, ARRIVAL_SECONDS)) * random.random(), wish
