"""What is minimised: functions of a network's expectation values, with their slopes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Network, Observable, mean_zero_projector
from qnnbench.tasks.batch import Batch
from qnnbench.tasks.preparation import all_zero, mean_zero


@dataclass(frozen=True)
class NetworkLoss:
    """What is minimised, for one network.

    Attributes:
        name: What rows call it.
        observables: What is read, one column each.
        evaluate: Maps (values (n_states, n_columns), batch) to the loss and its
            derivative by the values.
    """

    name: str
    observables: tuple[Observable, ...]
    evaluate: Callable[[np.ndarray, Batch], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class Loss:
    """What is minimised, for any network.

    Attributes:
        name: Key in configs and the ``loss_name`` column.
        observables: Maps a network to what the loss reads, one column each.
        evaluate: Maps (values (n_states, n_columns), batch) to the loss and its
            derivative by the values.
        has_rate: It depends on how many qubits a compressor keeps.
    """

    name: str
    observables: Callable[..., tuple[Observable, ...]]
    evaluate: Callable[[np.ndarray, Batch], tuple[float, np.ndarray]]
    has_rate: bool = False

    def on(self, network: Network, n_kept: int = 1) -> NetworkLoss:
        """Return the loss of one network; ``n_kept`` is how many qubits a compressor keeps."""
        rate = {"n_kept": n_kept} if self.has_rate else {}
        return NetworkLoss(self.name, self.observables(network, **rate), self.evaluate)


def weighted_sum(parts: Sequence[tuple[float, NetworkLoss]]) -> NetworkLoss:
    """Return Σ weight · loss of one network: its columns are those of the parts, in turn."""
    ends = np.cumsum([len(loss.observables) for _, loss in parts])

    def evaluate(values: np.ndarray, states: Batch) -> tuple[float, np.ndarray]:
        columns = np.split(values, ends[:-1], axis=1)
        told = [
            (weight, *loss.evaluate(part, states))
            for (weight, loss), part in zip(parts, columns, strict=True)
        ]
        cotangent = np.hstack([weight * slope for weight, _, slope in told])
        return sum(weight * value for weight, value, _ in told), cotangent

    name = " + ".join(loss.name if w == 1 else f"{w:g} {loss.name}" for w, loss in parts)
    return NetworkLoss(name, tuple(o for _, loss in parts for o in loss.observables), evaluate)


def readout_observables(network: Network) -> tuple[Observable, ...]:
    """Return what is read for a label or a target: all but Z of the discarded qubits."""
    return network.observables[network.n_discarded :]


def _contrast(values: np.ndarray, states: Batch) -> tuple[float, np.ndarray]:
    """Mean of class 0 minus mean of class 1 of the last column, so that class 1 rises."""
    sign = np.where(states.labels == 1, -1.0, 1.0) * states.weights
    cotangent = np.zeros_like(values)
    cotangent[:, -1] = sign
    return float(sign @ values[:, -1]), cotangent


def _root_spin(network: Network) -> tuple[Observable, ...]:
    """Return the last three observables: X, Y and Z of one qubit."""
    root = network.observables[-1]
    if isinstance(root, cirq.PauliString) and len(root) == 1:
        spin: tuple[Observable, ...] = tuple(
            cirq.PauliString(pauli(*root)) for pauli in (cirq.X, cirq.Y, cirq.Z)
        )
        if network.observables[-3:] == spin:
            return spin
    raise ValueError(
        "loss 'spin_contrast' needs an ansatz that reads X, Y, Z of its root, as rg_tree does"
    )


def _spin_contrast(values: np.ndarray, states: Batch) -> tuple[float, np.ndarray]:
    """Minus the length of the difference of the class means, over all columns.

    Of X, Y and Z of one qubit: the contrast along the direction that tells most.
    """
    sign = np.where(states.labels == 1, 1.0, -1.0) * states.weights
    difference = sign @ values
    length = float(np.linalg.norm(difference))
    direction = difference / length if length > 0 else np.zeros_like(difference)
    return -length, -np.outer(sign, direction)


def _label_error(values: np.ndarray, states: Batch) -> tuple[float, np.ndarray]:
    """Mean squared distance of the last column from -1 for class 0 and 1 for class 1."""
    distance = values[:, -1] - np.where(states.labels == 1, 1.0, -1.0)
    cotangent = np.zeros_like(values)
    cotangent[:, -1] = 2 * states.shares * distance
    return float(states.shares @ distance**2), cotangent


def _squared_error(values: np.ndarray, states: Batch) -> tuple[float, np.ndarray]:
    """Mean squared distance of the last column from the scaled targets.

    The scale is fixed: a head fitted to the values would divide a plateau away.
    """
    distance = values[:, -1] - states.targets
    cotangent = np.zeros_like(values)
    cotangent[:, -1] = 2 * states.shares * distance
    return float(states.shares @ distance**2), cotangent


def _discarded(network: Network) -> tuple[Observable, ...]:
    if not network.n_discarded:
        raise ValueError("loss 'trash' needs an ansatz that reads its discarded qubits (rg_tree)")
    return network.observables[: network.n_discarded]


def _population(values: np.ndarray, states: Batch) -> tuple[float, np.ndarray]:
    """Sum over the columns of the mean of (1 - <Z>)/2, labels not looked at."""
    cotangent = np.repeat(-0.5 * states.shares[:, None], values.shape[1], axis=1)
    return float(states.shares @ (0.5 * (1 - values)).sum(axis=1)), cotangent


def trash_qubits(network: Network, n_kept: int = 1) -> list[cirq.Qid]:
    """Return the qubits that compression throws away: all but the first ``n_kept``.

    Raises:
        ValueError: Nothing would be kept, or nothing thrown away.
    """
    if not 1 <= n_kept < network.n_qubits:
        raise ValueError(
            f"n_kept must be 1 to {network.n_qubits - 1} of {network.n_qubits} qubits, "
            f"got {n_kept!r}"
        )
    return [*cirq.LineQubit.range(n_kept, network.n_qubits)]


def _mean_trash_zero(network: Network, n_kept: int = 1) -> tuple[Observable, ...]:
    return (mean_zero_projector(trash_qubits(network, n_kept)),)


def _all_trash_zero(network: Network, n_kept: int = 1) -> tuple[Observable, ...]:
    return (cirq.ProjectorString(dict.fromkeys(trash_qubits(network, n_kept), 0)),)


def _infidelity(values: np.ndarray, states: Batch) -> tuple[float, np.ndarray]:
    return float(states.shares @ (1 - values[:, 0])), -states.shares[:, None]


LOSSES = {
    loss.name: loss
    for loss in (
        Loss("contrast", readout_observables, _contrast),
        Loss("spin_contrast", _root_spin, _spin_contrast),
        Loss("label_error", readout_observables, _label_error),
        Loss("squared_error", readout_observables, _squared_error),
        Loss("trash", _discarded, _population),
        Loss("local", _mean_trash_zero, _infidelity, has_rate=True),
        Loss("global", _all_trash_zero, _infidelity, has_rate=True),
        Loss("local_infidelity", mean_zero, _infidelity),
        Loss("infidelity", all_zero, _infidelity),
    )
}
