"""Say page numbers as a person would: pages 1-3, 7."""

from __future__ import annotations

from collections.abc import Iterable


def page_runs(numbers: Iterable[int]) -> str:
    """`page 3`, or `pages 1-3, 7`, for numbers in ascending order."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    said = ", ".join("-".join(map(str, run)) for run in runs)
    is_one = len(runs) == 1 and len(runs[0]) == 1
    return f"page {said}" if is_one else f"pages {said}"
