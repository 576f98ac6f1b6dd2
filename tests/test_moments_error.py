"""The relative errors that truncated moments report, against the same at a larger bond."""

from dataclasses import dataclass

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.circuits.angles import Gaussian, Uniform
from qnnbench.circuits.ansatze import build_ansatz, pauli_rotation

WITHIN = 10  # a reported error is right within this factor
LIVELY = 3  # decades below the largest gradient variance
FLOOR = 1e-9  # errors this small are not worth a factor
N_CASES, N_PARTS = 100, 10


@dataclass(frozen=True)
class Case:
    """A circuit whose chain is cut at a small bond."""

    circuit: cirq.Circuit
    observable: object
    symbols: tuple[sympy.Symbol, ...]
    angles: object
    small_bond: int


def random_case(seed):
    """Return a layered circuit of 8 to 20 qubits; random axes, entanglers and read-out."""
    rng = np.random.default_rng(seed)
    n_qubits, n_layers = int(rng.integers(8, 21)), int(rng.integers(3, 5))
    small = int(rng.choice([3, 4, 6]))
    if rng.random() < 0.3:
        name = str(rng.choice(["hea", "brickwork"]))
        readout = str(rng.choice(["local", "middle", "global"]))
        network = build_ansatz(name, n_qubits, n_layers=n_layers, readout=readout)
        return Case(network.circuit, network.observables[0], network.symbols, Uniform(), small)
    qubits, new = cirq.LineQubit.range(n_qubits), sympy.numbered_symbols("a", start=0)
    ops = []
    for layer in range(n_layers):
        for axis in rng.choice(list("XYZ"), size=2, replace=False):
            ops += [pauli_rotation(str(axis), next(new), q) for q in qubits]
        kind = rng.integers(3)
        for a, b in zip(qubits[layer % 2 :: 2], qubits[layer % 2 + 1 :: 2], strict=False):
            if kind == 0:
                ops.append(cirq.CZ(a, b))
            elif kind == 1:
                ops.append(pauli_rotation("ZZ", next(new), a, b))
            else:
                ops.append(cirq.ISWAP(a, b))
    symbols = sympy.symbols(f"a0:{sum(map(cirq.is_parameterized, ops))}")
    middle = qubits[n_qubits // 2]
    reads = [
        cirq.PauliString(cirq.Z(middle)),
        cirq.X(middle) * cirq.Z(qubits[n_qubits // 2 - 1]),
        sum(cirq.Z(q) for q in qubits) / n_qubits,
        cirq.ProjectorString(dict.fromkeys(qubits, 0)),
    ]
    read = reads[rng.integers(len(reads))]
    angles = Uniform()
    if isinstance(read, cirq.PauliString) and rng.random() < 0.3:
        angles = Gaussian(float(rng.choice([0.3, 0.8])))
    return Case(cirq.Circuit(ops), read, symbols, angles, small)


def errors(case):
    """Return (reported, measured) relative errors, the first of the loss; None if exact.

    What the larger bond reports of itself counts as reported.
    """
    arguments = (case.circuit, case.observable, case.symbols, case.angles)
    cut = qnnbench.moments(*arguments, tolerance=1e-12, max_bond_dim=case.small_bond)
    if cut.method == "exact":
        return None
    fine = qnnbench.moments(*arguments, tolerance=1e-7, max_bond_dim=32)
    logs = fine.log10_gradient_variance
    lively = logs > logs.max() - LIVELY

    def both(loss, gradient):
        return np.append(loss, gradient[lively])

    gaps = both(cut.log10_variance, cut.log10_gradient_variance) - both(fine.log10_variance, logs)
    reported = both(cut.relative_error, cut.gradient_relative_error)
    reported += both(fine.relative_error, fine.gradient_relative_error)
    return reported, np.abs(10**gaps - 1)


@pytest.mark.parametrize("part", range(N_PARTS))
def test_reported_errors_are_right_within_ten(part):
    cases = range(part, N_CASES, N_PARTS)
    found = [(seed, errors(random_case(seed))) for seed in cases]
    found = [(seed, pair) for seed, pair in found if pair is not None]
    assert len(found) >= 3
    for seed, (reported, measured) in found:
        assert (measured <= WITHIN * reported + FLOOR).all(), (seed, reported, measured)
