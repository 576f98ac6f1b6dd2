"""What a study will cost before it runs, cell by cell, and what of it is done."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qnnbench import study
from qnnbench.environment import missing_of
from qnnbench.hardware.vendors import EMULATED
from qnnbench.plan.measured import calibration, costs_of
from qnnbench.plan.stored import n_done, n_runs_of, rows_of, spent_s, stored_rows
from qnnbench.plan.trim import Dropped
from qnnbench.study import Cell

STAGES = (
    *("datasets", "certificates", "trainability", "training", "rivals"),
    *("hardware", "jobs", "device_training"),
)


@dataclass(frozen=True)
class PlannedCell:
    """A cell before it runs.

    Attributes:
        stage, name, n_qubits: Which one.
        n_runs: Rows of an arm's repeats; 1 elsewhere.
        n_done: How many of them are stored.
        status: "ok", or what its rows will say: "skipped", "over_budget".
        reason: Why, or why this backend.
        backend: What would train it; empty elsewhere.
        n_steps: Optimiser steps of all repeats; 0 elsewhere.
        cpu_s: CPU seconds of all of it, done or not; None where nothing tells.
        memory_mb: Peak of its process, 10^6 bytes; None likewise.
        spent_s: CPU seconds that the stored rows took.
    """

    stage: str
    name: str
    n_qubits: int
    n_runs: int
    n_done: int = 0
    status: str = "ok"
    reason: str = ""
    backend: str = ""
    n_steps: int = 0
    cpu_s: float | None = None
    memory_mb: float | None = None
    spent_s: float = 0.0

    @property
    def is_done(self) -> bool:
        """Whether all of its rows are stored."""
        return self.n_done >= self.n_runs

    @property
    def left_s(self) -> float:
        """CPU seconds of what is not stored; a cell is made whole or not at all."""
        return 0.0 if self.is_done else self.cpu_s or 0.0


def n_cells(config: Mapping[str, Any]) -> int:
    """Return how many cells ``study_plan`` yields."""
    return sum(len(cells) for stage in STAGES for _, _, cells in _jobs(config, stage))


def study_plan(config: Mapping[str, Any], results: Path | None = None) -> Iterator[PlannedCell]:
    """Yield every cell of a study before it runs, in the order of its stages.

    Args:
        config: Of the study, checked.
        results: Folder of its rows, as results/default; it need not exist. None: as if nothing
            were done.
    """
    trained: Trained = {}
    for stage in STAGES:
        for name, batch, cells in _jobs(config, stage):
            rows = stored_rows(results, stage, name, batch) if results else []
            for cell in cells:
                own = rows_of(cell, rows)
                done: Told = {"n_done": n_done(cell, own), "spent_s": spent_s(own)}
                told = _TOLD.get(stage, _measured)(cell, stage, trained)
                if stage == "training":
                    trained[name, cell["n_qubits"]] = told.get("status", "ok")
                if own and all(row["status"] in ("skipped", "over_budget") for row in own):
                    told |= {"status": own[0]["status"], "reason": own[0]["reason"] or ""}
                    told |= {"cpu_s": done["spent_s"]}
                yield PlannedCell(
                    stage, name, cell["n_qubits"], n_runs_of(cell), **{**told, **done}
                )


def trimmed(cells: Iterable[PlannedCell], gone: Iterable[Dropped]) -> list[PlannedCell]:
    """Return a plan in which what is dropped says why, and costs no more."""
    reasons = {one.place: one.reason for one in gone}

    def told(cell: PlannedCell) -> PlannedCell:
        reason = reasons.get((cell.stage, cell.name, cell.n_qubits))
        if reason is None:
            return cell
        return replace(cell, status="over_budget", reason=reason, cpu_s=0.0, n_steps=0)

    return [told(cell) for cell in cells]


def _jobs(config: Mapping[str, Any], stage: str) -> Iterator[tuple[str, str, list[Cell]]]:
    for name, batch in study.jobs(config, stage):
        yield name, batch, study.cells(config, stage, name, batch)


Trained = dict[tuple[str, int], str]  # status of each arm and width
Told = dict[str, Any]


def _measured(cell: Cell, stage: str, trained: Trained) -> Told:
    costs = costs_of(cell, stage)
    return {
        "cpu_s": sum(seconds for seconds, _ in costs),
        "memory_mb": max((memory for _, memory in costs), default=None),
    }


def _training(cell: Cell, stage: str, trained: Trained) -> Told:
    from qnnbench.plan.training import steps_planned  # loads Cirq

    counted = steps_planned(cell)
    if counted is None:
        return {**_measured(cell, stage, trained), "backend": "its own"}
    told = {"status": counted.status, "reason": counted.reason, "backend": counted.backend}
    if counted.status != "ok":
        return {**told, "cpu_s": 0.0, "n_steps": 0}
    known = calibration()
    seconds = known.training_seconds(counted.seconds, counted.n_steps, counted.n_runs)
    memory = known.process_mb() + counted.memory_bytes / 1e6
    return {**told, "n_steps": counted.n_steps, "cpu_s": seconds, "memory_mb": memory}


def _on_machines(cell: Cell, stage: str, trained: Trained) -> Told:
    arm = cell["trained"]["arm"]["arm"]
    if (status := trained.get((arm, cell["n_qubits"]), "ok")) != "ok":
        return {"status": "skipped", "reason": f"its arm {arm} is {status}", "cpu_s": 0.0}
    if stage != "jobs":
        return _measured(cell, stage, trained)
    asked = cell["jobs"]
    if asked["vendor"] != "emulator":
        return {"reason": "priced before it is sent: qnnbench dry-run"}
    extras = {EMULATED[device] for device in asked["devices"]}
    if missing := [extra for extra in sorted(extras) if missing_of(extra)]:
        names = ",".join(missing)
        return {"status": "skipped", "reason": f"needs pip install 'qnnbench[{names}]'"}
    return {"reason": "emulators are not counted"}


_TOLD: dict[str, Callable[[Cell, str, Trained], Told]] = {
    "training": _training,
    "hardware": _on_machines,
    "jobs": _on_machines,
    "device_training": _on_machines,
}


def by_stage(cells: Iterable[PlannedCell], budgets: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return one row per stage: its cells by status, CPU seconds, memory and budget.

    Args:
        cells: Of one study.
        budgets: Of its config. Those of whole stages stop nothing; what is above is told.
    """
    cells, rows = list(cells), []
    for stage in dict.fromkeys(cell.stage for cell in cells):
        own = [cell for cell in cells if cell.stage == stage]
        statuses = Counter(cell.status for cell in own)
        known = [cell.memory_mb for cell in own if cell.memory_mb is not None]
        rows.append(
            {
                "stage": stage,
                "n_cells": len(own),
                "n_done": sum(cell.is_done for cell in own),
                "n_skipped": statuses["skipped"],
                "n_over_budget": statuses["over_budget"],
                "n_uncounted": sum(cell.cpu_s is None for cell in own),
                "cpu_s": sum(cell.cpu_s or 0.0 for cell in own),
                "spent_s": sum(cell.spent_s for cell in own),
                "left_s": sum(cell.left_s for cell in own),
                "memory_mb": max(known, default=None),
                # that of training is of one repeat at one width, and stops it
                "budget_s": None if stage == "training" else budgets.get(f"{stage}_s"),
            }
        )
    return rows


def speed(cells: Iterable[PlannedCell]) -> float | None:
    """Return what the done cells took over what was estimated of them; None where none are."""
    done = [cell for cell in cells if cell.is_done and cell.status == "ok" and cell.cpu_s]
    estimated = sum(cell.cpu_s or 0.0 for cell in done)
    return sum(cell.spent_s for cell in done) / estimated if estimated else None
