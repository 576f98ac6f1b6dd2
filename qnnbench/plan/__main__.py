"""Write ``measured.json`` anew from finished studies.

Usage: python -m qnnbench.plan "what on" CONFIG RESULTS [CONFIG RESULTS ...]
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

from qnnbench import study
from qnnbench.config import load
from qnnbench.plan import STAGES
from qnnbench.plan.measured import FILE, Measured, Trained
from qnnbench.plan.stored import rows_of, spent_s, stored_rows
from qnnbench.plan.training import steps_planned
from qnnbench.plan.work import Work, work_of
from qnnbench.results import write_atomically
from qnnbench.study import Cell

Rows = list[Mapping[str, Any]]


def finished(config: Mapping[str, Any], results: Path) -> Iterator[tuple[str, Cell, Rows]]:
    """Yield (stage, cell, its rows) of every cell that ran well."""
    for stage in STAGES:
        for name, batch in study.jobs(config, stage):
            rows = stored_rows(results, stage, name, batch)
            for cell in study.cells(config, stage, name, batch):
                own = rows_of(cell, rows)
                if own and all(row["status"] == "ok" for row in own):
                    yield stage, cell, own


def parts(stage: str, cell: Cell, rows: Rows) -> Iterator[Measured]:
    """Yield what each part of a cell took."""
    for work in work_of(cell, stage):
        own = [row for row in rows if _is_part(row, work)] if stage == "rivals" else rows
        if own:
            memory = max(row["peak_memory_mb"] or 0.0 for row in own)
            layers = int(rows[0].get("n_layers") or 0)
            place = (stage, work.kind, work.detail, cell["n_qubits"], layers, work.amount)
            yield Measured(*place, float(f"{spent_s(own):.4g}"), round(memory))


def _is_part(row: Mapping[str, Any], work: Work) -> bool:
    kind, _, trained = row["arm"].partition(" of ")
    return bool(trained) if work.kind == "surrogate" else kind == work.kind


def main(on: str, *places: str) -> None:
    """Write the file, and say what it holds."""
    rows: list[Measured] = []
    trained: list[Trained] = []
    for config, results in zip(places[::2], places[1::2], strict=True):
        for stage, cell, own in finished(load(config), Path(results)):
            counted = steps_planned(cell) if stage == "training" else None
            if counted is None:
                rows += parts(stage, cell, own)
                continue
            memory = max(row["peak_memory_mb"] for row in own)
            took = (float(f"{spent_s(own):.4g}"), round(memory))
            counts = (float(f"{counted.seconds:.4g}"), counted.n_steps, counted.n_runs)
            trained.append(Trained(*counts, *took))
    lines = [
        "{",
        f' "on": {json.dumps(on)},',
        ' "rows": [',
        ",\n".join(f"  {json.dumps(astuple(row))}" for row in rows),
        ' ],\n "trained": [',
        ",\n".join(f"  {json.dumps(astuple(row))}" for row in trained),
        " ]\n}\n",
    ]

    def write(path: Path) -> None:
        path.write_text("\n".join(lines))

    write_atomically(FILE, write)
    sys.stderr.write(f"{len(rows)} units of work, {len(trained)} arms at a width: {FILE}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
