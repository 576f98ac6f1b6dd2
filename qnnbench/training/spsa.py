"""Simultaneous perturbations on a loss that is a plain function of the angles."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from qnnbench.training.optimisers import Spsa, cosine
from qnnbench.training.step_rows import gradient_sizes


class _Asked:
    """A loss that remembers what it gave."""

    def __init__(self, loss: Callable[[np.ndarray], float]) -> None:
        self._loss = loss
        self.values: list[float] = []

    def value(self, params: np.ndarray) -> float:
        self.values.append(self._loss(params))
        return self.values[-1]


def spsa(
    loss: Callable[[np.ndarray], float],
    angles: np.ndarray,
    n_steps: int,
    learning_rate: float,
    shift: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return the angles after so many steps of :class:`Spsa`, and one row per step.

    The learning rate falls on a cosine.

    Args:
        loss: Maps angles to a value, which may be noisy.
        angles: Where to start, in radians, (n_angles,).
        n_steps: Steps.
        learning_rate: Of Adam, in radians.
        shift: Size of the shift of every angle, in radians.
        rng: Draws the directions.

    Returns:
        The angles, and rows of ``steps`` without their numbers: the loss is the mean of
        the two values of the step.
    """
    optimiser = Spsa(learning_rate, shift)
    memory, rows = optimiser.init(angles), []
    for step in range(n_steps):
        clock, asked = time.perf_counter(), _Asked(loss)
        factor = cosine(step, n_steps)
        angles, memory, gradient = optimiser.update(angles, asked, memory, factor, rng)
        row = {
            "loss": float(np.mean(asked.values)),
            **gradient_sizes(gradient),
            "error_estimate": 0.0,
            "status": "ok",
            "wall_time_s": time.perf_counter() - clock,
        }
        rows.append(row)
    return angles, rows
