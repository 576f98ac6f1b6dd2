"""How an arm is trained: what holds throughout, and the stages that follow each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from qnnbench.backends import Limits
from qnnbench.backends.evaluate import FIRST_BOND_DIM
from qnnbench.circuits.ansatze import Network
from qnnbench.registry import lookup
from qnnbench.tasks import NetworkLoss, task_loss
from qnnbench.training.optimisers import OPTIMISERS, SCHEDULES, Optimiser


@dataclass(frozen=True)
class Settings:
    """What holds throughout a run.

    Attributes:
        batch_size: States per step, equally many of each class; all when there are fewer.
        backend: "auto", or the one backend that every evaluation uses.
        max_bond_dim: Limit of the operator bond of a truncating backend. The bond starts at
            16 or this, if less, and doubles for good when its error estimate is too large.
        limits: Static cost of an evaluation up to which it is run, and run exactly.
        gradient_noise: Standard deviation of normal noise added to each derivative, what a
            finite number of shots would do; 0 for none.
        n_shots: Outcomes per state, observable and circuit that stand behind each number
            the optimiser sees: it is told gradients with normal noise of that size, or
            losses estimated from outcomes that are drawn. None: exact numbers.
        validate_every: Steps between validations.
        patience: Validations without a better one after which a run stops; None: never.
        n_kept: Qubits that a compressor keeps, the first ones.
    """

    batch_size: int = 16
    backend: str = "auto"
    max_bond_dim: int = 64
    limits: Limits = field(default_factory=lambda: Limits(exact_s=0.2))
    gradient_noise: float = 0.0
    n_shots: int | None = None
    validate_every: int = 5
    patience: int | None = None
    n_kept: int = 1

    def __post_init__(self) -> None:
        if self.batch_size < 2:
            raise ValueError(
                f"batch_size must be >= 2 (one state per class), got {self.batch_size}"
            )
        if self.n_shots is not None and self.gradient_noise:
            raise ValueError(
                f"n_shots={self.n_shots} and gradient_noise={self.gradient_noise:g} both say how "
                "noisy a gradient is: leave one out"
            )

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Settings":
        """Return the settings of a config entry, defaults where it is silent."""
        known = {key: entry[key] for key in cls.__dataclass_fields__ if key in entry}
        if "exact_limit_s" in entry:
            known["limits"] = Limits(exact_s=entry["exact_limit_s"])
        return cls(**known)

    @property
    def first_bond_dim(self) -> int:
        """Operator bond at the start."""
        return min(FIRST_BOND_DIM, self.max_bond_dim)

    def within(self, budget: Limits, n_steps: int) -> "Settings":
        """Return the settings with a budget's memory, and its seconds shared by all steps."""
        limits = replace(
            budget, exact_s=self.limits.exact_s, seconds=budget.seconds / max(n_steps, 1)
        )
        return replace(self, limits=limits)


@dataclass(frozen=True)
class Stage:
    """Steps on one loss with one optimiser.

    Attributes:
        losses: What is minimised, by width: the sum over these widths; the last is the
            run's own, unless the stage leaves it out.
        n_steps: Optimiser steps.
        learning_rate: Largest step per angle in radians (first step size of "cma").
        optimiser: A key of ``OPTIMISERS``.
        schedule: How the learning rate falls: a key of ``SCHEDULES``.
    """

    losses: Mapping[int, NetworkLoss]
    n_steps: int
    learning_rate: float = 0.05
    optimiser: str = "adam"
    schedule: str = "cosine"

    def __post_init__(self) -> None:
        lookup(SCHEDULES, self.schedule, "schedule")
        lookup(OPTIMISERS, self.optimiser, "optimiser")
        if self.n_steps < 1:
            raise ValueError(f"n_steps must be >= 1, got {self.n_steps}")
        if not (np.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise ValueError(
                f"learning_rate must be a finite number > 0, got {self.learning_rate}"
            )

    @property
    def name(self) -> str:
        """What is minimised, in a word."""
        return next(iter(self.losses.values())).name

    def make_optimiser(self) -> Optimiser:
        """Return the stage's optimiser."""
        return OPTIMISERS[self.optimiser](self.learning_rate)

    def factor(self, step: int) -> float:
        """Return the factor of the learning rate at ``step`` of the stage (0-based)."""
        return SCHEDULES[self.schedule](step, self.n_steps)


def rates_of(entry: Mapping[str, Any]) -> list[float]:
    """Return the learning rates of a config entry: the grid, or the only one."""
    rates = entry.get("learning_rate", 0.05)  # left out where every stage has its own
    return list(rates) if isinstance(rates, list) else [rates]


def stages_of(entry: Mapping[str, Any], networks: Mapping[int, Network]) -> tuple[Stage, ...]:
    """Return the stages of a config entry; each inherits what it leaves out from the entry.

    A curriculum goes through all stages at its first width, then at the sum of its first two,
    and so on; the run's own width comes last.

    Args:
        entry: Of a config; without ``stages`` it is one stage itself.
        networks: The network at each width that is trained, the run's own last.
    """
    own, widths = max(networks), sorted(networks)
    if entry.get("zero_shot") and len(widths) > 1:
        widths.remove(own)
    fields = [name for name in Stage.__dataclass_fields__ if name != "losses"]
    stages = []
    for last in range(len(widths)):
        for part in entry.get("stages", [{}]):
            told = {**entry, **part}
            losses = {
                n: task_loss(entry["task"], told.get("loss", ""), networks[n], entry.get("n_kept"))
                for n in widths[: last + 1]
            }
            stages.append(Stage(losses, **{name: told[name] for name in fields if name in told}))
    return tuple(stages)
