"""The closed-form linear readout of a classifier: an axis and a threshold."""

from dataclasses import dataclass

import numpy as np

RIDGE = 0.01  # added to the variance along every axis: that of a mean of 100 outcomes ±1


@dataclass(frozen=True)
class Readout:
    """The closed-form linear readout: an axis in feature space and a threshold.

    Attributes:
        axis: Unit vector along (W + RIDGE)⁻¹ (μ_1 - μ_0), (n_features,): the means μ of the
            classes and the covariance W within them, classes weighing equally. A feature
            that scatters more than the classes differ counts little; where the scatter is
            far below the ridge the axis is the difference of the means.
        threshold: Middle of the widest gap along the axis among the cuts that put most
            training states on their side.

    Source:
        Friedman, J. Am. Stat. Assoc. 84, 165 (1989), Eq. (18) with a fixed ridge.
    """

    axis: np.ndarray
    threshold: float

    @classmethod
    def fit(cls, features: np.ndarray, labels: np.ndarray) -> "Readout":
        """Return the readout of training features (n_states, n_features)."""
        classes = [features[labels == label] for label in (0, 1)]
        difference = classes[1].mean(axis=0) - classes[0].mean(axis=0)
        offsets = [members - members.mean(axis=0) for members in classes]
        within = sum(off.T @ off / len(off) for off in offsets) / 2
        axis = np.linalg.solve(within + RIDGE * np.eye(len(difference)), difference)
        length = np.linalg.norm(axis)
        axis = axis / length if length > 0 else np.eye(1, len(axis))[0]
        return cls(axis, _cut(features @ axis, labels == 1))

    def correct(self, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return whether each state is put on the side of its label, bool (n_states,)."""
        return (features @ self.axis > self.threshold) == (labels == 1)


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
