"""Simultaneous perturbations: gradients of noisy losses that cost two values each."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from qnnbench.training.optimisers import Adam, cosine


def spsa(
    loss: Callable[[np.ndarray], float],
    angles: np.ndarray,
    n_steps: int,
    learning_rate: float,
    shift: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return the angles after Adam on simultaneous perturbations, and one row per step.

    All angles are shifted at once, up or down at random, so a step costs two losses
    however many angles there are. The learning rate falls on a cosine.

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

    Source:
        Spall, IEEE Trans. Autom. Control 37, 332 (1992), Eq. (2.2).
    """
    optimiser = Adam(learning_rate)
    memory, rows = optimiser.init(angles), []
    for step in range(n_steps):
        clock, factor = time.perf_counter(), cosine(step, n_steps)
        shifts = shift * rng.choice([-1.0, 1.0], len(angles))
        above, below = loss(angles + shifts), loss(angles - shifts)
        gradient = (above - below) / (2 * shifts)
        angles, memory = optimiser.update(angles, gradient, memory, factor)
        row = {
            "loss": (above + below) / 2,
            "gradient_norm": float(np.linalg.norm(gradient)),
            "gradient_median": float(np.median(np.abs(gradient))),
            "error_estimate": 0.0,
            "status": "ok",
            "wall_time_s": time.perf_counter() - clock,
        }
        rows.append(row)
    return angles, rows
