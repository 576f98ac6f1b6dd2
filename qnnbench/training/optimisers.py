"""Optimisers as (init, update) pairs on plain arrays, and schedules of their learning rate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, pi
from typing import Any, Protocol

import numpy as np

State = dict[str, np.ndarray]


class Valued(Protocol):
    """What an optimiser without gradients may ask for at one step."""

    def value(self, params: np.ndarray) -> float:
        """Return the loss; every answer of one step is for the same states."""


class Objective(Valued, Protocol):
    """What any optimiser may ask for at one step."""

    def gradient(self, params: np.ndarray) -> np.ndarray:
        """Return its derivatives by the angles, (n_symbols,)."""


class Optimiser(Protocol):
    """Moves angles; all it remembers is a dictionary of float arrays."""

    def init(self, params: np.ndarray) -> State:
        """Return the state before the first step."""

    def update(
        self,
        params: np.ndarray,
        objective: Objective,
        state: State,
        factor: float,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, State, np.ndarray | None]:
        """Return new angles and state, and the gradient moved along, if there is one.

        Args:
            params: Angles in radians, (n_symbols,).
            objective: Gives losses or gradients.
            state: What the last update returned.
            factor: Of the learning rate.
            rng: Draws what the optimiser draws.
        """


def cosine(step: int, n_steps: int, floor: float = 0.03) -> float:
    """Return the factor of the learning rate at ``step`` (0-based): 1 down to ``floor``."""
    return floor + (1 - floor) * 0.5 * (1 + cos(pi * step / max(n_steps, 1)))


def constant(step: int, n_steps: int) -> float:
    """Return 1: the learning rate stays what it is."""
    return 1.0


SCHEDULES: Mapping[str, Callable[[int, int], float]] = {"cosine": cosine, "constant": constant}


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
        self,
        params: np.ndarray,
        objective: Objective,
        state: State,
        factor: float,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, State, np.ndarray]:
        """Return the angles after one step along the gradient; nothing is drawn."""
        gradient = objective.gradient(params)
        moved, state = self.step(params, gradient, state, factor)
        return moved, state, gradient

    def step(
        self, params: np.ndarray, gradient: np.ndarray, state: State, factor: float = 1.0
    ) -> tuple[np.ndarray, State]:
        """Return new angles and state from a gradient."""
        count = state["count"] + 1
        mean = self.decay_mean * state["mean"] + (1 - self.decay_mean) * gradient
        square = self.decay_square * state["square"] + (1 - self.decay_square) * gradient**2
        unbiased = mean / (1 - self.decay_mean**count)
        root = np.sqrt(square / (1 - self.decay_square**count)) + self.epsilon
        moved = params - factor * self.learning_rate * unbiased / root
        return moved, {"mean": mean, "square": square, "count": count}


@dataclass(frozen=True)
class Spsa:
    """Adam on simultaneous perturbations: gradients of noisy losses that cost two values each.

    All angles are shifted at once, up or down at random, so that a step costs two losses
    however many angles there are.

    Attributes:
        learning_rate: Of Adam, radians.
        shift: Size of the shift of every angle, radians.

    Source:
        Spall, IEEE Trans. Autom. Control 37, 332 (1992), Eq. (2.2).
    """

    learning_rate: float
    shift: float = 0.1

    def init(self, params: np.ndarray) -> State:
        """Return the state before the first step: Adam's."""
        return Adam(self.learning_rate).init(params)

    def update(
        self,
        params: np.ndarray,
        objective: Valued,
        state: State,
        factor: float,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, State, np.ndarray]:
        """Return the angles after one step along an estimate; ``rng`` draws its direction."""
        shifts = self.shift * rng.choice([-1.0, 1.0], len(params))
        above, below = objective.value(params + shifts), objective.value(params - shifts)
        estimate = (above - below) / (2 * shifts)
        moved, state = Adam(self.learning_rate).step(params, estimate, state, factor)
        return moved, state, estimate


class Cma:
    """Covariance matrix adaptation: one generation a step, from losses alone.

    The library's object cannot be stored, so what is stored is what makes it again: where it
    began, the seed of its draws and every loss it was told.

    Args:
        learning_rate: First standard deviation of every angle, radians; the strategy adapts
            it, so that schedules have no say.

    Source:
        Hansen, arXiv:1604.00772, Fig. 6, through the package ``cma``.
    """

    def __init__(self, learning_rate: float) -> None:
        self._spread = learning_rate
        self._strategy: Any = None
        self._told = 0

    def init(self, params: np.ndarray) -> State:
        """Return the state before the first generation."""
        return {"start": params, "seed": np.full((), -1.0), "losses": np.empty((0, 0))}

    def update(
        self,
        params: np.ndarray,
        objective: Valued,
        state: State,
        factor: float,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, State, np.ndarray | None]:
        """Return the mean of the law after one generation; ``rng`` seeds the first."""
        if state["seed"] < 0:
            state = {**state, "seed": np.array(float(rng.integers(2**31)))}
        strategy = self._at(state)
        points = strategy.ask()
        losses = [objective.value(np.asarray(point)) for point in points]
        strategy.tell(points, losses)
        self._told += 1
        told = [*state["losses"], losses]
        return np.array(strategy.mean), {**state, "losses": np.array(told)}, None

    def _at(self, state: State) -> Any:
        """Return the strategy that was told the state's losses, made again if need be."""
        if self._strategy is None or self._told != len(state["losses"]):
            from cma import CMAEvolutionStrategy

            draws = np.random.default_rng(int(state["seed"]))
            options = {
                "randn": lambda *shape: draws.standard_normal(shape),
                "seed": np.nan,  # its own seeding is that of NumPy's global state
                "verbose": -9,
            }
            strategy = CMAEvolutionStrategy(state["start"], self._spread, options)
            for losses in state["losses"]:
                strategy.tell(strategy.ask(), losses.tolist())
            self._strategy, self._told = strategy, len(state["losses"])
        return self._strategy


OPTIMISERS: Mapping[str, Callable[[float], Optimiser]] = {"adam": Adam, "spsa": Spsa, "cma": Cma}
