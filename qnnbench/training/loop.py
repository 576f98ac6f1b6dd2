"""The training loop: stages in, one row per step out, checkpoints on the way."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qnnbench.circuits.ansatze import Network
from qnnbench.states.samples import Dataset
from qnnbench.training.checkpoints import Checkpoint
from qnnbench.training.objective import LARGEST_ERROR, Part, StepLoss, parts_of
from qnnbench.training.optimisers import State
from qnnbench.training.settings import Settings, Stage
from qnnbench.training.step_rows import gradient_sizes

log = logging.getLogger(__name__)

CHECKPOINT_EVERY_S = 20.0
TELL_EVERY_S = 10.0

Validate = Callable[[np.ndarray, int], tuple[float, float]]


@dataclass
class Progress:
    """A run on its way.

    Attributes:
        params: Angles now.
        best_params: Angles of the best validation so far.
        best: Validation score of those, and the finer one that breaks ties.
        bond_dim: Operator bond that evaluations start from.
        memory: What the optimiser remembers.
        best_step: Step after which the best angles were found; 0 for the initial ones.
        stale: Validations since then.
        step: Steps done, over all stages.
        stage: Stage of the next step.
        stage_step: Steps done of that stage.
        rows: One per step.
    """

    params: np.ndarray
    best_params: np.ndarray
    best: tuple[float, float]
    bond_dim: int
    memory: State
    best_step: int = 0
    stale: int = 0
    step: int = 0
    stage: int = 0
    stage_step: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)


def train(
    stages: Sequence[Stage],
    networks: Mapping[int, Network],
    datasets: Mapping[int, Dataset],
    params: np.ndarray,
    settings: Settings,
    rng: np.random.Generator,
    validate: Validate,
    checkpoint: Checkpoint,
) -> Progress:
    """Return the finished run; a run stopped at any moment goes on from its checkpoint.

    Each stage goes on from the last angles of the one before, with a fresh optimiser.
    Training stops early where the settings say how patient it is: the rest of a stage is
    left out, the next one begins.

    Args:
        stages: What is minimised, in turn.
        networks: By width; the widest holds the angles.
        datasets: All splits by width; only the training split is read here.
        params: Initial angles in radians, (n_symbols,).
        settings: How to train.
        rng: Draws batches, noise and outcomes; its state is part of the checkpoint.
        validate: Maps angles and an operator bond to (validation score, finer score that
            breaks ties).
        checkpoint: Held by the caller.
    """
    progress = _resume(checkpoint, rng)
    if progress is None:
        bond = settings.first_bond_dim
        first = stages[0].make_optimiser().init(params)
        progress = Progress(params, params, validate(params, bond), bond, first)
    saved = time.monotonic()
    while progress.stage < len(stages):
        stage = stages[progress.stage]
        steps = _Steps(stage, parts_of(stage, networks, datasets, settings), settings, validate)
        while not steps.are_done(progress):
            progress.rows.append(steps.take(progress, rng))
            if time.monotonic() - saved > CHECKPOINT_EVERY_S:
                _save(checkpoint, progress, rng)
                saved = time.monotonic()
        progress.stage, progress.stage_step, progress.stale = progress.stage + 1, 0, 0
        if progress.stage < len(stages):
            progress.memory = stages[progress.stage].make_optimiser().init(progress.params)
    _save(checkpoint, progress, rng)
    return progress


class _Steps:
    """The steps of one stage."""

    def __init__(
        self, stage: Stage, parts: Sequence[Part], settings: Settings, validate: Validate
    ) -> None:
        self._stage, self._parts = stage, parts
        self._settings, self._validate = settings, validate
        self._optimiser = stage.make_optimiser()
        self._told = time.monotonic()

    def are_done(self, progress: Progress) -> bool:
        """Return whether the stage ends here, its steps taken or its patience at an end."""
        patience = self._settings.patience
        is_stale = patience is not None and progress.stale >= patience
        return progress.stage_step >= self._stage.n_steps or is_stale

    def take(self, progress: Progress, rng: np.random.Generator) -> dict[str, Any]:
        """Move the angles by one step and return its row."""
        clock = time.perf_counter()
        loss = StepLoss(self._parts, self._settings, progress.bond_dim, rng)
        factor = self._stage.factor(progress.stage_step)
        progress.params, progress.memory, moved_along = self._optimiser.update(
            progress.params, loss, progress.memory, factor, rng
        )
        progress.bond_dim = loss.bond_dim
        progress.step += 1
        progress.stage_step += 1
        gradient = moved_along if loss.exact_gradient is None else loss.exact_gradient
        row = {
            "step": progress.step,
            "stage": progress.stage + 1,
            "loss_name": self._stage.name,
            "loss": float(np.mean(loss.values)),
            **gradient_sizes(gradient),
            "validation_score": self._validated(progress),
            "error_estimate": loss.error,
            "relative_error": loss.relative_error,
            "max_bond_dim": loss.bond_dim,
            "backend": loss.backend,
            "status": "ok" if loss.relative_error <= LARGEST_ERROR else "failed",
            "wall_time_s": time.perf_counter() - clock,
        }
        self._tell(row)
        return row

    def _validated(self, progress: Progress) -> float:
        """Validate where it is due, keep the best angles, return the score or NaN."""
        is_last = progress.stage_step == self._stage.n_steps
        if progress.stage_step % self._settings.validate_every and not is_last:
            return float("nan")
        judged = self._validate(progress.params, progress.bond_dim)
        progress.stale += 1
        if judged > progress.best:
            progress.best, progress.best_params = judged, progress.params
            progress.best_step, progress.stale = progress.step, 0
        return judged[0]

    def _tell(self, row: Mapping[str, Any]) -> None:
        level = logging.DEBUG
        if time.monotonic() - self._told > TELL_EVERY_S:
            level, self._told = logging.INFO, time.monotonic()
        log.log(
            level,
            "step %d, %s %.5g, |gradient| %.3g",
            *(row["step"], row["loss_name"], row["loss"], row.get("gradient_norm", np.nan)),
            extra={"steps": 1},
        )


_ARRAYS = ("params", "best_params")


def _save(checkpoint: Checkpoint, progress: Progress, rng: np.random.Generator) -> None:
    told = vars(progress)
    memory = {f"memory {key}": array for key, array in progress.memory.items()}
    arrays = {name: told[name] for name in _ARRAYS}
    facts = {k: v for k, v in told.items() if k not in (*_ARRAYS, "memory")}
    checkpoint.save({**arrays, **memory}, {**facts, "random": rng.bit_generator.state})


def _resume(checkpoint: Checkpoint, rng: np.random.Generator) -> Progress | None:
    stored = checkpoint.load()
    if stored is None:
        return None
    arrays, facts = stored
    rng.bit_generator.state = facts.pop("random")
    own: dict[str, Any] = {name: arrays.pop(name) for name in _ARRAYS}
    memory = {key.removeprefix("memory "): array for key, array in arrays.items()}
    best = tuple(facts.pop("best"))
    progress = Progress(**own, **facts, best=best, memory=memory)
    log.info("resumed at step %d", progress.step, extra={"steps": progress.step})
    return progress
