"""The rows of table ``verdicts``: how each curve of table ``trainability`` scales."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from qnnbench.moments.verdict import Verdict, scaling_verdict

LOSS, GRADIENT = "loss variance", "mean gradient variance"
CONTRAST = "contrast variance"
MEAN = "log10_gradient_variance_mean"
CURVE = ("curve", "ansatz", "sharing", "tied", "observable", "angles", "dataset", "contrast")


def verdict_rows(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the verdicts on one curve: on its variance and on its mean gradient variance.

    A curve over several laws, contrasts or depths has verdicts on each of them; depths at
    one width have none. Sampled values are judged apart from exact ones, and beside the
    median of |∂C|.

    Args:
        rows: Of table ``trainability``, of one curve.
    """
    verdicts: list[dict[str, Any]] = []
    for _, part in rows.groupby(list(CURVE), dropna=False):
        by_depth = bool(part["n_qubits"].duplicated().any())
        for _, own in part.groupby("n_layers") if by_depth else [(None, part)]:
            if not by_depth or len(own) > 1:
                verdicts += _verdicts_of(own, by_depth)
    return verdicts


def _verdicts_of(rows: pd.DataFrame, by_depth: bool) -> Iterator[dict[str, Any]]:
    done = rows[rows["status"] == "ok"].sort_values("n_qubits")
    kinds = [kind for _, kind in done.groupby(done["n_samples"] > 0)]
    for kind in kinds or [done]:
        first = (kind if kinds else rows).iloc[0]
        shared = {name: _plain(first[name]) for name in (*CURVE, "method")}
        shared["n_layers"] = int(first["n_layers"]) if by_depth else None
        for found in _judged(kind, shared["contrast"] is not None):
            yield shared | found


def _judged(done: pd.DataFrame, has_contrast: bool) -> Iterator[dict[str, Any]]:
    """Yield the verdicts on values that are all exact, or all sampled."""
    median = None
    if (done["n_samples"] > 0).any():
        done = done[done["gradient_size_median"].notna()]
        with np.errstate(divide="ignore"):
            sizes = done["gradient_size_median"].to_numpy(float)
            median = pd.Series(np.log10(sizes), index=done.index)
    for quantity, column in (
        (CONTRAST if has_contrast else LOSS, "log10_variance"),
        (f"{GRADIENT} of the contrast" if has_contrast else GRADIENT, MEAN),
    ):
        seen = done[done[column].notna()]
        if seen.empty and len(done):
            continue  # no gradients were asked for
        middle = None if median is None else median[seen.index].tolist()
        logs = seen[column].tolist()
        found = scaling_verdict(seen["n_qubits"].tolist(), logs, middle)
        widest = int(seen["n_qubits"].max()) if len(seen) else None
        shots = _plain(seen["log10_shots"].iloc[-1]) if len(seen) else None
        numbers = {"n_qubits": widest, "quantity": quantity, "log10_shots": shots}
        yield numbers | _verdict_columns(found)


def _verdict_columns(found: Verdict) -> dict[str, Any]:
    renamed = {
        "reason": "verdict_reason",
        "median": "median_verdict",
        "rate": "log10_rate",
        "rate_lower": "log10_rate_lower",
        "rate_upper": "log10_rate_upper",
    }
    columns = {renamed.get(name, name): value for name, value in vars(found).items()}
    return {**columns, "median_verdict": found.median or None}


def _plain(value: Any) -> Any:
    """Return a value of a frame as Python's; a null is None."""
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value
