"""Optimisers as (init, update) pairs on plain arrays."""

from dataclasses import dataclass
from math import cos, pi

import numpy as np

State = dict[str, np.ndarray]


def cosine(step: int, n_steps: int, floor: float = 0.03) -> float:
    """Return the factor of the learning rate at ``step`` (0-based): 1 down to ``floor``."""
    return floor + (1 - floor) * 0.5 * (1 + cos(pi * step / max(n_steps, 1)))


@dataclass(frozen=True)
class Adam:
    """Adam without weight decay.

    Attributes:
        learning_rate: Largest step per angle, radians.
        decay_mean, decay_square: Memory of the gradient's mean and square.
        epsilon: Added to the root of the square.

    Source:
        Kingma and Ba, arXiv:1412.6980, Algorithm 1.
    """

    learning_rate: float
    decay_mean: float = 0.9
    decay_square: float = 0.99
    epsilon: float = 1e-8

    def init(self, params: np.ndarray) -> State:
        """Return the state before the first step."""
        zeros = np.zeros_like(params)
        return {"mean": zeros, "square": zeros.copy(), "count": np.zeros(())}

    def update(
        self, params: np.ndarray, gradient: np.ndarray, state: State, factor: float = 1.0
    ) -> tuple[np.ndarray, State]:
        """Return new parameters and state; ``factor`` scales the learning rate."""
        count = state["count"] + 1
        mean = self.decay_mean * state["mean"] + (1 - self.decay_mean) * gradient
        square = self.decay_square * state["square"] + (1 - self.decay_square) * gradient**2
        unbiased = mean / (1 - self.decay_mean**count)
        root = np.sqrt(square / (1 - self.decay_square**count)) + self.epsilon
        moved = params - factor * self.learning_rate * unbiased / root
        return moved, {"mean": mean, "square": square, "count": count}
