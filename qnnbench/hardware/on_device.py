"""Training on a machine: losses and gradients from shots alone, within a budget of shots."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Network
from qnnbench.hardware.machine import MachineCircuit, machine_circuit
from qnnbench.hardware.shifts import CONTROLLED, drawn, occurrences, shifted
from qnnbench.registry import lookup
from qnnbench.states.mps import InputState, Mixture, PureState
from qnnbench.states.samples import Dataset
from qnnbench.training.optimisers import Adam, Optimiser, Spsa, State, cosine

Run = Callable[[MachineCircuit, int, int], Mapping[str, int]]  # circuit, shots, seed -> counts
NORMAL_95 = 1.959964  # two-sided quantile


@dataclass(frozen=True)
class Estimate:
    """A number from shots.

    Attributes:
        value: The estimate.
        standard_error: Of the value, from the scatter of the outcomes.
    """

    value: float
    standard_error: float

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of a normal law."""
        half = NORMAL_95 * self.standard_error
        return self.value - half, self.value + half


def parity(counts: Mapping[str, int]) -> Estimate:
    """Return the mean of (-1)^(sum of bits), the value of the Pauli string that was read."""
    n_shots = sum(counts.values())
    odd = sum(n for outcome, n in counts.items() if outcome.count("1") % 2)
    mean = 1 - 2 * odd / n_shots
    spread = 4 * (odd + 0.5) * (n_shots - odd + 0.5) / (n_shots + 1) ** 2  # never zero
    return Estimate(mean, float(np.sqrt(spread / n_shots)))


@dataclass
class ShotLoss:
    """Class contrast of a Pauli string: class 0's mean minus class 1's, from shots.

    An objective of the optimisers; it counts its shots.

    Attributes:
        network: Its circuit is run.
        observable: The string that is read.
        states: Pure input states of this step.
        shares: Weight of each state's value in the loss.
        run: Maps (machine circuit, n_shots, seed) to counts.
        n_shots: Of each circuit.
        rng: Draws the seeds of shots and the gates that are shifted.
        n_drawn: Gates whose angles are shifted for one gradient.
        spent: Shots so far.
        estimates: Every loss so far, at the angles asked for.
    """

    network: Network
    observable: cirq.PauliString
    states: Sequence[PureState]
    shares: np.ndarray
    run: Run
    n_shots: int
    rng: np.random.Generator
    n_drawn: int
    spent: int = 0

    def __post_init__(self) -> None:
        """Start without estimates."""
        self.estimates: list[Estimate] = []

    def value(self, params: np.ndarray) -> float:
        """Return the loss at these angles."""
        self.estimates.append(self._of(self.network.circuit, params))
        return self.estimates[-1].value

    def gradient(self, params: np.ndarray) -> np.ndarray:
        """Return an unbiased estimate of the derivatives, (n_symbols,): drawn gates shifted."""
        total = np.zeros(len(params))
        for occurrence, factor in drawn(occurrences(self.network), self.n_drawn, self.rng):
            for radians, share in occurrence.shifts:
                circuit = shifted(self.network.circuit, occurrence, radians)
                moved = self._of(circuit, params).value
                total[occurrence.symbol] += factor * occurrence.slope * share * moved
        return total

    def _of(self, circuit: cirq.Circuit, params: np.ndarray) -> Estimate:
        names = (symbol.name for symbol in self.network.symbols)
        bound = cirq.resolve_parameters(circuit, dict(zip(names, params, strict=True)))
        value, variance = 0.0, 0.0
        for state, share in zip(self.states, self.shares, strict=True):
            machine = machine_circuit(bound, None, self.observable, state)
            mean = parity(self.run(machine, self.n_shots, int(self.rng.integers(1 << 31))))
            self.spent += self.n_shots
            value += share * mean.value
            variance += (share * mean.standard_error) ** 2
        return Estimate(value, float(np.sqrt(variance)))


OPTIMISERS: Mapping[str, Callable[[float], Optimiser]] = {"spsa": Spsa, "parameter_shift": Adam}


def train_on_device(
    network: Network,
    params: np.ndarray,
    dataset: Dataset,
    run: Run,
    *,
    optimiser: str = "spsa",
    n_steps: int = 20,
    learning_rate: float = 0.05,
    n_states: int = 4,
    n_shots: int = 200,
    max_shots: int = 1_000_000,
    n_drawn: int = 4,
    rng: np.random.Generator,
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Return angles after training on a machine, and one row per step.

    What is minimised is the class contrast of the last observable. "spsa" takes two losses a
    step; "parameter_shift" moves by Adam along derivatives of ``n_drawn`` gates. Start from
    angles that were trained classically: from random ones the gradients of a plateau are
    lost in shot noise.

    Args:
        network: Its last observable is a Pauli string.
        params: Where to start, radians, (n_symbols,).
        dataset: Training states, of bond 8 at most; mixtures give a member each step.
        run: Runs a machine circuit.
        optimiser: "spsa" or "parameter_shift".
        n_steps: Steps at most; the learning rate falls on a cosine.
        learning_rate: Radians.
        n_states: States of each class in a step.
        n_shots: Of each circuit.
        max_shots: Training stops before a step that might pass it.
        n_drawn: Gates that are shifted in a step.
        rng: Draws states, shots, directions and gates.

    Returns:
        Angles, and rows with step, loss, its 95 % interval ``lower`` to ``upper`` from shot
        noise (null for "parameter_shift", which takes no loss), ``gradient_norm`` and the
        shots ``n_shots`` spent so far.

    Raises:
        ValueError: Unknown optimiser, no Pauli string to read, or a budget below one step.
    """
    observable = network.observables[-1]
    if not isinstance(observable, cirq.PauliString):
        raise ValueError(f"one Pauli string is read on a machine, this is {observable}")
    algorithm = lookup(OPTIMISERS, optimiser, "optimiser on a machine")(learning_rate)
    n_losses = 2 if optimiser == "spsa" else len(CONTROLLED) * n_drawn
    dearest = n_losses * 2 * n_states * n_shots
    if dearest > max_shots:
        raise ValueError(
            f"a step of {optimiser!r} takes up to {dearest} shots, max_shots is {max_shots}: "
            "lower n_shots, n_states or n_drawn"
        )
    state: State = algorithm.init(params)
    rows: list[dict[str, Any]] = []
    spent = 0
    for step in range(n_steps):
        if spent + dearest > max_shots:
            break
        states, shares = _drawn_states(dataset, n_states, rng)
        loss = ShotLoss(network, observable, states, shares, run, n_shots, rng, n_drawn)
        params, state, gradient = algorithm.update(params, loss, state, cosine(step, n_steps), rng)
        spent += loss.spent
        rows.append(
            {
                "step": step + 1,
                **_loss_columns(loss.estimates),
                "gradient_norm": None if gradient is None else float(np.linalg.norm(gradient)),
                "n_shots": spent,
            }
        )
    return params, rows


def _loss_columns(estimates: Sequence[Estimate]) -> dict[str, float | None]:
    """Return the mean of a step's losses with its interval."""
    if not estimates:
        return {"loss": None, "lower": None, "upper": None}
    errors = [estimate.standard_error for estimate in estimates]
    mean = Estimate(
        float(np.mean([estimate.value for estimate in estimates])),
        float(np.linalg.norm(errors) / len(errors)),
    )
    lower, upper = mean.interval()
    return {"loss": mean.value, "lower": lower, "upper": upper}


def _drawn_states(
    dataset: Dataset, n_states: int, rng: np.random.Generator
) -> tuple[list[PureState], np.ndarray]:
    """Return pure states of both classes, and the weight of each in the contrast."""
    states: list[PureState] = []
    shares: list[float] = []
    for label, sign in ((0, 1.0), (1, -1.0)):
        members = np.flatnonzero(dataset.labels == label)
        chosen = rng.choice(members, min(n_states, len(members)), replace=False)
        states += [member(dataset.states[i], rng) for i in chosen]
        shares += [sign / len(chosen)] * len(chosen)
    return states, np.array(shares)


def member(state: InputState, rng: np.random.Generator) -> PureState:
    """Return a pure state: of a mixture, a member drawn by its weight."""
    if isinstance(state, Mixture):
        return state.states[rng.choice(len(state.states), p=state.weights)]
    return state
