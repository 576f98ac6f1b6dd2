"""Predicting a number of each state: a linear head on the readout, fitted in closed form."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LinearHead:
    """Least squares with an intercept.

    Attributes:
        weights: Of the features, (n_features,); the shortest where several fit equally.
        intercept: Prediction where all features are zero.
    """

    weights: np.ndarray
    intercept: float

    @classmethod
    def fit(cls, features: np.ndarray, targets: np.ndarray) -> "LinearHead":
        """Return the head of training features (n_states, n_features)."""
        middle = features.mean(axis=0)
        weights, *_ = np.linalg.lstsq(features - middle, targets - targets.mean())
        return cls(weights, float(targets.mean() - middle @ weights))

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return one number per state, (n_states,)."""
        return features @ self.weights + self.intercept


def r_squared(targets: np.ndarray, predictions: np.ndarray) -> float:
    """Return 1 - (mean squared error) / (variance of the targets); 1 is perfect."""
    return float(np.mean(explained(targets, predictions)))


def explained(targets: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Return 1 - squared error / variance of the targets of each state: their mean is R².

    Args:
        targets: The numbers, (…, n_states); each leading index is a set of states.
        predictions: What is said of them, same shape.
    """
    return np.asarray(1 - (targets - predictions) ** 2 / targets.var(axis=-1, keepdims=True))
