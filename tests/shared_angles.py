"""Layered circuits whose angles are shared by name, and observables on three qubits."""

from itertools import pairwise

import cirq
import sympy

LINE = cirq.LineQubit.range(8)
OBSERVABLES = {
    "string": cirq.X(LINE[1]) * cirq.Z(LINE[2]),
    "sum": 0.7 * cirq.Z(LINE[0]) - 1.2 * cirq.Y(LINE[1]) * cirq.X(LINE[2]) + 0.4,
    "projector": cirq.ProjectorString({LINE[0]: 1, LINE[2]: 0}, -2.0),
    "projectors": cirq.ProjectorSum.from_projector_strings(
        [cirq.ProjectorString({LINE[0]: 0}), cirq.ProjectorString({LINE[1]: 1, LINE[2]: 1}, 0.5)]
    ),
}


def layered(n_qubits, n_layers, name, has_end=True):
    """Return [RY, RZ, CZ line] per layer, angle named by axis, layer and qubit.

    Without its end, the last RZ and CZ, which do not move basis states.
    """
    ops = []
    for layer in range(n_layers):
        line, is_last = LINE[:n_qubits], layer == n_layers - 1
        for axis, gate in (("y", cirq.ry), ("z", cirq.rz)):
            if axis == "y" or has_end or not is_last:
                ops += [gate(sympy.Symbol(name(axis, layer, q.x)))(q) for q in line]
        if has_end or not is_last:
            ops += [cirq.CZ(a, b) for a, b in pairwise(line)]
    return cirq.Circuit(ops)


def ordered(circuit):
    """Return the symbols of a circuit by name."""
    return tuple(sorted(cirq.parameter_symbols(circuit), key=str))


def tied_case():
    """Return a circuit of three shared angles, an observable and the symbols."""
    circuit = layered(3, 2, lambda axis, layer, i: f"{axis}{layer}", has_end=False)
    return circuit, OBSERVABLES["sum"], ordered(circuit)
