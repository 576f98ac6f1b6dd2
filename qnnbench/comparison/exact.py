"""Numbers that are computed, not drawn: they move where they leave their stated errors."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from qnnbench.comparison.noise import NORMAL_QUANTILE, two_means

N_ERRORS = 3.0  # stated errors are estimates
ROUNDING = 1e-10
MOMENTS = {  # column: the column of its relative error
    "log10_variance": "relative_error",
    "log10_gradient_variance_mean": "gradient_relative_error",
    "log10_gradient_variance_max": "gradient_relative_error",
}

Found = Iterator[dict[str, Any]]


def moved(table: str, old: pd.DataFrame, new: pd.DataFrame) -> Found:
    """Yield what moved between the rows of one cell of a table, the same repeats in order."""
    for (_, before), (_, after) in zip(old.iterrows(), new.iterrows(), strict=True):
        yield from _LOOKS.get(table, _nothing)(before, after)


def _nothing(before: pd.Series, after: pd.Series) -> Found:
    yield from ()


def _moments(before: pd.Series, after: pd.Series) -> Found:
    for column, error in MOMENTS.items():
        old, new = float(before[column]), float(after[column])
        if old == new or (np.isnan(old) and np.isnan(new)):
            continue
        by = f"{old:.6g} → {new:.6g} (by {new - old:.2g})"
        known: dict[str, Any] = {"kind": "moved", "what": f"{column} {by}"}
        known |= {"before": old, "after": new}
        if "monte-carlo" in (before["method"], after["method"]):
            errors = [_sampling_error(row, column, error) for row in (before, after)]
            if not np.isnan(errors).any():
                half = NORMAL_QUANTILE * float(np.hypot(errors[0], errors[1]))
                ends = {"lower": new - old - half, "upper": new - old + half}
                yield known | ends | {"p_value": two_means(new - old, errors[0], errors[1])}
                continue
        allowed = ROUNDING + sum(_decades(row[error]) for row in (before, after))
        if not abs(new - old) <= allowed:  # an exact zero, -inf, too
            yield known | {"what": f"{known['what']}, errors allow {allowed:.2g}"}


def _sampling_error(row: pd.Series, column: str, error: str) -> float:
    """Return the standard error of a log10 that was sampled, or the stated one of an exact."""
    lower, upper = (row.get(f"{column}_{end}", np.nan) for end in ("lower", "upper"))
    if pd.notna(lower) and pd.notna(upper):
        return float(upper - lower) / (2 * NORMAL_QUANTILE)
    return _decades(row[error]) if row["method"] != "monte-carlo" else np.nan


def _decades(relative_error: Any) -> float:
    """Return what three times a relative error is on a log10."""
    return 0.0 if pd.isna(relative_error) else float(np.log10(1 + N_ERRORS * relative_error))


def _certificate(before: pd.Series, after: pd.Series) -> Found:
    if before["holds"] != after["holds"]:
        kind = "regression" if before["holds"] else "improvement"
        yield {"kind": kind, "what": f"holds {before['holds']} → {after['holds']}"}
    elif pd.isna(after["expected"]):  # a measured quantity; a claim may vary within its tolerance
        old, new = float(before["value"]), float(after["value"])
        if abs(new - old) > 1e-6 * max(abs(old), abs(new)):
            told = {"before": old, "after": new}
            what = f"value {old:.6g} → {new:.6g} (by {new - old:.2g})"
            yield {"kind": "moved", "what": what, **told}


def _words(column: str) -> Callable[[pd.Series, pd.Series], Found]:
    def look(before: pd.Series, after: pd.Series) -> Found:
        if before[column] != after[column] and pd.notna([before[column], after[column]]).all():
            yield {"kind": "moved", "what": f"{column} {before[column]} → {after[column]}"}

    return look


_LOOKS: dict[str, Callable[[pd.Series, pd.Series], Found]] = {
    "trainability": _moments,
    "certificates": _certificate,
    "datasets": _words("content_hash"),
    "verdicts": _words("verdict"),
    "claims": _words("verdict"),
}
