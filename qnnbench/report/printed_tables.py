"""The tables that are printed: what each reads, and what of it fits a page.

Adding a table is one entry of ``PRINTED_TABLES``; the workflow and its tests find it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from qnnbench.figures.trainability import LOSS, MAXIMUM, MEAN
from qnnbench.report import machines, tables
from qnnbench.report.cells import Cell, Columns, Table, decades, flag, number, score, text, twice
from qnnbench.report.latex import latex

Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class PrintedTable:
    """A table of a paper: every column and row as CSV, what fits a page as LaTeX.

    Attributes:
        name: File name without ``table_`` and suffix.
        tables: The tables whose rows it takes.
        make: Maps those rows to the table of the report.
        columns: Heading and format of what is printed, by column of its rows.
        intervals: Columns whose two ends are printed beside them: "0.98 [0.95, 0.99]".
    """

    name: str
    tables: tuple[str, ...]
    make: Callable[[Frames], Table]
    columns: Columns
    intervals: dict[str, tuple[str, str]]

    def csv(self, frames: Frames) -> str:
        """Return all its rows in full precision; lists and columns without values are left out."""
        rows = self.make(frames).frame.dropna(axis="columns", how="all")
        lists = [
            name
            for name in rows
            if rows[name]
            .map(lambda cell: hasattr(cell, "__len__") and not isinstance(cell, str))
            .any()
        ]
        return rows.drop(columns=lists).to_csv(index=False, lineterminator="\n")

    def latex(self, frames: Frames) -> str:
        """Return what fits a page, one line per row."""
        made = self.make(frames)
        shown = [
            [self._cell(row, name) for name in self.columns]
            for row in made.frame.to_dict("records")
        ]
        headings = [heading for heading, _ in self.columns.values()]
        return latex(self.name, made.caption, headings, shown)

    def _cell(self, row: dict, name: str) -> Cell:
        _, shown = self.columns[name]
        cell, ends = shown(row[name]), self.intervals.get(name)
        if ends is None or any(pd.isna(row[end]) for end in ends):
            return cell
        low, high = (shown(row[end]).text for end in ends)
        return Cell(f"{cell.text} [{low}, {high}]", cell.key)


_ARM: Columns = {
    "dataset": ("dataset", text),
    "arm": ("arm", text),
    "n_qubits": ("qubits", number),
}
_CURVE: Columns = {
    "ansatz": ("ansatz", text),
    "observable": ("observable", text),
    "angles": ("angles", text),
    "contrast": ("contrast", text),
}
_STATUS: Columns = {"status": ("status", text), "reason": ("reason", text)}
_SPREAD = {"value": ("lower", "upper")}

PRINTED_TABLES = {
    printed.name: printed
    for printed in (
        PrintedTable(
            "moments",
            ("trainability",),
            lambda frames: tables.moments(frames["trainability"]),
            {
                **_CURVE,
                "n_qubits": ("qubits", number),
                LOSS: ("Var C", decades),
                MEAN: ("Var ∂C, mean (rad⁻²)", decades),
                MAXIMUM: ("max (rad⁻²)", decades),
                "method": ("method", text),
            },
            {
                LOSS: (f"{LOSS}_lower", f"{LOSS}_upper"),
                MEAN: (f"{MEAN}_lower", f"{MEAN}_upper"),
            },
        ),
        PrintedTable(
            "verdicts",
            ("verdicts",),
            lambda frames: tables.verdicts(frames["verdicts"]),
            {
                **_CURVE,
                "method": ("method", text),
                "quantity": ("quantity", text),
                "verdict": ("verdict", text),
                "log10_rate": ("rate (decades per qubit)", score),
                "exponent": ("exponent", twice),
                "log10_shots": ("shots", decades),
            },
            {
                "log10_rate": ("log10_rate_lower", "log10_rate_upper"),
                "exponent": ("exponent_lower", "exponent_upper"),
            },
        ),
        PrintedTable(
            "scores",
            ("scores", "runs"),
            lambda frames: tables.scores(frames["scores"], frames["runs"]),
            {
                **_ARM,
                "metric": ("metric", text),
                "n_repeats": ("repeats", number),
                "median": ("median over repeats", score),
                "untrained_value": ("untrained", score),
                "chance": ("chance", score),
                "ceiling": ("ceiling", score),
            },
            {"median": ("low", "high")},
        ),
        PrintedTable(
            "comparisons",
            ("scores", "rivals"),
            lambda frames: tables.comparisons(frames["scores"], frames["rivals"]),
            {
                **_ARM,
                "metric": ("metric", text),
                "against": ("against", text),
                "n_pairs": ("pairs", number),
                "median_difference": ("median difference", score),
                "p_value": ("p (sign test)", score),
            },
            {"median_difference": ("low", "high")},
        ),
        PrintedTable(
            "rivals",
            ("rivals",),
            lambda frames: tables.rivals(frames["rivals"]),
            {
                "dataset": ("dataset", text),
                "n_qubits": ("qubits", number),
                "arm": ("rival", text),
                "record": ("what was measured", text),
                "n_copies": ("copies", number),
                "value": ("accuracy", score),
                "ceiling": ("ceiling", score),
            },
            _SPREAD,
        ),
        PrintedTable(
            "hardware",
            ("hardware",),
            lambda frames: machines.hardware(frames["hardware"]),
            {
                "arm": ("arm", text),
                "n_qubits": ("qubits", number),
                "device": ("device", text),
                "n_physical": ("physical qubits", number),
                "n_two_qubit": ("two-qubit gates", number),
                "metric": ("metric", text),
                "value": ("value", score),
                "noiseless": ("without errors", score),
            },
            _SPREAD,
        ),
        PrintedTable(
            "jobs",
            ("jobs",),
            lambda frames: machines.jobs(frames["jobs"]),
            {
                "arm": ("arm", text),
                "n_qubits": ("qubits", number),
                "device": ("device", text),
                "state_index": ("test state", number),
                "job_state": ("job", text),
                "n_shots": ("shots", number),
                "n_upper": ("for class 1", number),
                "cost": ("cost", twice),
                "cost_unit": ("unit", text),
            },
            {},
        ),
        PrintedTable(
            "runs",
            ("runs",),
            lambda frames: tables.runs(frames["runs"]),
            {
                **_ARM,
                "backend": ("backend", text),
                "repeats": ("repeats", number),
                "cpu_time_s": ("CPU (s)", number),
                "peak_memory_mb": ("memory (MB)", number),
                "error_estimate": ("error", score),
                "status": ("status", text),
            },
            {},
        ),
        PrintedTable(
            "not_run",
            ("runs", "trainability"),
            lambda frames: tables.not_run(frames["runs"], frames["trainability"]),
            {
                **_ARM,
                **_STATUS,
                MEAN: ("Var ∂C, mean (rad⁻²)", decades),
            },
            {},
        ),
        PrintedTable(
            "datasets",
            ("datasets",),
            lambda frames: tables.datasets(frames["datasets"]),
            {
                "dataset": ("dataset", text),
                "n_qubits": ("qubits", number),
                "n_train": ("train", number),
                "n_validation": ("validation", number),
                "n_test": ("test", number),
                "max_bond_dim": ("bond", number),
                "content_hash": ("content", text),
            },
            {},
        ),
        PrintedTable(
            "certificates",
            ("certificates",),
            lambda frames: tables.certificates(frames["certificates"]),
            {
                "dataset": ("dataset", text),
                "n_qubits": ("qubits", number),
                "fact": ("fact", text),
                "value": ("value", score),
                "expected": ("expected", score),
                "holds": ("holds", flag),
            },
            {},
        ),
    )
}
