"""Laws of outcomes by brute force: every branch of a machine circuit, and plain state vectors."""

import cirq
import numpy as np


def machine_law(machine):
    """Return the probability of each outcome string that has one, branch by branch.

    A reset branches like a measurement whose bit nobody writes down.
    """
    width = machine.n_physical
    ground = np.zeros((2,) * width, dtype=complex)
    ground[(0,) * width] = 1
    branches = [({}, ground)]
    for op in machine.circuit.all_operations():
        branches = [after for branch in branches for after in _after(op, *branch)]
    law = {}
    for bits, vector in branches:
        outcome = "".join(str(bits[key]) for key in machine.read)
        law[outcome] = law.get(outcome, 0) + np.linalg.norm(vector) ** 2
    return law


def _after(op, bits, vector):
    axes = [qubit.x for qubit in op.qubits]
    if cirq.is_measurement(op) or isinstance(op.gate, cirq.ResetChannel):
        for bit in (0, 1):
            projected = np.zeros_like(vector)
            kept = np.take(vector, bit, axes[0])
            place = bit if cirq.is_measurement(op) else 0
            projected[(slice(None),) * axes[0] + (place,)] = kept
            known = {cirq.measurement_key_name(op): bit} if cirq.is_measurement(op) else {}
            if np.linalg.norm(kept) > 1e-14:
                yield {**bits, **known}, projected
    elif all(bits[str(key)] for key in cirq.control_keys(op)):
        matrix = cirq.unitary(op.without_classical_controls()).reshape((2,) * (2 * len(axes)))
        inner = range(len(axes), 2 * len(axes))
        turned = np.tensordot(matrix, vector, (inner, axes))
        yield bits, np.moveaxis(turned, range(len(axes)), axes)
    else:
        yield bits, vector


def network_law(circuit, letters, n_qubits, state_vector=None):
    """Return the same of a unitary circuit by cirq.Simulator: ``letters`` maps places to X, Y, Z.

    The bits come in the order of ``letters``.
    """
    qubits = cirq.LineQubit.range(n_qubits)
    turns = {"X": [cirq.H], "Y": [cirq.S**-1, cirq.H], "Z": []}
    ops = [turn(qubits[place]) for place, letter in letters.items() for turn in turns[letter]]
    vector = (
        cirq.Simulator(dtype=np.complex128)
        .simulate(cirq.Circuit(circuit, ops), qubit_order=qubits, initial_state=state_vector)
        .final_state_vector.reshape((2,) * n_qubits)
    )
    places = list(letters)
    others = [i for i in range(n_qubits) if i not in places]
    law = (np.abs(vector) ** 2).transpose(places + others)
    law = law.reshape((2,) * len(places) + (-1,)).sum(axis=-1)
    return {"".join(map(str, bits)): p for bits, p in np.ndenumerate(law)}


def distance(law, other):
    """Return the total variation distance of two laws."""
    return sum(abs(law.get(k, 0) - other.get(k, 0)) for k in {*law, *other}) / 2
