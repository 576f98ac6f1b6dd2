"""Columns of a score: its value, 95 % interval, chance line and ceiling."""

from typing import Any

import numpy as np

CONFIDENCE = 0.95
NORMAL_QUANTILE = 1.959963984540054  # of 0.975


def wilson(n_correct: int, n_samples: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a proportion.

    Source: Wilson, J. Am. Stat. Assoc. 22, 209 (1927), through SciPy.
    """
    from scipy.stats import binomtest

    interval = binomtest(n_correct, n_samples).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def accuracy_score(correct: np.ndarray) -> dict[str, Any]:
    """Return the columns of an accuracy from a bool array, with its Wilson interval."""
    lower, upper = wilson(int(correct.sum()), len(correct))
    value = float(correct.mean())
    return _columns("accuracy", value, lower, upper, chance=0.5, ceiling=1.0)


def contrast_score(along: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Return the columns of the difference of class means, with its normal interval."""
    groups = [along[labels == label] for label in (0, 1)]
    value = float(groups[1].mean() - groups[0].mean())
    spread = np.sqrt(sum(g.var(ddof=1) / len(g) for g in groups if len(g) > 1))
    half = float(NORMAL_QUANTILE * spread)
    return _columns("contrast", value, value - half, value + half, chance=0.0, ceiling=np.nan)


def _columns(
    metric: str, value: float, lower: float, upper: float, chance: float, ceiling: float
) -> dict[str, Any]:
    return {
        "metric": metric,
        "value": value,
        "lower": lower,
        "upper": upper,
        "chance": chance,
        "ceiling": ceiling,
    }


def paired_difference(trained: np.ndarray, untrained: np.ndarray) -> tuple[float, float]:
    """Return the mean of trained - untrained per state and the low end of its 95 % interval."""
    difference = trained.astype(float) - untrained.astype(float)
    spread = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
    return float(difference.mean()), float(difference.mean() - NORMAL_QUANTILE * spread)
