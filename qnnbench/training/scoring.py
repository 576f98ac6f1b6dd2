"""Validation and test scores of trained angles, beside the untrained network's."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from qnnbench.circuits.ansatze import Network
from qnnbench.registry import lookup
from qnnbench.states.samples import Dataset
from qnnbench.training.classifier import Classifier
from qnnbench.training.compressor import Compressor
from qnnbench.training.objective import LARGEST_ERROR
from qnnbench.training.preparer import Preparer
from qnnbench.training.regressor import Regressor
from qnnbench.training.settings import Settings

Rows = list[dict[str, Any]]

LARGEST_SHIFT = 0.02  # of a test score when the bond is doubled


class Scorer(Protocol):
    """Judges angles of one network on one dataset, at an operator bond."""

    def validate(self, params: np.ndarray, bond_dim: int) -> tuple[float, float]:
        """Return the validation score and a finer one that breaks ties; larger is better."""

    def test(
        self, params: np.ndarray, untrained: np.ndarray, rng: np.random.Generator, bond_dim: int
    ) -> tuple[Rows, float]:
        """Return score rows on the test split and the relative error of what they rest on.

        The first row is the task's main score. Called after training, for the angles that
        validation chose: nothing else reads the test split. ``rng`` draws what the scores
        draw: outcomes, resamples.
        """


SCORERS: dict[str, Callable[[Network, Dataset, Settings], Scorer]] = {
    "classification": Classifier,
    "compression": Compressor,
    "regression": Regressor,
    "preparation": Preparer,
}


def scorer(task: str, network: Network, dataset: Dataset, settings: Settings) -> Scorer:
    """Return the scorer of a task."""
    return lookup(SCORERS, task, "task")(network, dataset, settings)


def verdict(score: Mapping[str, Any], relative_error: float) -> dict[str, str]:
    """Return status and reason of a score: "failed" where truncation could have made it."""
    shift = abs(score["value"] - score["value_at_double_bond"])
    if relative_error <= LARGEST_ERROR and shift <= LARGEST_SHIFT:
        return {"status": "ok", "reason": ""}
    reason = (
        f"the relative error is {relative_error:.2g} (limit {LARGEST_ERROR}) and doubling the "
        f"bond moves the {score['metric']} by {shift:.2g} (limit {LARGEST_SHIFT})"
    )
    return {"status": "failed", "reason": reason}
