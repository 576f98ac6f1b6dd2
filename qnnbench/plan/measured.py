"""CPU seconds and memory of work of every kind, as measured on a finished study.

``measured.json`` holds the rows, and what they were measured on. It is written by
``python -m qnnbench.plan``. Between measured widths costs are interpolated on logarithmic axes,
beyond them by the power law through all of them; work that was never measured is taken for
the typical one of its kind, or of its stage.
"""

import json
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np

from qnnbench.plan.work import MEASURED_AS, Work, work_of
from qnnbench.study import Cell

FILE = Path(__file__).parent / "measured.json"
STEEPEST = 4.0  # exponent of a cost in the width, where few widths were measured
STARTING_S = 0.2  # below, what a first call costs decides


@dataclass(frozen=True)
class Measured:
    """What work at one width took.

    Attributes:
        stage, kind, detail, amount: As of ``Work``.
        n_qubits, n_layers: Width, and depth where there is one, else 0.
        cpu_s: CPU seconds of all units.
        memory_mb: Peak of the process so far, 10^6 bytes.
    """

    stage: str
    kind: str
    detail: str
    n_qubits: int
    n_layers: int
    amount: float
    cpu_s: float
    memory_mb: float

    @property
    def unit_s(self) -> float:
        """CPU seconds of one unit."""
        return self.cpu_s / self.amount


@dataclass(frozen=True)
class Trained:
    """An arm at one width: what was counted, and what it took.

    Attributes:
        operations_s: CPU seconds of all steps by operation count.
        n_steps, n_runs: Of all repeats.
        cpu_s: CPU seconds that were measured, validation and scores included.
        memory_mb: Peak of the process so far, 10^6 bytes.
    """

    operations_s: float
    n_steps: int
    n_runs: int
    cpu_s: float
    memory_mb: float


@dataclass(frozen=True)
class Calibration:
    """All that was measured.

    Attributes:
        on: Which study, when, on what machine.
        rows: One per unit of work and width.
        trained: One per arm and width.
    """

    on: str
    rows: tuple[Measured, ...]
    trained: tuple[Trained, ...]

    def cost(self, stage: str, work: Work, n_qubits: int) -> tuple[float, float]:
        """Return (CPU seconds, memory in MB) of work at a width."""
        own = self._rows_like(stage, work)
        seconds = work.amount * _at(own, "unit_s", n_qubits)
        if work.n_layers and all(row.n_layers for row in own):
            seconds *= work.n_layers / _at(own, "n_layers", n_qubits)
        return seconds, _at(own, "memory_mb", n_qubits)

    def _rows_like(self, stage: str, work: Work) -> list[Measured]:
        of_stage = [row for row in self.rows if row.stage == stage]
        of_kind = [row for row in of_stage if row.kind == work.kind]
        own = [row for row in of_kind if row.detail == work.detail]
        return own or of_kind or of_stage

    def training_seconds(self, operations_s: float, n_steps: int, n_runs: int) -> float:
        """Return the CPU seconds of an arm at a width, validation and scores included."""
        return float(np.array([operations_s, n_steps, n_runs]) @ self._coefficients)

    @cached_property
    def _coefficients(self) -> np.ndarray:
        """Return the seconds per counted second, per step and per run, none negative.

        Found by least squares of the relative distance to what was measured.
        """
        from scipy.optimize import nnls

        parts = np.array([[r.operations_s, r.n_steps, r.n_runs] for r in self.trained], float)
        measured = np.array([row.cpu_s for row in self.trained])
        return nnls(parts / measured[:, None], np.ones(len(measured)))[0]

    def process_mb(self) -> float:
        """Return the memory of a process that trains what takes next to nothing, in MB."""
        return min(row.memory_mb for row in self.trained)

    def ratios(self) -> np.ndarray:
        """Return estimate over measurement of every row, each estimated without itself.

        Rows of arms are estimated with themselves: three numbers are fitted to all of them.
        """
        apart = [self._without(row) / row.unit_s for row in self.rows if row.cpu_s > STARTING_S]
        arms = [
            self.training_seconds(r.operations_s, r.n_steps, r.n_runs) / r.cpu_s
            for r in self.trained
        ]
        return np.array([*apart, *arms])

    def _without(self, row: Measured) -> float:
        others = replace(self, rows=tuple(other for other in self.rows if other is not row))
        work = Work(row.kind, row.detail, n_layers=row.n_layers or None)
        return others.cost(row.stage, work, row.n_qubits)[0]

    def spread(self) -> tuple[float, float]:
        """Return the factors within which half, and nine in ten, of the estimates lie."""
        distances = np.exp(np.abs(np.log(self.ratios())))
        half, most = np.quantile(distances, [0.5, 0.9])
        return float(half), float(most)


def _at(rows: list[Measured], column: str, n_qubits: int) -> float:
    """Return a column at a width: interpolated on logarithmic axes, a power law outside."""
    by_width: dict[int, list[float]] = {}
    for row in rows:
        by_width.setdefault(row.n_qubits, []).append(max(getattr(row, column), 1e-9))
    x = np.log([*sorted(by_width)])
    y = np.array([np.mean(np.log(by_width[n])) for n in sorted(by_width)])
    at = float(np.log(n_qubits))
    inside = float(np.interp(at, x, y))
    beyond = at - float(np.clip(at, x[0], x[-1]))
    slope = float(np.polyfit(x, y, 1)[0]) if len(x) > 1 else 1.0
    return float(np.exp(inside + beyond * np.clip(slope, 0.0, STEEPEST)))


@cache
def calibration() -> Calibration:
    """Return what comes with the package."""
    stored = json.loads(FILE.read_text())
    rows = tuple(Measured(*row) for row in stored["rows"])
    return Calibration(stored["on"], rows, tuple(Trained(*row) for row in stored["trained"]))


def costs_of(cell: Cell, stage: str) -> list[tuple[float, float]]:
    """Return (CPU seconds, memory in MB) of each piece of a cell's work."""
    alike = MEASURED_AS.get(stage, stage)
    return [_cost(alike, work, cell["n_qubits"]) for work in work_of(cell, stage)]


@lru_cache(maxsize=4096)
def _cost(stage: str, work: Work, n_qubits: int) -> tuple[float, float]:
    return calibration().cost(stage, work, n_qubits)
