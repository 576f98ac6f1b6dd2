"""The loss at one step: its batches, its backend, and what an optimiser is told of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import cirq
import numpy as np

from qnnbench.backends import Choice, Evaluator, Expectations
from qnnbench.circuits.ansatze import Network
from qnnbench.states.samples import Dataset
from qnnbench.tasks import NetworkLoss
from qnnbench.tasks.batch import Batch, batch
from qnnbench.training.settings import Settings, Stage
from qnnbench.training.shots import sampled_values

LARGEST_ERROR = 0.05  # relative: above it truncation decides, not the network


@dataclass(frozen=True)
class Part:
    """A loss at one width.

    Attributes:
        network: The network at this width.
        loss: What is minimised.
        evaluator: Of the loss's observables.
        dataset: The training split at this width.
        choice: What evaluates it, and why.
        places: Where the network's angles stand among those that are trained, (n_symbols,).
        n_gates: How many gates each angle stands in, (n_symbols,).
    """

    network: Network
    loss: NetworkLoss
    evaluator: Evaluator
    dataset: Dataset
    choice: Choice
    places: np.ndarray
    n_gates: np.ndarray


def places(network: Network, trained: Network) -> np.ndarray:
    """Return where a network's angles stand among those of a wider one, int (n_symbols,).

    Raises:
        ValueError: It has an angle that the wider one lacks.
    """
    place = {symbol.name: i for i, symbol in enumerate(trained.symbols)}
    if strangers := [s.name for s in network.symbols if s.name not in place]:
        raise ValueError(
            f"a curriculum trains the same angles at all widths; at n_qubits={network.n_qubits} "
            f"the network has {strangers[:3]}, which the one of {trained.n_qubits} qubits lacks: "
            "share them, as with sharing: scale"
        )
    return np.array([place[symbol.name] for symbol in network.symbols])


def n_gates(network: Network) -> np.ndarray:
    """Return how many gates each angle stands in, int (n_symbols,)."""
    met = Counter(
        name for op in network.circuit.all_operations() for name in cirq.parameter_names(op)
    )
    return np.array([met[symbol.name] for symbol in network.symbols])


def parts_of(
    stage: Stage,
    networks: Mapping[int, Network],
    datasets: Mapping[int, Dataset],
    settings: Settings,
) -> tuple[Part, ...]:
    """Return the loss of a stage at each of its widths, each with its backend.

    Args:
        stage: Which widths, and their losses.
        networks: By width; the widest holds the angles that are trained.
        datasets: All splits, by width.
        settings: Backend, limits and batch size.

    Raises:
        ValueError: A narrower network has an angle that the widest lacks.
        BackendCannot: Nothing can evaluate a loss, with the reasons.
        OverBudget: What can evaluate it costs more than the limits.
    """
    own, parts = networks[max(networks)], []
    for n_qubits, loss in stage.losses.items():
        network = networks[n_qubits]
        evaluator = Evaluator(network.circuit, loss.observables, network.symbols)
        split = datasets[n_qubits].select("train")
        choice = evaluator.choice(
            split.states[: settings.batch_size],
            settings.backend,
            max_bond_dim=settings.first_bond_dim,
            limits=settings.limits,
        )
        parts.append(
            Part(network, loss, evaluator, split, choice, places(network, own), n_gates(network))
        )
    return tuple(parts)


def draw(dataset: Dataset, size: int, rng: np.random.Generator) -> np.ndarray | None:
    """Return a balanced random batch of rows, or None for all of them."""
    if len(dataset.states) <= size:
        return None
    classes = [np.flatnonzero(dataset.labels == label) for label in np.unique(dataset.labels)]
    share = max(size // len(classes), 1)
    return np.concatenate([rng.permutation(rows)[:share] for rows in classes])


@dataclass
class StepLoss:
    """The loss of one step, on batches drawn when it is made.

    Attributes:
        parts: Its widths.
        settings: Batch size, limits, noise.
        bond_dim: Operator bond to start from; grows when truncation matters.
        rng: Draws batches, noise and outcomes.
        values: Every loss that was asked for, as told.
        exact_gradient: The last gradient that was asked for, without its noise.
        error: Largest error estimate of an expectation value so far.
        relative_error: Largest truncation estimate so far, relative.
        backend: What evaluated last.
    """

    parts: Sequence[Part]
    settings: Settings
    bond_dim: int
    rng: np.random.Generator
    values: list[float] = field(default_factory=list)
    exact_gradient: np.ndarray | None = None
    error: float = 0.0
    relative_error: float = 0.0
    backend: str = ""

    def __post_init__(self) -> None:
        size = self.settings.batch_size
        self._batches = [batch(p.dataset, draw(p.dataset, size, self.rng)) for p in self.parts]

    def value(self, params: np.ndarray) -> float:
        """Return the loss, estimated from outcomes where the settings say how many."""
        total = 0.0
        for part, states in zip(self.parts, self._batches, strict=True):
            if self.settings.n_shots is None:
                values = self._expectations(part, params, states).values
            else:
                values = self._drawn(part, params, states, self.settings.n_shots)
            total += part.loss.evaluate(values, states)[0]
        self.values.append(total)
        return total

    def gradient(self, params: np.ndarray) -> np.ndarray:
        """Return the gradient with the noise of the settings; the loss is recorded too.

        With n shots per state, observable and shifted circuit a parameter-shift derivative
        Σ c_i ∂<O_i> of Pauli means near 0 has the variance Σ c_i² / 2n for each gate that is
        shifted: an angle that stands in k gates has k times that.
        """
        total, gradient = 0.0, np.zeros(len(params))
        noise_squared = np.full(len(params), self.settings.gradient_noise**2)
        for part, states in zip(self.parts, self._batches, strict=True):
            result = self._expectations(part, params, states)
            value, cotangent = part.loss.evaluate(result.values, states)
            total += value
            np.add.at(gradient, part.places, result.gradient(cotangent))
            if self.settings.n_shots is not None:
                once = float(np.sum(cotangent**2)) / (2 * self.settings.n_shots)
                np.add.at(noise_squared, part.places, once * part.n_gates)
        self.values.append(total)
        self.exact_gradient = gradient
        return gradient + np.sqrt(noise_squared) * self.rng.normal(size=gradient.shape)

    def _expectations(self, part: Part, params: np.ndarray, states: Batch) -> Expectations:
        result = part.evaluator(
            params[part.places],
            states.states,
            part.choice.backend.name,
            tolerance=LARGEST_ERROR,
            first_bond_dim=self.bond_dim,
            max_bond_dim=self.settings.max_bond_dim,
            limits=self.settings.limits,
        )
        self.bond_dim = max(self.bond_dim, result.bond_dim)
        self.error = max(self.error, float(result.error.max()))
        self.relative_error = max(self.relative_error, result.relative_error)
        self.backend = result.backend
        return result

    def _drawn(self, part: Part, params: np.ndarray, states: Batch, n_shots: int) -> np.ndarray:
        self.backend = "qsim"
        return sampled_values(
            part.network, part.loss.observables, params[part.places], states, n_shots, self.rng
        )
