"""Which rows bear on a claim, and what they say: a value with its interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qnnbench.claims.bounds import BOUNDS
from qnnbench.claims.cards import Test
from qnnbench.figures.repeats import median_interval

HOLDS, FAILS, UNDECIDED, NO_ROWS = "holds", "fails", "undecided", "no rows"

_CELL = (  # what tells cells apart whose rows are repeats of each other
    *("task", "arm", "loss_name", "observable", "dataset", "n_qubits", "ansatz", "n_layers"),
    *("sharing", "n_kept", "target", "error_rate", "record", "n_copies", "metric"),
    *("device", "noise_scale", "backend"),
)


@dataclass(frozen=True)
class Found:
    """What a test found.

    Attributes:
        outcome: "holds", "fails", "undecided" or "no rows".
        n_rows: Rows that were asked.
        run_ids: Theirs, each once, sorted.
        value: The number; None of words and of no rows.
        lower, upper: Its 95 % interval; of an exact number its error; both the value where
            neither is known.
        words: The values of a column of words, or empty.
        threshold: The number it was held against, or None.
    """

    outcome: str
    n_rows: int = 0
    run_ids: tuple[str, ...] = ()
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    words: str = ""
    threshold: float | None = None


def ask(test: Test, frames: Mapping[str, pd.DataFrame]) -> Found:
    """Return what the rows of a study, or a published number, say to ``test``.

    Rows that are not ``ok`` say nothing unless the test asks for a status. Rows that are
    repeats of each other are one cell: their median, whose interval spans that over repeats
    (bootstrap) and that of the median repeat over states. The test is about the cell with the
    largest or least value. It holds where the whole interval lies as claimed, fails where none
    of it does, and is undecided between.

    Args:
        test: What is claimed.
        frames: Rows by table; a table left out has none.
    """
    if test.published is not None:
        threshold = _number(test.threshold)
        ends = (test.published, test.published)
        outcome = compared(test.relation, ends, threshold)
        return Found(outcome, 0, (), test.published, *ends, threshold=threshold)
    rows = selected(test, frames.get(test.table, pd.DataFrame()))
    ids = tuple(sorted(rows["run_id"].dropna().unique())) if len(rows) else ()
    rows = rows[rows[test.column].notna()] if len(rows) else rows
    if rows.empty:
        return Found(NO_ROWS)
    if test.is_text:
        return _worded(test, rows, ids)
    cells = [_cell(test, part) for part in _cells(rows)]
    row, value, lower, upper = (max if test.take == "max" else min)(cells, key=lambda c: c[1])
    threshold = _number(test.threshold, row)
    outcome = compared(test.relation, (lower, upper), threshold)
    return Found(outcome, len(rows), ids, value, lower, upper, threshold=threshold)


def selected(test: Test, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows a test is about."""
    for column, wanted in {"status": "ok", **test.where}.items():
        if rows.empty:
            break
        rows = rows[_matches(rows[column], wanted)]
    return rows


def _matches(values: pd.Series, wanted: Any) -> pd.Series:
    if wanted is None:
        return values.isna()
    if isinstance(wanted, list):
        return values.isin(wanted)
    if not isinstance(wanted, Mapping):
        return values == wanted
    kept = values.notna()
    if "at_least" in wanted:
        kept &= values >= wanted["at_least"]
    if "at_most" in wanted:
        kept &= values <= wanted["at_most"]
    return kept


def _worded(test: Test, rows: pd.DataFrame, ids: tuple[str, ...]) -> Found:
    """Return what a column of words or truth values says: all rows must agree."""
    values = set(rows[test.column])
    if values == {test.threshold}:
        outcome = HOLDS
    elif test.threshold in values or UNDECIDED in values:
        outcome = UNDECIDED
    else:
        outcome = FAILS
    return Found(outcome, len(rows), ids, words=", ".join(sorted(map(str, values))))


def _cells(rows: pd.DataFrame) -> list[pd.DataFrame]:
    if "repeat" not in rows:
        return [rows.iloc[[i]] for i in range(len(rows))]
    key = [name for name in _CELL if name in rows]
    return [part for _, part in rows.groupby(key, dropna=False)]


def _cell(test: Test, rows: pd.DataFrame) -> tuple[pd.Series, float, float, float]:
    """Return the median row of a cell, its value and the ends of the interval."""
    ordered = rows.sort_values([test.column, "run_id"])
    row = ordered.iloc[(len(ordered) - 1) // 2]
    value, low, high = median_interval(ordered[test.column].to_numpy(float))
    lower, upper = interval(row, test.column)
    return row, value, min(low, lower), max(high, upper)


def interval(row: pd.Series, column: str) -> tuple[float, float]:
    """Return the ends of the interval of one number of a row.

    That of its own columns, ``{column}_lower`` and ``_upper``, or ``lower`` and ``upper`` of a
    ``value``; of an exact moment, what its relative error spans; else the number twice.
    """
    value = float(row[column])
    ends = (f"{column}_lower", f"{column}_upper")
    if column == "value" and "lower" in row:
        ends = ("lower", "upper")
    if all(end in row and pd.notna(row[end]) for end in ends):
        return float(row[ends[0]]), float(row[ends[1]])
    error = "gradient_relative_error" if "gradient" in column else "relative_error"
    if column.startswith("log10_") and error in row and pd.notna(row[error]):
        share = float(row[error])
        down = np.log10(1 - share) if share < 1 else -np.inf
        return value + float(down), value + float(np.log10(1 + share))
    return value, value


def _number(threshold: Any, row: pd.Series | None = None) -> float:
    """Return the number that a threshold stands for: itself, a bound, a column of ``row``."""
    if isinstance(threshold, Mapping):
        return BOUNDS[threshold["bound"]]()
    if isinstance(threshold, str) and row is not None:
        return float(row[threshold])
    return float(threshold)


def compared(relation: str, ends: tuple[float, float], threshold: float) -> str:
    """Return whether an interval lies as claimed: wholly, not at all, or in part."""
    lower, upper = ends
    if np.isnan(threshold) or np.isnan(lower) or np.isnan(upper):
        return UNDECIDED
    if relation == "equal":
        if lower == upper == threshold:
            return HOLDS
        return UNDECIDED if lower <= threshold <= upper else FAILS
    if relation in ("below", "at_most"):
        lower, upper, threshold = -upper, -lower, -threshold
    if relation in ("above", "below"):
        return HOLDS if lower > threshold else FAILS if upper <= threshold else UNDECIDED
    return HOLDS if lower >= threshold else FAILS if upper < threshold else UNDECIDED
