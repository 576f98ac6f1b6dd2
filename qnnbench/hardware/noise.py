"""Where the errors of a device fall in a circuit, as channels between its operations."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import cirq
import numpy as np

from qnnbench.hardware.devices import Device, ErrorRates, depolarizing

_VIRTUAL = (cirq.ZPowGate, cirq.IdentityGate)  # no pulse: they shift phases of what follows


class DeviceNoise(cirq.NoiseModel):
    """The errors of a device, for any simulator that takes a Cirq noise model.

    Args:
        device: A device or its name.
        noise_scale: Factor of all its rates.

    Raises:
        ValueError: As :func:`depolarizing`.
    """

    def __init__(self, device: Device | str, noise_scale: float = 1.0) -> None:
        self.rates = depolarizing(device, noise_scale)

    def noisy_moments(
        self, moments: Iterable[cirq.Moment], system_qubits: Sequence[cirq.Qid]
    ) -> Sequence[cirq.OP_TREE]:
        """Return the operations of each moment with the errors among and after them."""
        return list(_noisy(moments, self.rates))


def noisy_circuit(circuit: cirq.Circuit, rates: ErrorRates) -> cirq.Circuit:
    """Return a circuit with the errors of its operations as channels.

    After a gate on one qubit that is no power of Z: one-qubit depolarizing noise. After one
    on two: two-qubit depolarizing noise. A gate under classical control brings its errors
    whether it acts or not. Before an operation on a qubit that has waited: a phase flip for
    the layers it waited. A layer is a two-qubit gate on the longest chain, through qubits and
    classical bits, that ends here; a qubit in |0> does not wait. A measurement confuses its
    outcome, and what is controlled by it acts on what was read. Errors of probability 0 are
    left out.

    Args:
        circuit: One- and two-qubit gates, measurements, resets, classical control by keys.
        rates: Of the errors.

    Raises:
        ValueError: A gate on more than two qubits.
    """
    return cirq.Circuit(_noisy(circuit, rates))


def no_error_probability(noisy: cirq.Circuit) -> float:
    """Return the probability that no error falls anywhere in a noisy circuit.

    Args:
        noisy: As :func:`noisy_circuit` returns it.

    Returns:
        The product over all channels of one minus their rate; of a measurement, with the mean
        rate of its two outcomes. A lower bound on what is right: errors may do no harm.
    """
    total = 1.0
    for op in noisy.all_operations():
        if isinstance(op.gate, cirq.DepolarizingChannel | cirq.PhaseFlipChannel):
            total *= 1 - op.gate.p
        elif isinstance(op.gate, cirq.MeasurementGate):
            confusion = confusion_of(op.gate)
            total *= 1 - (confusion[0, 1] + confusion[1, 0]) / 2
    return float(total)


def confusion_of(gate: cirq.MeasurementGate) -> np.ndarray:
    """Return P(read | true) of a measured qubit, float64 (2, 2), indexed [true, read]."""
    return np.asarray(gate.confusion_map.get((0,), np.eye(2)))


def _noisy(moments: Iterable[cirq.Moment], rates: ErrorRates) -> Iterator[list[cirq.Operation]]:
    layers: dict[object, int] = defaultdict(int)  # reached, by qubit or key
    awake: set[cirq.Qid] = set()  # not in |0> any more
    for moment in moments:
        placed: list[cirq.Operation] = []
        for op in moment.operations:
            gate = op.without_classical_controls().gate
            if gate is not None and isinstance(gate, _VIRTUAL) and len(op.qubits) == 1:
                placed.append(op)
                continue
            is_pair = len(op.qubits) == 2
            keys = [str(key) for key in cirq.control_keys(op)]
            before = max(layers[wire] for wire in (*op.qubits, *keys))
            for qubit in op.qubits:
                if qubit in awake and not isinstance(gate, cirq.ResetChannel):
                    placed += _waited(before - layers[qubit], rates, qubit)
            after = before + is_pair
            layers.update(dict.fromkeys(op.qubits, after))
            if isinstance(gate, cirq.ResetChannel):
                awake -= set(op.qubits)
                placed.append(op)
            elif isinstance(gate, cirq.MeasurementGate):
                layers.update(dict.fromkeys(map(str, cirq.measurement_key_names(op)), after))
                placed.append(_misread(gate, rates).on(*op.qubits))
            else:
                awake |= set(op.qubits)
                placed += [op, *_after_gate(op.qubits, rates)]
        yield placed


def _waited(n_layers: int, rates: ErrorRates, qubit: cirq.Qid) -> list[cirq.Operation]:
    """Return the phase flip of layers of waiting: an odd number of flips is one."""
    odd = (1 - (1 - 2 * rates.memory) ** n_layers) / 2
    return [cirq.phase_flip(odd).on(qubit)] if odd > 0 else []


def _after_gate(qubits: Sequence[cirq.Qid], rates: ErrorRates) -> list[cirq.Operation]:
    if len(qubits) > 2:
        raise ValueError(
            f"errors are known for gates on one and two qubits, found one on {len(qubits)}: "
            "decompose it first"
        )
    rate = (rates.one_qubit, rates.two_qubit)[len(qubits) - 1]
    return [cirq.depolarize(rate, len(qubits)).on(*qubits)] if rate > 0 else []


def _misread(gate: cirq.MeasurementGate, rates: ErrorRates) -> cirq.MeasurementGate:
    if rates.reads_one == rates.reads_zero == 0:
        return gate
    confusion = np.array(
        [[1 - rates.reads_one, rates.reads_one], [rates.reads_zero, 1 - rates.reads_zero]]
    )
    maps: dict[tuple[int, ...], np.ndarray] = {
        (place,): confusion for place in range(gate.num_qubits())
    }
    return cirq.MeasurementGate(gate.num_qubits(), gate.mkey, gate.invert_mask, confusion_map=maps)
