"""What is minimised and what is scored: classification and compression of states."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Network, Observable, mean_zero_projector
from qnnbench.circuits.program import Program
from qnnbench.registry import lookup
from qnnbench.states.mps import MPS, InputState
from qnnbench.states.samples import Dataset

CONFIDENCE = 0.95
NORMAL_QUANTILE = 1.959963984540054  # of 0.975


@dataclass(frozen=True)
class Batch:
    """States with labels and weights: classes weigh equally, or as their ensemble says."""

    states: tuple[InputState, ...]
    labels: np.ndarray
    weights: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Weights that sum to one over all states."""
        return self.weights / self.weights.sum()


@dataclass(frozen=True)
class Loss:
    """What is minimised.

    Attributes:
        name: Key in configs and the ``loss_name`` column.
        observables: Maps a network to what the loss reads, one column each.
        evaluate: Maps (values (n_states, n_columns), batch) to the loss and its
            derivative by the values.
    """

    name: str
    observables: Callable[[Network], tuple[Observable, ...]]
    evaluate: Callable[[np.ndarray, Batch], tuple[float, np.ndarray]]


def batch(dataset: Dataset, chosen: np.ndarray | None = None) -> Batch:
    """Return samples of a dataset; classes weigh equally unless the dataset is an ensemble."""
    rows = np.arange(len(dataset.states)) if chosen is None else chosen
    labels = dataset.labels[rows]
    weights = 1 / np.bincount(labels)[labels]
    if "weights" in dataset.details:
        weights = weights * np.asarray(dataset.details["weights"], dtype=float)[labels]
    return Batch(tuple(dataset.states[i] for i in rows), labels, weights)


def readout_observables(network: Network) -> tuple[Observable, ...]:
    """Return what a classifier reads: all observables but Z of the discarded qubits."""
    return network.observables[network.n_discarded :]


def _contrast(values: np.ndarray, states: Batch) -> tuple[float, np.ndarray]:
    """Mean of class 0 minus mean of class 1 of the last column, so that class 1 rises."""
    sign = np.where(states.labels == 1, -1.0, 1.0) * states.weights
    cotangent = np.zeros_like(values)
    cotangent[:, -1] = sign
    return float(sign @ values[:, -1]), cotangent


def _discarded(network: Network) -> tuple[Observable, ...]:
    if not network.n_discarded:
        raise ValueError("loss 'trash' needs an ansatz that reads its discarded qubits (rg_tree)")
    return network.observables[: network.n_discarded]


def _population(values: np.ndarray, states: Batch) -> tuple[float, np.ndarray]:
    """Sum over the columns of the mean of (1 - <Z>)/2, labels not looked at."""
    cotangent = np.repeat(-0.5 * states.shares[:, None], values.shape[1], axis=1)
    return float(states.shares @ (0.5 * (1 - values)).sum(axis=1)), cotangent


def trash_qubits(network: Network) -> list[cirq.Qid]:
    """Return the qubits that compression to one qubit throws away: all but the first."""
    return [*cirq.LineQubit.range(1, network.n_qubits)]


def _mean_trash_zero(network: Network) -> tuple[Observable, ...]:
    return (mean_zero_projector(trash_qubits(network)),)


def _all_trash_zero(network: Network) -> tuple[Observable, ...]:
    return (cirq.ProjectorString(dict.fromkeys(trash_qubits(network), 0)),)


def _infidelity(values: np.ndarray, states: Batch) -> tuple[float, np.ndarray]:
    return float(states.shares @ (1 - values[:, 0])), -states.shares[:, None]


LOSSES = {
    loss.name: loss
    for loss in (
        Loss("contrast", readout_observables, _contrast),
        Loss("trash", _discarded, _population),
        Loss("local", _mean_trash_zero, _infidelity),
        Loss("global", _all_trash_zero, _infidelity),
    )
}


@dataclass(frozen=True)
class Readout:
    """The closed-form linear readout: an axis in feature space and a threshold.

    Attributes:
        axis: Unit vector from the mean of class 0 to that of class 1, (n_features,).
        threshold: Middle of the widest gap along the axis among the cuts that put most
            training states on their side.
    """

    axis: np.ndarray
    threshold: float

    @classmethod
    def fit(cls, features: np.ndarray, labels: np.ndarray) -> "Readout":
        """Return the readout of training features (n_states, n_features)."""
        difference = features[labels == 1].mean(axis=0) - features[labels == 0].mean(axis=0)
        length = np.linalg.norm(difference)
        axis = difference / length if length > 0 else np.eye(1, features.shape[1])[0]
        return cls(axis, _cut(features @ axis, labels == 1))

    def correct(self, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return whether each state is put on the side of its label, bool (n_states,)."""
        return (features @ self.axis > self.threshold) == (labels == 1)

    def contrast(self, features: np.ndarray, labels: np.ndarray) -> float:
        """Return the difference of the class means along the axis."""
        along = features @ self.axis
        return float(along[labels == 1].mean() - along[labels == 0].mean())


def _cut(along: np.ndarray, is_above: np.ndarray) -> float:
    order = np.argsort(along, kind="stable")
    points, above = along[order], is_above[order]
    gaps = np.diff(points)
    if not gaps.any():
        return float(points[0])
    n_correct = np.cumsum(~above)[:-1] + above[::-1].cumsum()[::-1][1:]
    n_correct = np.where(gaps > 0, n_correct, -1)  # no cut separates equal points
    best = np.flatnonzero(n_correct == n_correct.max())
    gap = best[np.argmax(gaps[best])]
    return float((points[gap] + points[gap + 1]) / 2)


@dataclass(frozen=True)
class Compressed:
    """What compression to the first qubit keeps of one state.

    Attributes:
        fidelity: <ψ|reconstruction|ψ>.
        truncation_error: Squared weight cut while the state was evolved.
    """

    fidelity: float
    truncation_error: float


def reconstruction(
    encoder: cirq.Circuit | Program, params: np.ndarray, state: MPS, max_bond_dim: int = 64
) -> Compressed:
    """Return the fidelity of encode, reset the trash to |0…0>, decode by the inverse.

    With φ = Uψ, ρ the kept qubit's state and v = <0…0|φ> over the trash, the fidelity is
    <v|ρ|v>: the decoder never has to be run. Derived from Romero, Olson and
    Aspuru-Guzik, Quantum Sci. Technol. 2, 045001 (2017), Eq. (4).
    """
    encoded, lost = state.evolve(encoder, params, max_bond_dim)
    first, *rest = encoded.tensors
    amplitude = np.ones(1)
    for tensor in reversed(rest):
        amplitude = tensor[:, 0, :] @ amplitude
    kept = first[0] @ amplitude
    density = encoded.reduced_density_matrix([0])
    return Compressed(float(np.real(kept.conj() @ density @ kept)), lost)


def wilson(n_correct: int, n_samples: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a proportion.

    Source: Wilson, J. Am. Stat. Assoc. 22, 209 (1927), through SciPy.
    """
    from scipy.stats import binomtest

    interval = binomtest(n_correct, n_samples).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def accuracy_score(correct: np.ndarray) -> dict[str, Any]:
    """Return the columns of an accuracy from a bool array, with its Wilson interval."""
    lower, upper = wilson(int(correct.sum()), len(correct))
    value = float(correct.mean())
    return _columns("accuracy", value, lower, upper, chance=0.5, ceiling=1.0)


def contrast_score(along: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Return the columns of the difference of class means, with its normal interval."""
    groups = [along[labels == label] for label in (0, 1)]
    value = float(groups[1].mean() - groups[0].mean())
    spread = np.sqrt(sum(g.var(ddof=1) / len(g) for g in groups if len(g) > 1))
    half = float(NORMAL_QUANTILE * spread)
    return _columns("contrast", value, value - half, value + half, chance=0.0, ceiling=np.nan)


def _columns(
    metric: str, value: float, lower: float, upper: float, chance: float, ceiling: float
) -> dict[str, Any]:
    return {
        "metric": metric,
        "value": value,
        "lower": lower,
        "upper": upper,
        "chance": chance,
        "ceiling": ceiling,
    }


def paired_difference(trained: np.ndarray, untrained: np.ndarray) -> tuple[float, float]:
    """Return the mean of trained - untrained per state and the low end of its 95 % interval."""
    difference = trained.astype(float) - untrained.astype(float)
    spread = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
    return float(difference.mean()), float(difference.mean() - NORMAL_QUANTILE * spread)


def spectrum_ceiling(states: Sequence[MPS], weights: np.ndarray) -> float:
    """Return the largest population of a two-dimensional subspace: the compression ceiling.

    The ensemble's spectrum is that of its weighted Gram matrix √p_i <i|j> √p_j.
    """
    gram = np.array([[a.overlap(b) for b in states] for a in states])
    root = np.sqrt(weights / weights.sum())
    return float(np.linalg.eigvalsh(root[:, None] * gram * root)[-2:].sum())


@dataclass(frozen=True)
class Task:
    """What is scored, and the losses that may be minimised for it."""

    name: str
    losses: tuple[str, ...]


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task("classification", ("contrast", "trash")),
        Task("compression", ("local", "global")),
    )
}


def task_loss(task: str, loss: str) -> Loss:
    """Return a loss of a task; an empty name means the task's first.

    Raises:
        ValueError: Unknown task, or a loss that the task does not have.
    """
    losses = lookup(TASKS, task, "task").losses
    return LOSSES[lookup({name: name for name in losses}, loss or losses[0], f"loss of {task!r}")]
