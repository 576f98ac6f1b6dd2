"""How well a trained classifier does on a machine with errors, told a few shots per state."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np

from qnnbench.circuits.ansatze import Network
from qnnbench.hardware.devices import DEVICES, Device, depolarizing
from qnnbench.hardware.machine import MachineCircuit, machine_circuit
from qnnbench.hardware.noise import no_error_probability, noisy_circuit
from qnnbench.hardware.trajectories import sample_noisy
from qnnbench.registry import lookup
from qnnbench.states.mps import InputState, PureState
from qnnbench.states.samples import Dataset
from qnnbench.tasks.losses import readout_observables
from qnnbench.tasks.one_shot import Measurable, OneShot
from qnnbench.tasks.readout import Readout
from qnnbench.tasks.scores import wilson
from qnnbench.training.features import Features
from qnnbench.training.settings import Settings

Rows = list[dict[str, Any]]

METRICS = ("accuracy", "one_shot_accuracy")  # from all shots of a state, and from each
_AXES = {"X": 0, "Y": 1, "Z": 2}
_PAULIS = np.array([cirq.unitary(gate) for gate in (cirq.X, cirq.Y, cirq.Z)])


@dataclass(frozen=True)
class Decision:
    """What is measured on a machine, and which outcomes mean class 1.

    Set by exact means of the training states alone: noise and the test split have no say.

    Attributes:
        circuit: The network with its angles, and the turn that makes the observable a product
            of Z.
        places: Qubits whose bits are read; the outcome is the upper one where an even number
            of them is 1.
        threshold: Class 1 is told where the share of upper outcomes exceeds it.
        shot: The observable among the readout's columns.
    """

    circuit: cirq.Circuit
    places: tuple[int, ...]
    threshold: float
    shot: OneShot

    @classmethod
    def fit(
        cls, network: Network, params: np.ndarray, features: np.ndarray, labels: np.ndarray
    ) -> "Decision":
        """Return the decision from training means, (n_states, n_features).

        The observable is that of :class:`OneShot`; the threshold that of :class:`Readout`
        along it.

        Raises:
            ValueError: The observable is neither a spin of one qubit nor a Pauli string.
        """
        shot = OneShot.fit(features, labels, Measurable.of(network))
        upper = shot.probability(features)[:, None]
        readout = Readout.fit(upper, labels)  # its axis points up: shot tells class 1 by upper
        names = (symbol.name for symbol in network.symbols)
        angles = dict(zip(names, map(float, params), strict=True))
        turn, places = _turn(network, shot.axis)
        circuit = cirq.resolve_parameters(network.circuit, angles) + turn
        return cls(circuit, places, readout.threshold, shot)

    def noiseless(self, features: np.ndarray, labels: np.ndarray, n_shots: int) -> float:
        """Return the mean probability that exact shots lead to the right class.

        Args:
            features: Exact means, (n_states, n_features).
            labels: 0 or 1, (n_states,).
            n_shots: Of each state; the number of upper outcomes is binomial.
        """
        chances = self.shot.probability(features)
        return majority(chances, np.full(len(labels), n_shots), labels, self.threshold)


def _most_of_class_0(n_shots: int | np.ndarray, threshold: float) -> Any:
    """Return the number of upper outcomes above which class 1 is told."""
    return n_shots * threshold + 1e-9  # a share that is the threshold is not above it


def majority(
    chances: np.ndarray, n_shots: np.ndarray, labels: np.ndarray, threshold: float
) -> float:
    """Return the mean probability that the share of upper outcomes leads to the right class.

    Args:
        chances: Of an upper outcome of each state, (n_states,), like all arrays here.
        n_shots: Its shots: the number of upper outcomes is binomial.
        labels: Its class.
        threshold: Share of upper outcomes above which class 1 is told.
    """
    from scipy.stats import binom

    one = binom.sf(np.floor(_most_of_class_0(n_shots, threshold)), n_shots, chances)
    return float(np.where(labels == 1, one, 1 - one).mean())


def judged(n_upper: np.ndarray, n_shots: np.ndarray, labels: np.ndarray, threshold: float) -> Rows:
    """Return metric, value, Wilson interval and chance of what shots of some states told.

    Args:
        n_upper: Upper outcomes of each state, int (n_states,), like all arrays here.
        n_shots: Its shots.
        labels: Its class.
        threshold: Share of upper outcomes above which class 1 is told.
    """
    told = int(((n_upper > _most_of_class_0(n_shots, threshold)) == (labels == 1)).sum())
    shots = int(np.where(labels == 1, n_upper, n_shots - n_upper).sum())
    counted = zip(METRICS, (told, shots), (len(labels), int(n_shots.sum())), strict=True)
    return [
        {
            "metric": metric,
            "value": right / total,
            **dict(zip(("lower", "upper"), wilson(right, total), strict=True)),
            "n_samples": len(labels),
            "chance": 0.5,
        }
        for metric, right, total in counted
    ]


def _turn(network: Network, axis: np.ndarray) -> tuple[list[cirq.Operation], tuple[int, ...]]:
    """Return gates after which the parity of bits is the sign of an observable, and the places.

    Args:
        network: Whose readout columns the axis combines.
        axis: Of length 1: a column with its sign, or X, Y and Z of one qubit.
    """
    strings = []
    for column in np.flatnonzero(axis):
        observable = readout_observables(network)[column]
        parts = list(observable) if isinstance(observable, cirq.PauliSum) else [observable]
        if len(parts) != 1 or not isinstance(parts[0], cirq.PauliString) or not parts[0]:
            raise ValueError(
                f"a machine is asked for a spin of one qubit or for a Pauli string, the readout "
                f"that tells the classes apart is {observable!r}. Take a network that reads those."
            )
        strings.append(float(axis[column]) * parts[0])
    if len(strings) == 1:
        (string,) = strings
        gates = list(string.to_z_basis_ops())
        places = tuple(sorted(q.x for q in string.qubits))
        flip = [cirq.X(cirq.LineQubit(places[0]))] if string.coefficient.real < 0 else []
        return [*gates, *flip], places
    (qubit,) = {q for string in strings for q in string.qubits}
    spin = np.zeros(3)
    for string in strings:
        spin[_AXES[str(string[qubit])]] = string.coefficient.real
    vectors = np.linalg.eigh(np.tensordot(spin, _PAULIS, 1))[1]  # of -1, then of +1
    return [cirq.MatrixGate(vectors[:, ::-1].conj().T).on(qubit)], (qubit.x,)


def machine_rows(
    network: Network,
    params: np.ndarray,
    dataset: Dataset,
    devices: Sequence[str],
    noise_scales: Sequence[float],
    n_shots: int,
    rng: np.random.Generator,
    settings: Settings | None = None,
) -> Rows:
    """Return how often test states are told right on devices with errors.

    Every shot of a mixed state draws a member. Two rows for each device and factor of its
    error rates: metric "accuracy" where the outcomes of ``n_shots`` of a state decide, with
    the Wilson interval over states; "one_shot_accuracy" where each shot decides on its own,
    with that over shots of these states. Devices with fewer qubits than a circuit needs are
    rows of status "skipped".

    Args:
        network: A classifier.
        params: Trained angles in radians, (n_symbols,).
        dataset: All splits; training states set the decision, test states are judged.
        devices: Keys of ``DEVICES``.
        noise_scales: Factors of all error rates.
        n_shots: Of each test state.
        rng: Draws members, outcomes and errors.
        settings: Backend and limits of the exact means; None for the defaults.

    Returns:
        Rows with columns device, device_qubits, noise_scale, n_qubits, n_physical, n_two_qubit,
        n_one_qubit, n_measurements, circuit_depth (of the circuit with most two-qubit gates),
        no_error_probability (mean over all shots), n_shots, n_samples, metric, value, lower,
        upper, chance, noiseless (the exact value without errors), status and reason.

    Raises:
        ValueError: Unknown device, n_shots < 1, or a readout no machine measures at once.
    """
    if n_shots < 1:
        raise ValueError(f"n_shots must be >= 1, got {n_shots}")
    for device in devices:
        lookup(DEVICES, device, "device")
    decision, features = trained_decision(network, params, dataset, settings)
    test = features.splits["test"]
    exact = features(params, "test", features.bond_dim).values
    tallies = [_Tally(DEVICES[device], scale) for device in devices for scale in noise_scales]
    sizes: list[dict[str, int]] = []
    for state in test.states:
        for tally in tallies:
            tally.next_state()
        for count, machine in _members(decision, state, n_shots, rng):
            sizes.append(circuit_columns(machine))
            for tally in tallies:
                tally.add(count, machine, rng)
    n_physical = max(size["n_physical"] for size in sizes)
    common = {
        "n_qubits": network.n_qubits,
        "n_shots": n_shots,
        "n_samples": len(test.labels),
        **max(sizes, key=lambda size: size["n_two_qubit"]),
        "n_physical": n_physical,
    }
    noiseless = {
        "accuracy": decision.noiseless(exact, test.labels, n_shots),
        "one_shot_accuracy": float(decision.shot.success(exact, test.labels).mean()),
    }
    return [
        {**common, **row, "noiseless": noiseless[row["metric"]]}
        for tally in tallies
        for row in tally.rows(decision.threshold, test.labels, n_shots, n_physical)
    ]


def _members(
    decision: Decision, state: InputState, n_shots: int, rng: np.random.Generator
) -> Iterator[tuple[int, MachineCircuit]]:
    """Yield shots and circuit of each member of a state that is drawn at all."""
    weights = np.array([weight for weight, _ in state.members])
    members: list[PureState] = [member for _, member in state.members]
    drawn = rng.multinomial(n_shots, weights / weights.sum())
    for member, count in zip(members, drawn.tolist(), strict=True):
        if count:
            yield count, machine_circuit(decision.circuit, None, decision.places, member)


def trained_decision(
    network: Network, params: np.ndarray, dataset: Dataset, settings: Settings | None = None
) -> tuple[Decision, Features]:
    """Return the decision that exact means of the training states set, and those means' maker."""
    features = Features(network, dataset, settings or Settings())
    train = features(params, "train", features.bond_dim).values
    return Decision.fit(network, params, train, features.splits["train"].labels), features


def circuit_columns(machine: MachineCircuit) -> dict[str, int]:
    """Return the columns of a circuit's size."""
    return {
        "n_two_qubit": machine.n_two_qubit,
        "n_one_qubit": machine.n_one_qubit,
        "n_measurements": machine.n_measurements,
        "circuit_depth": machine.depth,
        "n_physical": machine.n_physical,
    }


class _Tally:
    """Upper outcomes of each test state on one device."""

    def __init__(self, device: Device, scale: float) -> None:
        self.device, self.scale = device, scale
        self.n_upper: list[int] = []
        self.no_error = 0.0  # sum of the chances over all shots

    def next_state(self) -> None:
        self.n_upper.append(0)

    def add(self, count: int, machine: MachineCircuit, rng: np.random.Generator) -> None:
        """Run ``count`` shots of a member of the state at hand, where it fits."""
        if machine.n_physical > self.device.n_qubits:
            return
        noisy = noisy_circuit(machine.circuit, depolarizing(self.device, self.scale))
        self.no_error += count * no_error_probability(noisy)
        bits = sample_noisy(noisy, machine.read, count, rng)
        self.n_upper[-1] += int((bits.sum(axis=1) % 2 == 0).sum())

    def rows(self, threshold: float, labels: np.ndarray, n_shots: int, n_physical: int) -> Rows:
        """Return the rows of both metrics, skipped where a circuit did not fit."""
        common: dict[str, Any] = {
            "device": self.device.name,
            "device_qubits": self.device.n_qubits,
            "noise_scale": self.scale,
        }
        if n_physical > self.device.n_qubits:
            reason = f"needs {n_physical} qubits, the device has {self.device.n_qubits}"
            skipped = {**common, "status": "skipped", "reason": reason}
            return [{**skipped, "metric": metric} for metric in METRICS]
        common |= {"no_error_probability": self.no_error / (n_shots * len(labels)), "status": "ok"}
        counted = judged(np.array(self.n_upper), np.full(len(labels), n_shots), labels, threshold)
        return [{**common, **row} for row in counted]
