"""PennyLane: lightning.qubit with adjoint differentiation, on tapes built once."""

import numpy as np
import pennylane as qml
from pennylane.devices import ExecutionConfig

from benchmarks.cases import Case
from benchmarks.contenders import Work
from benchmarks.rotations import Part, constant, parts

GATES = {
    **{name: getattr(qml, name) for name in ("RX", "RY", "RZ", "CRX", "CRY", "CRZ")},
    **{"RXX": qml.IsingXX, "RYY": qml.IsingYY, "RZZ": qml.IsingZZ},
    **{"H": qml.Hadamard, "CZ": qml.CZ},
}
PAULIS = (qml.I, qml.X, qml.Y, qml.Z)


def _hamiltonian(part: Part) -> qml.ops.LinearCombination:
    coefficients = [coefficient for coefficient, _ in part.strings]
    words = [
        qml.prod(*(PAULIS[letter](site) for site, letter in string)) for _, string in part.strings
    ]
    return qml.Hamiltonian(coefficients, words)


def _tape(part: Part, angles: np.ndarray) -> qml.tape.QuantumScript:
    ops = [
        GATES[g.name](wires=g.sites)
        if g.angle is None
        else GATES[g.name](float(angles[g.angle]), wires=g.sites)
        for g in part.gates
    ]
    tape = qml.tape.QuantumScript(ops, [qml.expval(_hamiltonian(part))])
    tape.trainable_params = list(range(len(angles)))
    return tape


def prepare(case: Case, gradient: bool) -> Work:
    """Return the work: one device and one tape per light cone."""
    found, offset = parts(case), constant(case)
    devices = [qml.device("lightning.qubit", wires=part.n_qubits) for part in found]
    config = ExecutionConfig(gradient_method="adjoint", use_device_gradient=True)

    def work(params: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        value, slope = offset, np.zeros(len(params))
        for part, device in zip(found, devices, strict=True):
            tape = _tape(part, part.angles(params))
            if gradient:
                result, jacobian = device.execute_and_compute_derivatives(tape, config)
                slope += part.gradient(np.ravel(jacobian))
            else:
                result = device.execute(tape, config)
            value += float(np.squeeze(result))
        return np.array([[value]]), slope if gradient else None

    return work
