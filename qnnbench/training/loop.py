"""The training loop: batches in, one row per step out, checkpoints on the way."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qnnbench.backends import Evaluator, Limits
from qnnbench.states.samples import Dataset
from qnnbench.tasks.batch import batch
from qnnbench.tasks.losses import Loss
from qnnbench.training.checkpoints import Checkpoint
from qnnbench.training.optimisers import Adam, cosine

log = logging.getLogger(__name__)

CHECKPOINT_EVERY_S = 20.0


@dataclass(frozen=True)
class Settings:
    """How one run is trained.

    Attributes:
        n_steps: Optimiser steps.
        learning_rate: Of Adam, radians; falls on a cosine to 3 %.
        batch_size: States per step, equally many of each class; all when there are fewer.
        backend: "auto", or the one backend that every evaluation uses.
        max_bond_dim: Operator bond of the Heisenberg backend.
        exact_limit_s: Static cost of a step, in seconds, up to which an exact backend is taken.
        gradient_noise: Standard deviation of normal noise added to the gradient, what a
            finite number of shots would do; 0 for none.
        validate_every: Steps between validations.
        n_kept: Qubits that a compressor keeps, the first ones.
    """

    n_steps: int
    learning_rate: float = 0.05
    batch_size: int = 16
    backend: str = "auto"
    max_bond_dim: int = 16
    exact_limit_s: float = 0.2
    gradient_noise: float = 0.0
    validate_every: int = 5
    n_kept: int = 1

    def __post_init__(self) -> None:
        if self.n_steps < 1 or self.batch_size < 2:
            raise ValueError(
                f"n_steps must be >= 1 and batch_size >= 2 (one state per class), got "
                f"{self.n_steps} and {self.batch_size}"
            )
        if not (np.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise ValueError(
                f"learning_rate must be a finite number > 0, got {self.learning_rate}"
            )

    @property
    def limits(self) -> Limits:
        """What decides between exact and truncated backends."""
        return Limits(exact_s=self.exact_limit_s)


@dataclass
class Progress:
    """A run on its way.

    Attributes:
        params: Angles now.
        best_params: Angles of the best validation so far.
        best: Validation score of those, and the finer one that breaks ties.
        best_step: Step after which they were found; 0 for the initial angles.
        rows: One per step.
    """

    params: np.ndarray
    best_params: np.ndarray
    best: tuple[float, float]
    best_step: int = 0
    step: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)


Validate = Callable[[np.ndarray], tuple[float, float]]


def _draw(dataset: Dataset, size: int, rng: np.random.Generator) -> np.ndarray | None:
    """Return a balanced random batch of rows, or None for all of them."""
    if len(dataset.states) <= size:
        return None
    classes = [np.flatnonzero(dataset.labels == label) for label in np.unique(dataset.labels)]
    share = max(size // len(classes), 1)
    return np.concatenate([rng.permutation(rows)[:share] for rows in classes])


def train(
    evaluator: Evaluator,
    loss: Loss,
    dataset: Dataset,
    params: np.ndarray,
    settings: Settings,
    rng: np.random.Generator,
    validate: Validate,
    checkpoint: Checkpoint,
) -> Progress:
    """Return the finished run; a run stopped at any moment goes on from its checkpoint.

    Args:
        evaluator: The circuit with the loss's observables.
        loss: What is minimised.
        dataset: The training split.
        params: Initial angles in radians, (n_symbols,).
        settings: How to train.
        rng: Draws batches and gradient noise; its state is part of the checkpoint.
        validate: Maps angles to (validation score, finer score that breaks ties).
        checkpoint: Held by the caller.
    """
    optimiser = Adam(settings.learning_rate)
    progress, memory = _resume(checkpoint, rng)
    if progress is None:
        progress = Progress(params, params, validate(params))
        memory = optimiser.init(params)
    saved = time.monotonic()
    while progress.step < settings.n_steps:
        clock = time.perf_counter()
        states = batch(dataset, _draw(dataset, settings.batch_size, rng))
        result = evaluator(
            progress.params,
            states.states,
            settings.backend,
            max_bond_dim=settings.max_bond_dim,
            limits=settings.limits,
        )
        value, cotangent = loss.evaluate(result.values, states)
        gradient = result.gradient(cotangent)
        noisy = gradient + settings.gradient_noise * rng.normal(size=gradient.shape)
        factor = cosine(progress.step, settings.n_steps)
        progress.params, memory = optimiser.update(progress.params, noisy, memory, factor)
        progress.step += 1
        row = {
            "step": progress.step,
            "loss": value,
            "gradient_norm": float(np.linalg.norm(gradient)),
            "gradient_median": float(np.median(np.abs(gradient))),
            "validation_score": _validated(progress, settings, validate),
            "error_estimate": float(result.error.max()),
            "backend": result.backend,
            "status": "ok",
            "wall_time_s": time.perf_counter() - clock,
        }
        progress.rows.append(row)
        log.debug(
            "step %d: loss %.5g, |gradient| %.3g", progress.step, value, row["gradient_norm"]
        )
        if time.monotonic() - saved > CHECKPOINT_EVERY_S:
            _save(checkpoint, progress, memory, rng)
            saved = time.monotonic()
    _save(checkpoint, progress, memory, rng)
    return progress


def _validated(progress: Progress, settings: Settings, validate: Validate) -> float:
    """Validate where it is due, keep the best angles, return the score or NaN."""
    if progress.step % settings.validate_every and progress.step != settings.n_steps:
        return float("nan")
    judged = validate(progress.params)
    if judged > progress.best:
        progress.best, progress.best_params = judged, progress.params
        progress.best_step = progress.step
    return judged[0]


def _save(
    checkpoint: Checkpoint, progress: Progress, memory: dict[str, np.ndarray], rng: Any
) -> None:
    arrays = {"params": progress.params, "best_params": progress.best_params, **memory}
    facts = {
        "best": progress.best,
        "best_step": progress.best_step,
        "step": progress.step,
        "rows": progress.rows,
        "random": rng.bit_generator.state,
    }
    checkpoint.save(arrays, facts)


def _resume(
    checkpoint: Checkpoint, rng: np.random.Generator
) -> tuple[Progress | None, dict[str, np.ndarray]]:
    stored = checkpoint.load()
    if stored is None:
        return None, {}
    arrays, facts = stored
    rng.bit_generator.state = facts["random"]
    progress = Progress(
        arrays.pop("params"),
        arrays.pop("best_params"),
        tuple(facts["best"]),
        facts["best_step"],
        facts["step"],
        facts["rows"],
    )
    log.info("resumed at step %d", progress.step)
    return progress, arrays
