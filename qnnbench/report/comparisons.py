"""Paired comparisons: every arm against each baseline on the same states and seeds."""

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from qnnbench.figures.repeats import median_interval, sign_test
from qnnbench.figures.scores import drawable, main_scores

UNTRAINED = "untrained"

COLUMNS = (
    "dataset",
    "n_qubits",
    "metric",
    "arm",
    "against",
    "record",  # what was measured for the baseline
    "n_copies",  # that the baseline used up
    "n_pairs",
    "median_difference",
    "low",  # ends of its 95 % bootstrap interval
    "high",
    "n_above",
    "n_below",
    "p_value",
)

_PLACE = ["dataset", "metric", "n_qubits"]
_CELL = [*_PLACE, "task", "n_copies", "n_kept", "target", "error_rate"]
_METHOD = ["arm", "record", "n_copies"]


@dataclass(frozen=True)
class _Method:
    """Something that was scored in one cell.

    Attributes:
        arm, record, n_copies: As in the rows.
        is_trained: Whether it is an arm of its own; else it is a baseline only.
        values: Score by repeat.
        before: The same, before training, where it is known.
    """

    arm: str
    record: str
    n_copies: float
    is_trained: bool
    values: dict[int, float]
    before: dict[int, float]


def comparisons(scores: pd.DataFrame, rivals: pd.DataFrame) -> pd.DataFrame:
    """Return arm minus baseline in the main score, paired by repeat: ``COLUMNS``.

    All repeats of one dataset and width share test states, and repeats of one number share
    their seeds. Baselines of an arm: the same network before training; the other arms of its
    dataset, task and number of kept qubits, each pair once; and, of an accuracy on these test
    states, the classical learners. What measures pairs of copies draws its own: it has no such
    baselines. A learner with one repeat is compared with every repeat of the arm. Rows that
    did not end well pair with nothing.

    Args:
        scores: Of table ``scores``.
        rivals: Of table ``rivals``.
    """
    learners = _learners(rivals)
    found: list[dict[str, Any]] = []
    for _, cell in main_scores(scores).groupby(_CELL, dropna=False):
        methods = _methods(cell)
        place = {name: cell[name].iloc[0] for name in _PLACE}
        others = learners.get(tuple(place.values()), []) if cell["n_copies"].isna().all() else []
        for i, own in enumerate(methods):
            if not own.is_trained:
                continue
            untrained = replace(own, arm=UNTRAINED, values=own.before)
            rest = [method for j, method in enumerate(methods) if j > i or not method.is_trained]
            for baseline in (untrained, *rest, *others):
                found += [{**place, **row} for row in _compared(own, baseline)]
    return pd.DataFrame(found, columns=list(COLUMNS))


def _learners(rivals: pd.DataFrame) -> dict[tuple, list[_Method]]:
    """Return classical learners by dataset, metric and width; a network's surrogate is none."""
    done = drawable(rivals)
    places = done[done["ansatz"] == ""].groupby(_PLACE)
    return {tuple(place): _methods(part) for place, part in places}


def _methods(rows: pd.DataFrame) -> list[_Method]:
    found = []
    for _, part in rows.groupby(_METHOD, dropna=False):
        first, repeats = part.iloc[0], part["repeat"].tolist()
        before = zip(repeats, part["untrained_value"].tolist(), strict=True)
        found.append(
            _Method(
                *(first["arm"], first["record"], first["n_copies"], bool(first["ansatz"])),
                values=dict(zip(repeats, part["value"].tolist(), strict=True)),
                before={repeat: value for repeat, value in before if pd.notna(value)},
            )
        )
    return found


def _compared(own: _Method, baseline: _Method) -> list[dict[str, Any]]:
    """Return one row of what the pairs say; none where no repeats pair up."""
    other = baseline.values
    if len(other) == 1 and not baseline.is_trained:
        other = dict.fromkeys(own.values, *other.values())
    differences = [value - other[k] for k, value in own.values.items() if k in other]
    if not differences:
        return []
    median, low, high = median_interval(differences)
    return [
        {
            "arm": own.arm,
            "against": baseline.arm,
            "record": baseline.record,
            "n_copies": baseline.n_copies,
            "n_pairs": len(differences),
            "median_difference": median,
            "low": low,
            "high": high,
            "n_above": sum(d > 0 for d in differences),
            "n_below": sum(d < 0 for d in differences),
            "p_value": sign_test(differences),
        }
    ]
