"""Columns of a score: its value, 95 % interval, chance line and ceiling."""

from typing import Any

import numpy as np

from qnnbench.tasks.regression import r_squared

CONFIDENCE = 0.95
NORMAL_QUANTILE = 1.959963984540054  # of 0.975
N_RESAMPLES = 1000


def wilson(n_correct: int, n_samples: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a proportion.

    Source: Wilson, J. Am. Stat. Assoc. 22, 209 (1927), through SciPy.
    """
    from scipy.stats import binomtest

    interval = binomtest(n_correct, n_samples).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def accuracy_score(
    correct: np.ndarray, metric: str = "accuracy", ceiling: float = 1.0
) -> dict[str, Any]:
    """Return the columns of an accuracy from a bool array, with its Wilson interval."""
    lower, upper = wilson(int(correct.sum()), len(correct))
    value = float(correct.mean())
    return _columns(metric, value, lower, upper, chance=0.5, ceiling=ceiling)


def contrast_score(
    along: np.ndarray, labels: np.ndarray, ceiling: float = np.nan
) -> dict[str, Any]:
    """Return the columns of the difference of class means, with its normal interval."""
    groups = [along[labels == label] for label in (0, 1)]
    value = float(groups[1].mean() - groups[0].mean())
    spread = np.sqrt(sum(g.var(ddof=1) / len(g) for g in groups if len(g) > 1))
    half = float(NORMAL_QUANTILE * spread)
    return _columns("contrast", value, value - half, value + half, chance=0.0, ceiling=ceiling)


def success_score(success: np.ndarray, metric: str, ceiling: float) -> dict[str, Any]:
    """Return the columns of the mean of probabilities of a right guess, (n_states,).

    The interval is the normal one over states, for what the probabilities spread.
    """
    value, half = float(success.mean()), _half_width(success)
    return _columns(metric, value, value - half, value + half, chance=0.5, ceiling=ceiling)


def r_squared_score(
    targets: np.ndarray,
    predictions: np.ndarray,
    groups: np.ndarray,
    constant: float,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return the columns of R², with its percentile bootstrap interval over groups of states.

    Args:
        targets: The numbers, (n_states,).
        predictions: What is said of them, same shape.
        groups: Equal where states are no independent draws, same shape; a group is resampled
            whole.
        constant: The answer of the chance line.
        rng: Draws the resamples.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), Sec. 13.3.
    """
    middle = targets - targets.mean()
    per_state = (np.ones(len(targets)), middle, middle**2, (targets - predictions) ** 2)
    sums = np.stack([_group_sums(values, groups) for values in per_state])
    n_groups = sums.shape[1]
    drawn = rng.integers(n_groups, size=(N_RESAMPLES, n_groups))
    count, total, squares, errors = sums[:, drawn].sum(axis=-1)
    spread = squares - total**2 / count
    varies = spread > 1e-12 * squares.max()  # one target drawn throughout has no R²
    resampled = 1 - errors[varies] / spread[varies]
    lower, upper = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]).tolist()
    chance = r_squared(targets, np.full(len(targets), constant))
    value = r_squared(targets, predictions)
    return _columns("r_squared", value, lower, upper, chance, ceiling=1.0)


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


def _group_sums(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    _, group = np.unique(groups, return_inverse=True)
    return np.bincount(group, weights=values)


def _half_width(values: np.ndarray, groups: np.ndarray | None = None) -> float:
    """Return half the normal 95 % interval of the mean of values of independent groups.

    The variance of the mean is that of the sum over a group, on every group, over n²; with
    one value a group it is the sample variance over n.
    """
    off = values - values.mean()
    sums = off if groups is None else _group_sums(off, groups)
    if len(sums) < 2:
        return 0.0
    variance = np.sum(sums**2) * len(sums) / (len(sums) - 1)
    return float(NORMAL_QUANTILE * np.sqrt(variance) / len(values))


def paired_difference(
    trained: np.ndarray, untrained: np.ndarray, groups: np.ndarray | None = None
) -> tuple[float, float]:
    """Return the mean of trained - untrained per state and the low end of its 95 % interval.

    States of equal ``groups`` are no independent draws; None: all are.
    """
    difference = trained.astype(float) - untrained.astype(float)
    mean = float(difference.mean())
    return mean, mean - _half_width(difference, groups)
