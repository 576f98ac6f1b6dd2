"""Which cells of a study are done, and what they took, by the rows that are stored."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from qnnbench import study
from qnnbench.study import Cell

TABLES = {  # the table whose rows a stage writes, one or more for each cell
    "datasets": "datasets",
    "certificates": "certificates",
    "trainability": "trainability",
    "training": "runs",
    "rivals": "rivals",
    "hardware": "hardware",
    "jobs": "jobs",
    "device_training": "device_steps",
}
_COLUMNS = (
    *("run_id", "source_hash", "status", "reason", "cpu_time_s", "peak_memory_mb"),
    *("arm", "repeat", "record", "n_copies", "n_layers", "n_qubits", "backend"),
    *("start", "device", "noise_scale"),
)


def stored_rows(results: Path, stage: str, name: str, batch: str) -> list[dict[str, Any]]:
    """Return the rows of one job, empty where it is not done.

    Only what tells cells apart and what they took is read; a file of an older version is read
    as far as it goes.

    Raises:
        ValueError: A file that is no Parquet.
    """
    path = results / TABLES[stage] / name / f"{batch}.parquet"
    if not path.is_file():
        return []
    try:
        with pq.ParquetFile(path) as file:
            known = [name for name in _COLUMNS if name in file.schema_arrow.names]
            return file.read(columns=known).to_pylist()
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path} is not a whole Parquet file ({error}). Delete it and run snakemake again."
        ) from error


def rows_of(cell: Cell, rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows of a cell as it is asked for now, whatever version wrote them."""
    return [row for row in rows if study.is_of(cell, row)]


def n_runs_of(cell: Cell) -> int:
    """Return how many runs a cell has: the repeats of an arm, else one."""
    return cell["arm"]["repeats"] if "arm" in cell else 1


def n_done(cell: Cell, rows: Iterable[Mapping[str, Any]]) -> int:
    """Return how many runs of a cell are stored, given its rows."""
    if "arm" in cell:
        return len({row["repeat"] for row in rows})
    return int(any(True for _ in rows))


def spent_s(rows: Iterable[Mapping[str, Any]]) -> float:
    """Return the CPU seconds that rows took together."""
    return sum(row["cpu_time_s"] or 0.0 for row in rows)
