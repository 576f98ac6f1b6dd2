"""States with labels and weights: what a loss is a mean over."""

from dataclasses import dataclass

import numpy as np

from qnnbench.states.mps import InputState
from qnnbench.states.samples import Dataset


@dataclass(frozen=True)
class Batch:
    """States with labels and weights: classes weigh equally, or as their ensemble says."""

    states: tuple[InputState, ...]
    labels: np.ndarray
    weights: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Weights that sum to one over all states."""
        return self.weights / self.weights.sum()


def batch(dataset: Dataset, chosen: np.ndarray | None = None) -> Batch:
    """Return samples of a dataset; classes weigh equally unless the dataset is an ensemble."""
    rows = np.arange(len(dataset.states)) if chosen is None else chosen
    labels = dataset.labels[rows]
    weights = 1 / np.bincount(labels)[labels]
    if "weights" in dataset.details:
        weights = weights * np.asarray(dataset.details["weights"], dtype=float)[labels]
    return Batch(tuple(dataset.states[i] for i in rows), labels, weights)
