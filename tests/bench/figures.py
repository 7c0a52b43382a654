"""What a bench says: figures, each beside its goal and, where there is one, beside its floor."""

import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table. ``floor`` is what the same durable work costs at the very least, measured just then."""

    what: str
    measured: str
    goal: str
    met: bool
    floor: str = "–"
    ratio: str = "–"


Bench = Callable[[], Iterable[Figure]]


def against(what: str, ours: Sequence[float], floor: Sequence[float], most: float) -> Figure:
    """Return the figure of work done in turns with its floor: the ratio of the medians, at most ``most``."""
    mine, least = statistics.median(ours), statistics.median(floor)
    ratio, rounds = mine / least, len(ours)
    seconds = f"{mine:.2f} s (median of {rounds})"
    return Figure(what, seconds, f"≤ {most:g} × floor", ratio <= most, f"{least:.2f} s", f"{ratio:.2f}")


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes, by the wall clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that ``percent`` of ``values`` do not exceed."""
    ranked = sorted(values)
    return ranked[-(-len(ranked) * percent // 100) - 1]


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table for the README."""
    rows = [("figure", "measured", "floor", "ratio", "goal", "")]
    rows += [(f.what, f.measured, f.floor, f.ratio, f.goal, "met" if f.met else "MISSED") for f in figures]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    head, *rest = [f"| {line} |" for line in lines]
    return "\n".join([head, "|".join(["", *("-" * (width + 2) for width in widths), ""]), *rest])


def load() -> str:
    """Return how busy the machine is with everything together."""
    return f"{os.cpu_count()} cores, load {', '.join(f'{average:.1f}' for average in os.getloadavg())}"
