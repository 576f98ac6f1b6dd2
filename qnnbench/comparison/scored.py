"""Scores of one cell before and after, repeat by repeat, against states and seeds."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from qnnbench.comparison.noise import (
    FEWEST_FLIPPED,
    NORMAL_QUANTILE,
    difference_of_proportions,
    sign_flips,
    two_means,
    two_proportions,
)

ROUNDING = 1e-9


def tested(table: str, old: pd.DataFrame, new: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield what tells one cell's scores before and after apart, with its p value.

    Two kinds of chance could make a difference. Test states: the mean over repeats is held
    against the spread of one repeat over its states, as if all repeats saw the same. Seeds: of
    six repeats and more, the paired permutation test; of fewer, which can reach no level, all
    must have moved the same way. The larger p counts.

    Args:
        table: Its name.
        old: The ok rows of one cell.
        new: Theirs now, the same repeats in the same order.
    """
    differences = new["value"].to_numpy(float) - old["value"].to_numpy(float)
    if np.isnan(differences).any() or np.all(np.abs(differences) <= ROUNDING):
        return
    before, after = float(old["value"].mean()), float(new["value"].mean())
    p_states, ends = _states(old, new, before, after)
    p_value = max(p_states, _seeds(differences))
    repeats = f"mean of {len(differences)} repeats " if len(differences) > 1 else ""
    yield {
        "kind": "regression" if after < before else "improvement",
        "what": f"{repeats}{before:.4g} → {after:.4g}",
        "before": before,
        "after": after,
        "lower": ends[0],
        "upper": ends[1],
        "p_value": p_value,
    }


def _states(
    old: pd.DataFrame, new: pd.DataFrame, before: float, after: float
) -> tuple[float, tuple[float, float]]:
    """Return the p value of the draw of test states, and the interval of the difference."""
    metric = str(new["metric"].iloc[0])
    counts = [rows["n_samples"].iloc[0] for rows in (old, new)]
    if metric.endswith("accuracy") and metric != "best_accuracy" and not any(map(pd.isna, counts)):
        n_before, n_after = (int(count) for count in counts)
        p_value = two_proportions(before, after, n_before, n_after)
        return p_value, difference_of_proportions(before, after, n_before, n_after)
    error_before, error_after = _standard_error(old), _standard_error(new)
    half = float(NORMAL_QUANTILE * np.hypot(error_before, error_after))
    return two_means(after - before, error_before, error_after), (
        after - before - half,
        after - before + half,
    )


def _standard_error(rows: pd.DataFrame) -> float:
    """Return that of one repeat: from its interval over states, or the error of its value."""
    widths = (rows["upper"] - rows["lower"]).fillna(0.0)
    errors = rows["error_estimate"].fillna(0.0)
    return max(float(widths.mean()) / (2 * NORMAL_QUANTILE), float(errors.max()))


def _seeds(differences: np.ndarray) -> float:
    if len(differences) >= FEWEST_FLIPPED:
        return sign_flips(differences)
    same_way = np.all(differences > 0) or np.all(differences < 0)
    return 0.0 if same_way else 1.0
