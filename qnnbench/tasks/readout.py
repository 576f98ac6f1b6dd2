"""The closed-form linear readout of a classifier: an axis and a threshold."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Readout:
    """The closed-form linear readout: an axis in feature space and a threshold.

    Attributes:
        axis: Unit vector from the mean of class 0 to that of class 1, (n_features,).
        threshold: Middle of the widest gap along the axis among the cuts that put most
            training states on their side.
    """

    axis: np.ndarray
    threshold: float

    @classmethod
    def fit(cls, features: np.ndarray, labels: np.ndarray) -> "Readout":
        """Return the readout of training features (n_states, n_features)."""
        difference = features[labels == 1].mean(axis=0) - features[labels == 0].mean(axis=0)
        length = np.linalg.norm(difference)
        axis = difference / length if length > 0 else np.eye(1, features.shape[1])[0]
        return cls(axis, _cut(features @ axis, labels == 1))

    def correct(self, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return whether each state is put on the side of its label, bool (n_states,)."""
        return (features @ self.axis > self.threshold) == (labels == 1)

    def contrast(self, features: np.ndarray, labels: np.ndarray) -> float:
        """Return the difference of the class means along the axis."""
        along = features @ self.axis
        return float(along[labels == 1].mean() - along[labels == 0].mean())


def _cut(along: np.ndarray, is_above: np.ndarray) -> float:
    order = np.argsort(along, kind="stable")
    points, above = along[order], is_above[order]
    gaps = np.diff(points)
    if not gaps.any():
        return float(points[0])
    n_correct = np.cumsum(~above)[:-1] + above[::-1].cumsum()[::-1][1:]
    n_correct = np.where(gaps > 0, n_correct, -1)  # no cut separates equal points
    best = np.flatnonzero(n_correct == n_correct.max())
    gap = best[np.argmax(gaps[best])]
    return float((points[gap] + points[gap + 1]) / 2)
