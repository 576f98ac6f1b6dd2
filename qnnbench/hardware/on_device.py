"""Training on a machine: angles moved by shots alone, within a budget, and what they cost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import cirq
import numpy as np

from qnnbench.backends import Evaluator
from qnnbench.circuits.ansatze import Network
from qnnbench.hardware.machine import Input
from qnnbench.hardware.shifts import CONTROLLED
from qnnbench.hardware.shot_loss import Run, ShotLoss
from qnnbench.registry import lookup
from qnnbench.states.mps import MPS, InputState, Mixture, PureState
from qnnbench.states.preparation import to_cirq
from qnnbench.states.samples import Dataset
from qnnbench.training.optimisers import Adam, Optimiser, Spsa, State, cosine

Rows = list[dict[str, Any]]
Weighted = tuple[list[PureState], np.ndarray]  # states, and the weight of each in the contrast

OPTIMISERS: Mapping[str, Callable[[float], Optimiser]] = {"spsa": Spsa, "parameter_shift": Adam}


@dataclass(frozen=True)
class DeviceSettings:
    """How a network is trained on a machine.

    Attributes:
        optimiser: "spsa" takes two losses a step; "parameter_shift" moves by Adam along
            derivatives of drawn gates.
        n_steps: Steps at most; the learning rate falls on a cosine.
        learning_rate: Radians.
        n_states: Training states of each class in a step.
        n_shots: Of each circuit of a step.
        max_shots: Of all circuits. Training stops before a step after which the loss could
            not be measured within it.
        n_drawn: Gates that are shifted in a step of "parameter_shift".
        measure_every: Steps between measurements of the loss; that of the first and of the
            last angles is always measured.
        n_measured: Validation states of each class on which it is measured.
        measure_shots: Of each circuit of a measurement.

    Raises:
        ValueError: Unknown optimiser, or a budget below one step between two measurements.
    """

    optimiser: str = "spsa"
    n_steps: int = 20
    learning_rate: float = 0.05
    n_states: int = 4
    n_shots: int = 200
    max_shots: int = 1_000_000
    n_drawn: int = 4
    measure_every: int = 1
    n_measured: int = 4
    measure_shots: int = 200

    def __post_init__(self) -> None:
        """Check what can be checked without states."""
        self.check_budget(2 * self.n_measured)

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "DeviceSettings":
        """Return the settings of a config entry, defaults where it is silent."""
        return cls(**{key: entry[key] for key in cls.__dataclass_fields__ if key in entry})

    @property
    def step_shots(self) -> int:
        """Shots that a step takes at most."""
        lookup(OPTIMISERS, self.optimiser, "optimiser on a machine")
        n_losses = 2 if self.optimiser == "spsa" else len(CONTROLLED) * self.n_drawn
        return n_losses * 2 * self.n_states * self.n_shots

    @property
    def most_shots(self) -> int:
        """Shots of a whole run at most, measured on pure states."""
        n_measurements = 2 + (self.n_steps - 1) // self.measure_every
        measured = n_measurements * 2 * self.n_measured * self.measure_shots
        return min(self.max_shots, self.n_steps * self.step_shots + measured)

    def check_budget(self, n_measured: int) -> None:
        """Accept a budget that allows a step between measurements of so many pure states."""
        measured = n_measured * self.measure_shots
        if self.step_shots + 2 * measured > self.max_shots:
            raise ValueError(
                f"a step of {self.optimiser!r} takes up to {self.step_shots} shots, a measurement "
                f"before and after it {measured} each; max_shots is {self.max_shots}: lower "
                "n_shots, n_states, n_drawn, measure_shots or n_measured"
            )


def train_on_device(
    network: Network,
    params: np.ndarray,
    dataset: Dataset,
    run: Run,
    settings: DeviceSettings,
    rng: np.random.Generator,
) -> tuple[np.ndarray, Rows]:
    """Return angles after training on a machine, and a row for every angles on the way.

    What is minimised is the class contrast of the last observable: class 0's mean minus
    class 1's. How often it is measured does not change where the angles go, while the budget
    lasts.

    Args:
        network: Its last observable is a Pauli string.
        params: Where to start, radians, (n_symbols,).
        dataset: Training states, of which a step draws some (of a mixture one member), and
            validation states, on which the loss is measured (on all members), of bond 8 at
            most.
        run: Runs a machine circuit.
        settings: Optimiser, rates and budget.
        rng: Draws states, shots, directions and gates.

    Returns:
        Angles, and rows from step 0, before training, with ``step``; where the loss was
        measured ``loss`` and its 95 % interval ``lower`` to ``upper`` from shot noise;
        ``exact_loss`` at the same angles on the same states without errors and shot noise, and
        the ``error_estimate`` of that; the ``gradient_norm`` of the step before; and
        ``n_shots``, those spent so far.

    Raises:
        ValueError: No Pauli string to read, or a budget below one step.
    """
    observable = readable(network)
    algorithm = OPTIMISERS[settings.optimiser](settings.learning_rate)
    state: State = algorithm.init(params)
    shot_rng, measuring_rng = rng.spawn(2)
    train, made = dataset.select("train"), cache(to_cirq)

    def loss_of(weighted: Weighted, n_shots: int, rng: np.random.Generator) -> ShotLoss:
        inputs: list[Input] = [made(s) if isinstance(s, MPS) else s for s in weighted[0]]
        common = (network, observable, inputs, weighted[1], run, n_shots, rng)
        return ShotLoss(*common, n_drawn=settings.n_drawn)

    held = _held_states(dataset, settings.n_measured)
    settings.check_budget(len(held[0]))
    measured = loss_of(held, settings.measure_shots, measuring_rng)
    exact = _Exact(network, observable, held)
    price = len(held[0]) * settings.measure_shots
    rows: Rows = []
    spent, norm, step = 0, None, 0
    while True:
        is_due = step % settings.measure_every == 0
        least = spent + price * (1 + is_due) + settings.step_shots
        is_last = step == settings.n_steps or least > settings.max_shots
        row = {"step": step, "gradient_norm": norm, **exact.columns(params)}
        if is_due or is_last:
            estimate = measured.estimate(params)
            row["loss"], (row["lower"], row["upper"]) = estimate.value, estimate.interval()
            spent += price
        rows.append({**row, "n_shots": spent})
        if is_last:
            return params, rows
        drawn = _drawn_states(train, settings.n_states, shot_rng)
        loss = loss_of(drawn, settings.n_shots, shot_rng)
        factor = cosine(step, settings.n_steps)
        params, state, gradient = algorithm.update(params, loss, state, factor, shot_rng)
        norm = None if gradient is None else float(np.linalg.norm(gradient))
        spent += loss.spent
        step += 1


def readable(network: Network) -> cirq.PauliString:
    """Return what a machine reads of a network: its last observable.

    Raises:
        ValueError: It is no Pauli string.
    """
    observable = network.observables[-1]
    if not isinstance(observable, cirq.PauliString):
        raise ValueError(f"one Pauli string is read on a machine, this is {observable}")
    return observable


class _Exact:
    """The loss on some states without errors and shot noise, computed classically."""

    def __init__(self, network: Network, observable: cirq.PauliString, weighted: Weighted) -> None:
        self._evaluator = Evaluator(network.circuit, (observable,), network.symbols)
        self._states, self._shares = weighted

    def columns(self, params: np.ndarray) -> dict[str, float]:
        """Return the loss at these angles and the estimated error of its evaluation."""
        result = self._evaluator(params, self._states)
        return {
            "exact_loss": float(self._shares @ result.values[:, 0]),
            "error_estimate": float(np.abs(self._shares) @ result.error[:, 0]),
        }


def _drawn_states(dataset: Dataset, n_states: int, rng: np.random.Generator) -> Weighted:
    """Return pure states of both classes that are drawn anew, and their weights."""
    states: list[PureState] = []
    shares: list[float] = []
    for label, sign in ((0, 1.0), (1, -1.0)):
        members = np.flatnonzero(dataset.labels == label)
        chosen = rng.choice(members, min(n_states, len(members)), replace=False)
        states += [member(dataset.states[i], rng) for i in chosen]
        shares += [sign / len(chosen)] * len(chosen)
    return states, np.array(shares)


def _held_states(dataset: Dataset, n_states: int) -> Weighted:
    """Return all members of the first validation states of both classes, and their weights."""
    held = dataset.with_fewer("validation", n_states).select("validation")
    n_of_class = {label: int((held.labels == label).sum()) for label in (0, 1)}
    states: list[PureState] = []
    shares: list[float] = []
    for state, label in zip(held.states, held.labels.tolist(), strict=True):
        sign = -1.0 if label else 1.0
        states += [pure for _, pure in state.members]
        shares += [sign * weight / n_of_class[label] for weight, _ in state.members]
    return states, np.array(shares)


def member(state: InputState, rng: np.random.Generator) -> PureState:
    """Return a pure state: of a mixture, a member drawn by its weight."""
    if isinstance(state, Mixture):
        return state.states[rng.choice(len(state.states), p=state.weights)]
    return state
