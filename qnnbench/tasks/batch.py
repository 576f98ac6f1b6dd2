"""States with labels, targets and weights: what a loss is a mean over."""

from dataclasses import dataclass

import numpy as np

from qnnbench.states.mps import InputState
from qnnbench.states.samples import Dataset


@dataclass(frozen=True)
class Batch:
    """States with labels and weights: classes weigh equally, or as their ensemble says.

    Attributes:
        states: Input states.
        labels: Class of each state, int (n_states,), like all arrays here.
        weights: Weight of each state, of any sum.
        targets: What a regression predicts, scaled to run from -1 to 1 over the split that
            the batch is taken from; NaN where the states have no targets.
    """

    states: tuple[InputState, ...]
    labels: np.ndarray
    weights: np.ndarray
    targets: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Weights that sum to one over all states."""
        return self.weights / self.weights.sum()


def batch(dataset: Dataset, chosen: np.ndarray | None = None) -> Batch:
    """Return samples of a split; classes weigh equally unless the dataset is an ensemble.

    Args:
        dataset: The split.
        chosen: Rows of it; None for all.
    """
    rows = np.arange(len(dataset.states)) if chosen is None else chosen
    labels = dataset.labels[rows]
    weights = 1 / np.bincount(labels)[labels]
    if "weights" in dataset.details:
        weights = weights * np.asarray(dataset.details["weights"], dtype=float)[labels]
    targets = _spread(dataset.targets)[rows]
    return Batch(tuple(dataset.states[i] for i in rows), labels, weights, targets)


def _spread(targets: np.ndarray) -> np.ndarray:
    """Return targets moved and scaled to run from -1 to 1, as the mean of a Pauli string can."""
    low = targets.min()
    return 2 * (targets - low) / ((targets.max() - low) or 1.0) - 1
