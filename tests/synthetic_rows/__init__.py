"""Rows of a study that never ran: shapes and magnitudes are plausible, no number is a result."""

from pathlib import Path
from typing import Any

from qnnbench.results import write_rows
from tests.synthetic_rows.identities import NOT_RUN
from tests.synthetic_rows.machines import machines
from tests.synthetic_rows.moments import moment, sampled, trainability, verdicts
from tests.synthetic_rows.states import data, rivals
from tests.synthetic_rows.training import training

__all__ = [
    "NOT_RUN",
    "data",
    "machines",
    "moment",
    "rivals",
    "sampled",
    "study",
    "trainability",
    "training",
    "verdicts",
    "write",
]


def study(**options: Any) -> dict[str, list[dict[str, Any]]]:
    """Return rows of every table."""
    moments = {"trainability": trainability(), "verdicts": verdicts()}
    return data() | moments | training(**options) | {"rivals": rivals()} | machines()


def write(tables: dict[str, list[dict[str, Any]]], folder: Path) -> dict[str, list[Path]]:
    """Write one Parquet file per table and return what ``write_report`` takes."""
    for table, rows in tables.items():
        write_rows(folder / f"{table}.parquet", table, rows)
    return {table: [folder / f"{table}.parquet"] for table in tables}
