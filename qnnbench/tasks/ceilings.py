"""The most that an accuracy can be, and the accuracies that are more: bugs or leaks."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from qnnbench.states.datasets import DATASETS
from qnnbench.states.samples import Dataset

LEAST_LIKELY = 1e-6  # luck at the ceiling does more once in a million rows
BEST = "best_accuracy"  # metric of an accuracy that is exact, without samples
ROUNDING = 1e-9  # of such a value


def accuracy_ceiling(dataset: Dataset, n_copies: int) -> float:
    """Return the best accuracy of any measurement of ``n_copies`` of one unseen sample.

    It is 1 where the dataset's family states none.
    """
    family = DATASETS.get(dataset.name)
    return family.ceiling(dataset, n_copies) if family and family.ceiling else 1.0


def contrast_ceiling(dataset: Dataset) -> float:
    """Return the largest contrast in the mean over samples; NaN where no family states one.

    It is ||E ρ_1 - E ρ_0||_1, the trace norm of the difference of the class means: what the
    best observable with outcomes in [-1, 1] reaches. A few test samples scatter about it.
    """
    family = DATASETS.get(dataset.name)
    return family.contrast(dataset) if family and family.contrast else np.nan


def above_ceiling(rows: Iterable[Mapping[Any, Any]]) -> list[str]:
    """Return one line per accuracy that lies above its ceiling by more than luck allows.

    Each accuracy (a metric whose name ends in "accuracy") with a ceiling below 1 is a count
    of right guesses, held against the binomial law at the ceiling, one-sided and exact;
    p < 1e-6 is told. An accuracy of balanced classes varies less than that law: the test
    is on the safe side. An exact accuracy, of metric "best_accuracy", is told where it is
    above by more than rounding. Rows that are not ``ok`` claim nothing and are left out.

    Args:
        rows: Of the tables ``scores`` or ``rivals``.
    """
    return [line for row in rows if (line := _told(row))]


def _told(row: Mapping[Any, Any]) -> str:
    from scipy.stats import binomtest

    metric = str(row.get("metric", ""))
    if not metric.endswith("accuracy") or row.get("status", "ok") != "ok":
        return ""
    value, ceiling, n_samples = (_number(row.get(k)) for k in ("value", "ceiling", "n_samples"))
    if metric == BEST and value > ceiling + ROUNDING:
        found, by = f"{value:.9g} (exact)", "by more than rounding"
    elif np.isfinite(value) and ceiling < 1 and n_samples > 0:
        n_correct = round(value * n_samples)
        p = binomtest(n_correct, int(n_samples), ceiling, alternative="greater").pvalue
        if p >= LEAST_LIKELY:
            return ""
        found, by = f"{value:.4g} ({n_correct} of {n_samples:.0f})", f"p = {p:.1e}"
    else:
        return ""
    return (
        f"{row.get('dataset')} at n_qubits={row.get('n_qubits')}, {row.get('arm')}: "
        f"{metric} {found} is above its ceiling {ceiling:.6g}, {by}: "
        "an accuracy above its ceiling is a bug or a leak"
    )


def _number(value: Any) -> float:
    """Return a number, or NaN for the null of a table."""
    return float("nan") if value is None else float(value)
