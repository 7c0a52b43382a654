"""A sending anchor sends money to a bank account: it arrives, or it comes back."""

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.sandbox.programs import LOOK_SECONDS, Program, Running, end_at_once, launch, python, said
from app.sandbox.stories.telling import Scene, Story, Wrong, expect
from rails.sandbox_bank import journal

GRACE_SECONDS = 15  # the sending anchor gives up by itself; this is for one that does not

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Send:
    """What is sent, and what must become of it. ``account`` decides what the bank does with it (see the bank)."""

    account: str
    statuses: tuple[str, ...]  # as told by callbacks
    amount: str = "100.00"
    amount_out: str = "98.50"
    refund_memo: str = ""


TOLD_LENGTH_MAX = 2000

ARRIVES = Send("1000000003", ("pending_receiver", "pending_external", "completed"))
COMES_BACK = Send("1000000002", ("pending_receiver", "refunded"), refund_memo="4711")


def play(send: Send, scene: Scene) -> None:
    """Let a sending anchor send, and ask it, the network and the bank what became of it."""
    events = _let_send(send, scene)
    ended = events[-1]["transaction"]
    expect("forged callbacks", [event for event in events if event["event"] == "forged"], [])
    told = events[-1]["statuses"]
    expect("statuses told by callbacks", told, [row for row in send.statuses if row in told or not scene.disturbed])
    expect("the status in the end", ended["status"], send.statuses[-1])
    expect("amount_in", ended["amount_in"], send.amount)
    if ended["status"] == "completed":
        expect("amount_out", ended["amount_out"], send.amount_out)
    expect("what came back", _refunds(events), _refunds_wanted(send))
    expect("orders the bank received", _orders(scene, ended["id"]), 1)


def _let_send(send: Send, scene: Scene) -> list[Facts]:
    """Run the sending anchor to its end, and return all it told. Raises Wrong if it gave up."""
    run = scene.directory / f"send-{uuid.uuid4()}"
    options = {
        "--amount": send.amount,
        "--account": send.account,
        "--refund-memo": send.refund_memo,
        "--memory": f"{run}.json",
        "--patience-seconds": f"{scene.patience_seconds:g}",
    }
    words = [word for option in options.items() for word in option]
    program = Program(
        "sending anchor",
        python("app.sandbox.sending_anchor", scene.url, *words),
        {"SENDING_SEED": scene.sending_seed},
    )
    running = launch(program, run.with_suffix(".log"))
    try:
        events = list(_told_by(running, scene))
    finally:
        end_at_once(running)
    if not events or events[-1]["event"] != "ended":
        raise Wrong(f"the sending anchor gave up: {said(running)[-TOLD_LENGTH_MAX:]}")
    return events


def _told_by(running: Running, scene: Scene) -> Iterator[Facts]:
    """Pass on each event as it is told, until the sending anchor ends or should have ended."""
    deadline, heard, ended = time.monotonic() + scene.patience_seconds + GRACE_SECONDS, 0, False
    while not ended and time.monotonic() < deadline:
        ended = running.process.poll() is not None
        lines = [line for line in said(running).splitlines(keepends=True) if line.startswith("{") and line[-1] == "\n"]
        for line in lines[heard:]:
            scene.heard(json.loads(line))
            yield json.loads(line)
        heard = len(lines)
        time.sleep(LOOK_SECONDS)


def _refunds(events: list[Facts]) -> list[tuple[str, str, str]]:
    seen = [event for event in events if event["event"] == "refund_seen"]
    return [(refund["amount"], refund["memo_type"], refund["memo"]) for refund in seen]


def _refunds_wanted(send: Send) -> list[tuple[str, str, str]]:
    return [(f"{send.amount}00000", "id", send.refund_memo)] if send.refund_memo else []


def _orders(scene: Scene, transaction_id: str) -> int:
    """Return how often the bank received an order for the transaction, by its own journal."""
    received = [entry for entry in journal(scene.bank_journal) if entry["event"] == "received"]
    return sum(entry["key"] == transaction_id for entry in received)


REMITTANCE = Story("remittance", "money sent over Stellar arrives on a bank account", partial(play, ARRIVES))
REFUSAL = Story("refusal", "the bank refuses, and the money goes back over Stellar", partial(play, COMES_BACK))
