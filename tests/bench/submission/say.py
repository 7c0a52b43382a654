"""A measured figure, and how it is shown: beside what it must reach, and beside its floor where it has one."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """``reach`` is the most it may be, or the least where ``more_is_better``."""

    name: str
    value: float
    reach: float
    floor: float = 0.0
    more_is_better: bool = False

    @property
    def reached(self) -> bool:
        return self.value >= self.reach if self.more_is_better else self.value <= self.reach


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as a table in Markdown."""
    rows = ["| Figure | measured | reach | floor | ratio | |", "|---|---|---|---|---|---|"]
    for figure in figures:
        reach = f"{'≥' if figure.more_is_better else '≤'} {figure.reach:.3g}"
        bare = (f"{figure.floor:.3g}", f"{figure.value / figure.floor:.2f}") if figure.floor else ("", "")
        verdict = "ok" if figure.reached else "**missed**"
        rows.append(f"| {figure.name} | {figure.value:.3g} | {reach} | {bare[0]} | {bare[1]} | {verdict} |")
    return "\n".join(rows)
