"""A seed's course in words a person can follow."""

from collections.abc import Callable
from typing import Any

from app.money import NATIVE
from app.stellar.facts import AccountFacts, Ledger, Node, Receipt, TransactionFacts
from app.submission.facts import Close, Draft, Envelope, Holdings, Post, Rebuild, Result, Signed
from tests.sim.scenario import USDC, Scenario


def brief(value: object) -> str:
    """Return what of ``value`` is worth a line."""
    return WORDS[type(value)](value) if type(value) in WORDS else str(value)


def readable(tell: Callable[[str], None], scenario: Scenario) -> Callable[[str], None]:
    """Return ``tell`` for lines in which accounts have their names back, and of hashes is only the beginning."""
    kinds = {"C": scenario.channels, "T": scenario.sources, "P": scenario.payees}
    names = {
        address: f"{kind}{number}" for kind, addresses in kinds.items() for number, address in enumerate(addresses, 1)
    } | {USDC: "USDC", NATIVE: "XLM"}

    def tell_readably(line: str) -> None:
        words = line.split(" ")
        tell(" ".join(names.get(word, word[:8] if len(word) == 64 else word) for word in words))

    return tell_readably


def _result(result: Result) -> str:
    came = [result.decision, *filter(None, (result.receipt, result.envelope))]
    return " ".join(map(brief, came))


def _kind(envelope: Envelope) -> str:
    return "envelope" if envelope.hash == envelope.attempt_hash else "fee bump"


def _scenario(scenario: Scenario) -> str:
    shown = ("nodes", "workers", "claim_limit", "interval_seconds", "fees_daily_max", "balanced", "clock_skew")
    counts = f"{len(scenario.channels)} channels, {len(scenario.sources)} sources, {len(scenario.payees)} payees"
    return ", ".join([counts, *(f"{name} {getattr(scenario, name)}" for name in shown)])


WORDS: dict[type, Callable[[Any], str]] = {
    Node: lambda node: f"history from {node.elder_ledger} to {node.ledger}, closed at {node.closed_at}",
    Ledger: lambda ledger: f"{ledger.sequence} closed at {ledger.closed_at}",
    AccountFacts: lambda row: f"at number {row.sequence}, {[balance.amount for balance in row.balances]}",
    TransactionFacts: lambda row: f"in ledger {row.ledger}, {'successful' if row.successful else 'failed'}",
    Receipt: lambda row: " ".join([row.status, row.codes.transaction, *row.codes.operations]).rstrip(),
    Holdings: lambda row: f"holdings as of {row.ledger}: {list(row.spendable.values())}",
    Signed: lambda row: f"signed {row.attempt.hash} until {row.attempt.max_time} for {', '.join(row.orders)}",
    Draft: lambda row: f"drawn up {row.attempt.hash} until {row.attempt.max_time} for {', '.join(row.orders)}",
    Envelope: lambda row: f"{_kind(row)} {row.hash} of {row.attempt_hash} for {row.fee}",
    Post: lambda row: f"hand in {row.envelope.hash} :",
    Close: lambda row: f"close on {row.transaction.hash} , {row.codes.transaction} {' '.join(row.codes.operations)}",
    Rebuild: lambda row: f"sign anew: {row.why} {dict(row.faults) or ''}".rstrip(),
    Result: _result,
    Scenario: _scenario,
    float: lambda number: f"{number:.2f}",
}
