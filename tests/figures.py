"""The closing lines: what the fault suite found, counted over all workers.

A test records ``record_property("fault", "<section> <1: passes by itself> <verdict>")``,
``record_property("mistake", "<id>\\t<how `check` told it>\\t<exit code>\\t<its lines>")`` or
``record_property("figure", "<name> <text>")``. ``MISTAKES=1`` shows each mistake.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any


def lines(reports: list[Any]) -> list[str]:
    """One line a section: how many faults ended right or loud, and how many silently."""
    sections: dict[str, Counter[str]] = {}
    passing: Counter[str] = Counter()
    figures, mistakes = [], list[list[str]]()
    for report in reports:
        for name, value in report.user_properties:
            if name == "figure":
                figures.append(str(value))
            elif name == "mistake":
                mistakes.append(str(value).split("\t"))
            elif name == "fault":
                section, is_passing, verdict = str(value).split()
                sections.setdefault(section, Counter())[verdict] += 1
                if is_passing == "1":
                    passing[verdict] += 1
    found = []
    for section, verdicts in sections.items():
        n, good = verdicts.total(), verdicts["right"] + verdicts["loud"]
        found.append(
            f"faults {section:10}{good:>5}/{n:<5} right {verdicts['right']} loud {verdicts['loud']}"
            f"  silent {verdicts['silent']}"
        )
    if passing:
        share = passing["right"] / passing.total()
        found.append(
            f"faults that pass   {passing['right']}/{passing.total()} healed inside the same run"
            f" ({share:.0%})"
        )
    if mistakes:
        told = Counter(verdict for _, verdict, *_ in mistakes)
        counts = ", ".join(f"{verdict} {number}" for verdict, number in told.most_common())
        found.append(f"mistakes that check tells {told['right']}/{len(mistakes)}: {counts}")
    if os.environ.get("MISTAKES"):
        found += [f"| {' | '.join(fields)} |" for fields in sorted(mistakes)]
    return found + sorted(figures)
