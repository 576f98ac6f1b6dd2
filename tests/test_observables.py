"""Observables on sites act as Cirq's matrices, and stay within their bound."""

import cirq
import numpy as np
import pytest
import sympy

from qnnbench.circuits.gates import UnsupportedCircuit
from qnnbench.circuits.observables import on_sites

QUBITS = cirq.LineQubit.range(4)
A, B, C, D = QUBITS
SITES = {q: i for i, q in enumerate(QUBITS)}
OBSERVABLES = [
    cirq.Y(C),
    cirq.X(D) * cirq.Y(A) * -0.5,
    cirq.PauliString(coefficient=1.5),
    2 * cirq.X(A) * cirq.Z(B) - cirq.Y(B) * cirq.Y(D) + 0.25,
    cirq.GateOperation(cirq.Z, [B]),
    cirq.YPowGate()(D),
    cirq.ProjectorString({B: 1, D: 0}, coefficient=-2),
    cirq.ProjectorString({}),
]


@pytest.mark.parametrize("observable", OBSERVABLES, ids=str)
def test_apply_is_the_matrix_of_cirq(observable):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(3, 16)) + 1j * rng.normal(size=(3, 16))
    if isinstance(observable, cirq.ProjectorString):
        matrix = observable.matrix(QUBITS).toarray()
    elif isinstance(observable, cirq.PauliSum):
        matrix = observable.matrix(QUBITS)
    else:
        coefficient = getattr(observable, "coefficient", 1)
        word = observable if coefficient == 1 else observable / coefficient
        matrix = coefficient * cirq.Circuit(word).unitary(QUBITS, QUBITS)
    found = on_sites(observable, SITES)
    applied = found.apply(vectors.reshape(3, 2, 2, 2, 2)).reshape(3, 16)
    np.testing.assert_allclose(applied, vectors @ matrix.T, atol=1e-13)
    assert np.linalg.norm(matrix, 2) <= found.bound + 1e-12
    support = {i for i, q in enumerate(QUBITS) if q in _qubits(observable)}
    assert found.sites == tuple(sorted(support))


def _qubits(observable):
    if isinstance(observable, cirq.ProjectorString):
        return observable.projector_dict
    return observable.qubits


@pytest.mark.parametrize(
    ("observable", "message"),
    [
        (cirq.H(A), r"is a GateOperation; supported are cirq.PauliString"),
        ("ZZ", r"'ZZ' is a str; supported are"),
        (1j * cirq.Z(A), "coefficient .* is not a real finite number"),
        (cirq.ProjectorString({A: 0}, coefficient=np.inf), "not a real finite number"),
        (cirq.PauliString(cirq.Z(A), coefficient=sympy.Symbol("t")), "numbers as coefficients"),
    ],
)
def test_what_is_no_observable_is_named(observable, message):
    with pytest.raises(UnsupportedCircuit, match=message):
        on_sites(observable, SITES)
