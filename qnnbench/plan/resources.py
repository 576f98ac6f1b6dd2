"""Memory and minutes that a job asks a cluster for, from what was measured and from budgets.

Nothing here counts operations: a workflow asks for every job while it builds its DAG.
"""

from collections.abc import Mapping
from typing import Any

from qnnbench import study
from qnnbench.plan.measured import calibration, costs_of
from qnnbench.study import Cell

LEAST_MB, LEAST_MIN = 2000, 60  # of a process with all imports; of a queue
MOST_MIN = 480  # a job that needs more goes on from its checkpoint when it is sent again
MEMORY_MARGIN, TIME_MARGIN = 1.5, 10.0  # nine in ten estimates of time are within a factor of 6
SCORES = 3.0  # validation and scores on top of the steps that a budget bounds


def memory_mb(config: Mapping[str, Any], stage: str, name: str, batch: str) -> int:
    """Return what a job asks for, in 10^6 bytes: that of its largest cell."""
    cells = study.cells(config, stage, name, batch)
    return max(LEAST_MB, round(max(_cell_mb(cell, stage) for cell in cells)))


def minutes(config: Mapping[str, Any], stage: str, name: str, batch: str) -> int:
    """Return what a job asks for in minutes: that of all its cells."""
    cells = study.cells(config, stage, name, batch)
    return min(MOST_MIN, max(LEAST_MIN, round(sum(_cell_s(cell, stage) for cell in cells) / 60)))


def _cell_mb(cell: Cell, stage: str) -> float:
    if bound := cell.get("budget"):  # no step above it is started
        return calibration().process_mb() + bound["memory_bytes"] / 1e6
    peaks = [MEMORY_MARGIN * memory for _, memory in costs_of(cell, stage)]
    return max(peaks, default=float(LEAST_MB))


def _cell_s(cell: Cell, stage: str) -> float:
    if bound := cell.get("budget"):  # of the steps of one repeat
        return SCORES * cell["arm"]["repeats"] * bound["seconds"]
    return sum(TIME_MARGIN * seconds for seconds, _ in costs_of(cell, stage))
