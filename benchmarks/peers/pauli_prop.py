"""pauli-prop: the observable carried back as a truncated Pauli sum, values only."""

from itertools import groupby

import numpy as np
from pauli_prop import RotationGates, propagate_through_rotation_gates
from qiskit import QuantumCircuit
from qiskit.quantum_info import Clifford, SparsePauliOp

from benchmarks.cases import Case
from benchmarks.contenders import Work
from benchmarks.rotations import Gate, Part, constant, parts, pauli_rotations


def _rotations(gates: list[Gate], angles: np.ndarray, n_qubits: int) -> RotationGates:
    out = RotationGates([], [], [])
    for gate in gates:
        for string, factor in pauli_rotations(gate):
            x_then_z = np.zeros((2, n_qubits), bool)
            for site, letter in string:
                x_then_z[:, site] = letter in (1, 2), letter in (2, 3)
            out.gates.append(x_then_z.reshape(-1))
            out.qargs.append(sorted(site for site, _ in string))
            out.thetas.append(factor * angles[gate.angle])
    return out


def _before_cliffords(operator: SparsePauliOp, gates: list[Gate]) -> SparsePauliOp:
    circuit = QuantumCircuit(operator.num_qubits)
    for gate in gates:
        getattr(circuit, gate.name.lower())(*gate.sites)
    moved = operator.paulis.evolve(Clifford(circuit), frame="h")
    return SparsePauliOp(moved, operator.coeffs)


def _value(part: Part, angles: np.ndarray, options: dict) -> float:
    listed = [
        ("".join("IXYZ"[letter] for _, letter in string), [site for site, _ in string], c)
        for c, string in part.strings
    ]
    operator = SparsePauliOp.from_sparse_list(listed, part.n_qubits)
    for is_fixed, gates in groupby(reversed(part.gates), lambda gate: gate.angle is None):
        run = list(gates)[::-1]
        if is_fixed:
            operator = _before_cliffords(operator, run)
        else:
            rotations = _rotations(run, angles, part.n_qubits)
            operator, _ = propagate_through_rotation_gates(
                operator, rotations, options["max_terms"], options["atol"], "h"
            )
    on_zeros = ~operator.paulis.x.any(axis=1)  # <0…0|P|0…0> is 1 for I and Z, else 0
    return float(operator.coeffs[on_zeros].real.sum())


def prepare(case: Case, gradient: bool, max_terms: int, atol: float) -> Work:
    """Return the work: Pauli sums of at most ``max_terms`` strings above ``atol``."""
    found, offset = parts(case), constant(case)
    options = {"max_terms": max_terms, "atol": atol}

    def work(params: np.ndarray) -> tuple[np.ndarray, None]:
        values = [_value(part, part.angles(params), options) for part in found]
        return np.array([[offset + sum(values)]]), None

    return work
