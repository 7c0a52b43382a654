"""Saying it: one message to one stranger.

A callback is a POST signed as SEP-6, 12, 24 and 31 describe: ``Signature: t=<unix seconds>, s=<base64>`` is the
Ed25519 signature by the home domain's SIGNING_KEY of ``<t>.<host[:port]>.<body>``. It arrives at least once;
``Event-Id`` stays the same over every attempt.
"""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from stellar_sdk import Keypair

from app import strangers

ANSWER_SECONDS = 10  # how long somebody may take to say that it arrived
LEASE_SECONDS = 60


@dataclass(frozen=True)
class Job:
    """A claimed message. ``last``: if it does not arrive now, it never will. ``begin_by``: see ``act``."""

    id: str
    fence: int
    attempts: int
    last: bool
    begin_by: float
    lane: str
    position: int
    channel: str
    address: str = field(repr=False)
    body: bytes = field(repr=False)
    signer: Keypair | None = field(repr=False)
    allow_private: bool = False


@dataclass(frozen=True)
class Delivery:
    """What became of one attempt. ``note`` says why, without what the address may give away."""

    arrived: bool
    note: str


@dataclass(frozen=True)
class Channel:
    """A way to reach somebody: whom an address belongs to, and how to send there."""

    host: Callable[[str], str]
    send: Callable[[Job], Delivery]


def act(job: Job) -> Delivery:
    """Send ``job``, once. A claim near its end is not begun: another may be sending what comes after it."""
    if time.monotonic() > job.begin_by:
        return Delivery(False, "held up on our side")
    return CHANNELS[job.channel].send(job)


def url_host(url: str) -> str:
    """Return the host of a callback URL, with its port if the URL names one: what the signature covers."""
    return strangers.check(url, allow_private=True).netloc.lower()


def post_callback(job: Job) -> Delivery:
    """POST the body to the URL; any 2xx says that it arrived. A redirect is not followed."""
    if job.signer is None:
        return Delivery(False, "no home domain to sign for")
    signature = sign(job.signer, int(time.time()), url_host(job.address), job.body)
    headers = {
        "Content-Type": "application/json",
        "Event-Id": job.id,
        "Signature": signature,
        "X-Stellar-Signature": signature,
    }
    answer = strangers.fetch(
        job.address,
        "POST",
        job.body,
        headers,
        timeout_seconds=ANSWER_SECONDS,
        bytes_max=1_000_000,
        allow_private=job.allow_private,
    )
    return Delivery(200 <= answer.status < 300, f"HTTP {answer.status}")


def sign(signer: Keypair, seconds: int, host: str, body: bytes) -> str:
    """Return the value of the ``Signature`` header."""
    signature = signer.sign(f"{seconds}.{host}.".encode() + body)
    return f"t={seconds}, s={base64.b64encode(signature).decode()}"


CHANNELS = {
    "callback": Channel(url_host, post_callback),
}
