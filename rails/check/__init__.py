"""Does a plugin keep the contract? Runs it as the house would, and says what it found.

It orders real payments, of the least amount and with keys of its own: point the plugin's settings at a test bank.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rails import ask
from rails.base import Rail
from rails.check.rules import CONDUCT, DESCRIPTION, Rule
from rails.check.trial import PAYEE, Broken, Sample, Skipped


@dataclass(frozen=True)
class Finding:
    """One rule, and how it was broken: "" if it was kept; ``skipped`` says why it was not put to the test."""

    rule: str
    fault: str = ""
    skipped: str = ""


def check(rail: Rail, payee: Mapping[str, str] = PAYEE) -> list[Finding]:
    """Put ``rail`` on trial against a test bank, paying ``payee`` (SEP-9 name → value)."""
    sample = Sample(rail, payee)
    described = [_find(rule, sample) for rule in DESCRIPTION]
    if any(finding.fault for finding in described):
        return described
    return described + [_find(rule, sample) for rule in CONDUCT]


def show(findings: Sequence[Finding]) -> str:
    """Return ``findings`` as lines for a terminal."""
    lines = [f"{_mark(finding)} {finding.rule}{_because(finding)}" for finding in findings]
    faults = sum(bool(finding.fault) for finding in findings)
    return "\n".join([*lines, f"{len(findings)} rules, {faults} broken"])


def _find(rule: Rule, sample: Sample) -> Finding:
    words = rule.__doc__ or rule.__name__
    try:
        rule(sample)
    except Broken as broken:
        return Finding(words, fault=str(broken))
    except Skipped as skipped:
        return Finding(words, skipped=str(skipped))
    except Exception as error:  # noqa: BLE001 a plugin may raise anything
        return Finding(words, fault=ask.raised(error))
    return Finding(words)


def _mark(finding: Finding) -> str:
    return "✗" if finding.fault else "-" if finding.skipped else "✓"


def _because(finding: Finding) -> str:
    why = finding.fault or finding.skipped
    return f": {why}" if why else ""
