"""Exact moments against averages over finite designs with the Cirq simulator, and errors."""

import csv
from itertools import pairwise, product
from pathlib import Path

import cirq
import numpy as np
import pytest
import sympy

from qnnbench.circuits.angles import Gaussian
from qnnbench.circuits.ansatze import build_ansatz, pauli_rotation
from qnnbench.moments import CannotCompute, moments
from qnnbench.states.mps import MPS
from tests import circuits

A, B, C = cirq.LineQubit.range(3)
GRID = 2 * np.pi * np.arange(3) / 3
THETA = sympy.symbols("t0:6")
SIMULATOR = cirq.Simulator(dtype=np.complex128)

MIXED = cirq.Circuit(
    cirq.H(A),
    pauli_rotation("Y", THETA[0], A),
    pauli_rotation("XX", -THETA[1], B, A),
    cirq.CX(C, B),
    cirq.ry(np.pi / 2)(B),
    pauli_rotation("ZZ", THETA[2] + 0.3, B, C),
    cirq.ISWAP(A, B),
    cirq.X(C) ** 0.5,
    pauli_rotation("Y", THETA[3], C),
    cirq.rx(THETA[4]).on(B),
    cirq.SWAP(C, B),
    pauli_rotation("YY", THETA[5], A, B),
    cirq.S(A),
)
OBSERVABLES = {
    "string": cirq.PauliString(cirq.Z(A)),
    "scaled": cirq.X(A) * cirq.Y(B) * -2.0,
    "pair": cirq.Z(B) * cirq.Z(C),
    "sum": cirq.Z(A) + 0.5 * cirq.Z(B) * cirq.X(C) - 0.7,
    "projector": cirq.ProjectorString({A: 1}, coefficient=2),
}
ONE = pauli_rotation("Y", THETA[0], A)
RNG_SEED = 7


def random_mps(rng):
    """Return a normalised three-qubit state and its tensors of bond dimension 2."""
    vector = rng.normal(size=8) + 1j * rng.normal(size=8)
    vector /= np.linalg.norm(vector)
    u, s, v = np.linalg.svd(vector.reshape(2, 4), full_matrices=False)
    w, t, x = np.linalg.svd((s[:, None] * v).reshape(4, 2), full_matrices=False)
    tensors = [u.reshape(1, 2, 2), (w * t).reshape(2, 2, 2), x.reshape(2, 2, 1)]
    return vector, MPS(tuple(tensors))


def tables(circuit, observables, initial_state=0, n_angles=6):
    """Return the values of observables on the grid of 3 equispaced points per angle."""
    qubits = (A, B, C)
    site = {q: i for i, q in enumerate(qubits)}
    states = [
        SIMULATOR.simulate(
            circuit,
            dict(zip(THETA, point, strict=False)),
            qubit_order=qubits,
            initial_state=initial_state,
        ).final_state_vector
        for point in product(GRID, repeat=n_angles)
    ]
    found = []
    for observable in observables:
        if isinstance(observable, cirq.ProjectorString):
            values = observable.expectation_from_state_vector
        else:
            values = cirq.PauliSum.wrap(observable).expectation_from_state_vector
        column = [values(state, site).real for state in states]
        found.append(np.reshape(column, [3] * n_angles))
    return found


def gradient_variances(table):
    """Return the mean square of every derivative, by Fourier interpolation.

    C is a trigonometric polynomial of degree 1 in each angle, C² and (∂C)² of degree 2:
    three equispaced points determine C and average both squares exactly.
    """
    squares = []
    for axis in range(table.ndim):
        spectrum = np.moveaxis(np.fft.fft(table, axis=axis), axis, -1)
        squares.append(np.mean(np.abs(np.fft.ifft(spectrum * [0, 1j, -1j])) ** 2))
    return np.array(squares)


def assert_matches(found, table):
    assert found.mean == pytest.approx(table.mean(), abs=1e-12)
    assert 10**found.log10_variance == pytest.approx(table.var(), rel=1e-10, abs=1e-14)
    measured = 10**found.log10_gradient_variance
    np.testing.assert_allclose(measured, gradient_variances(table), rtol=1e-10, atol=1e-14)


@pytest.fixture(scope="module")
def mixed_tables():
    vector, mps = random_mps(np.random.default_rng(RNG_SEED))
    observables = OBSERVABLES.values()
    return {
        "zeros": (None, dict(zip(OBSERVABLES, tables(MIXED, observables), strict=True))),
        "mps": (mps, dict(zip(OBSERVABLES, tables(MIXED, observables, vector), strict=True))),
    }


@pytest.mark.parametrize("state", ["zeros", "mps"])
@pytest.mark.parametrize("name", OBSERVABLES)
def test_mixed_circuit_matches_a_finite_design(mixed_tables, name, state):
    tensors, references = mixed_tables[state]
    found = moments(MIXED, OBSERVABLES[name], THETA, state=tensors)
    assert_matches(found, references[name])
    assert found.method == "exact"


TURNED = cirq.Circuit(
    pauli_rotation("Y", THETA[0], A),
    cirq.ry(np.pi / 2)(A),
    pauli_rotation("Z", -THETA[1], A),
    cirq.CX(A, B),
    pauli_rotation("XX", THETA[2], A, B),
)


@pytest.mark.parametrize("std", [0.1, 0.8])
@pytest.mark.parametrize(
    "observable", [cirq.X(A) * cirq.X(B) * 1.5, -cirq.Z(A), cirq.Z(B)], ids=str
)
def test_gaussian_angles_match_quadrature(observable, std):
    (table,) = tables(TURNED, [observable], n_angles=3)
    nodes, weights = np.polynomial.hermite_e.hermegauss(30)
    chance = np.einsum("a,b,c->abc", *[weights / weights.sum()] * 3)
    gaps = std * nodes[:, None] - GRID
    # Dirichlet kernel: interpolates degree 1 from three equispaced points.
    kernel, slope = (1 + 2 * np.cos(gaps)) / 3, -2 * np.sin(gaps) / 3
    interpolated = [
        np.einsum("ai,bj,ck,ijk->abc", *[slope if k == axis else kernel for k in range(3)], table)
        for axis in (None, 0, 1, 2)
    ]
    means = [np.sum(chance * values) for values in interpolated]
    variances = [
        np.sum(chance * (values - mean) ** 2)
        for values, mean in zip(interpolated, means, strict=True)
    ]
    found = moments(TURNED, observable, THETA[:3], angles=Gaussian(std))
    assert found.mean == pytest.approx(means[0], rel=1e-10, abs=1e-12)
    assert 10**found.log10_variance == pytest.approx(variances[0], rel=1e-9, abs=1e-14)
    measured = 10**found.log10_gradient_variance
    np.testing.assert_allclose(measured, variances[1:], rtol=1e-9, atol=1e-14)


def test_strings_that_no_rotation_moves_are_constant():
    circuit = cirq.Circuit(cirq.H(A), pauli_rotation("X", THETA[0], A), cirq.I(B))
    found = moments(circuit, 2 * cirq.X(A) - cirq.Z(B) + cirq.Z(B) * cirq.Z(A) + 0.5)
    assert found.mean == pytest.approx(2 - 1 + 0.5)
    assert found.log10_variance == -np.inf  # <Z> stays 0 on |+>
    still = moments(circuit, 2 * cirq.X(A) - cirq.Z(B))
    assert (still.mean, still.log10_variance) == (1.0, -np.inf)
    assert np.isneginf(still.log10_gradient_variance).all()


def test_matrices_and_phases_are_clifford_gates_too():
    matrix = cirq.MatrixGate(cirq.unitary(cirq.CNOT))
    phase = cirq.global_phase_operation(1j)
    named = moments(cirq.Circuit(ONE, cirq.CNOT(B, A)), cirq.Z(A))
    given = moments(cirq.Circuit(ONE, matrix(B, A).with_tags("given"), phase), cirq.Z(A))
    assert given.log10_variance == named.log10_variance == pytest.approx(np.log10(0.5))
    assert moments(cirq.Circuit(ONE), cirq.PauliSum()).log10_variance == -np.inf


def test_symbols_order_the_gradient_and_may_be_idle():
    circuit = cirq.Circuit(cirq.ry(sympy.Symbol("a10"))(A), cirq.ry(sympy.Symbol("a2"))(B))
    natural = moments(circuit, cirq.Z(A))
    assert [s.name for s in natural.symbols] == ["a2", "a10"]
    assert natural.log10_gradient_variance == pytest.approx([-np.inf, np.log10(0.5)])
    only_value = moments(circuit, cirq.Z(A), gradients=False)
    assert only_value.log10_gradient_variance.size == 0
    assert only_value.log10_variance == natural.log10_variance


def test_clifford_preparation_equals_its_state():
    ghz = np.zeros((2, 2, 2))
    ghz[[0, 1], [0, 1], [0, 1]] = 1
    first, last = np.eye(2).reshape(1, 2, 2) / np.sqrt(2), np.eye(2).reshape(2, 2, 1)
    state = MPS((first, *[ghz] * 10, last))
    network = build_ansatz("hea", 12, n_layers=2, readout="local")
    qubits = cirq.LineQubit.range(12)
    prepare = cirq.Circuit(cirq.H(A), [cirq.CX(a, b) for a, b in pairwise(qubits)])
    expected = moments(prepare + network.circuit, network.observables[0], network.symbols)
    found = moments(network.circuit, network.observables[0], network.symbols, state=state)
    assert found.log10_variance == pytest.approx(expected.log10_variance, abs=1e-10)
    np.testing.assert_allclose(
        found.log10_gradient_variance, expected.log10_gradient_variance, atol=1e-9
    )


DECLINED = {
    "three qubits": (cirq.CCX(A, B, C), cirq.Z(A), "Supported"),
    "three levels": (cirq.IdentityGate(1, (3,))(cirq.LineQid(0, 3)), cirq.Z(A), "Only qubits"),
    "measurement": (cirq.measure(A), cirq.Z(A), "not a unitary"),
    "not affine": (pauli_rotation("Z", THETA[0] ** 2, A), cirq.Z(A), "not affine"),
    "two symbols": (pauli_rotation("Z", THETA[0] + THETA[1], A), cirq.Z(A), "sum of 2 symbols"),
}


@pytest.mark.parametrize(("ops", "observable", "reason"), DECLINED.values(), ids=DECLINED)
def test_what_is_out_of_scope_is_declined(ops, observable, reason):
    with pytest.raises(ValueError, match=reason):
        moments(cirq.Circuit(ops), observable)


def test_shared_angles_beyond_a_grid_are_sampled_only_if_asked():
    ties = [[pauli_rotation("Y", s, A), cirq.CZ(A, B), pauli_rotation("Y", s, B)] for s in THETA]
    ties.append(pauli_rotation("X", sympy.Symbol("t6"), A))
    with pytest.raises(CannotCompute, match="n_samples"):
        moments(cirq.Circuit(ties), cirq.Z(A))
    found = moments(cirq.Circuit(ties), cirq.Z(A), n_samples=50)
    assert (found.method, found.chain, found.n_samples) == ("monte-carlo", "samples", 50)


def test_angles_that_are_no_numbers_are_named():
    with pytest.raises(ValueError, match="nan"):
        moments(cirq.Circuit(pauli_rotation("Y", sympy.nan, A)), cirq.Z(A))
    with pytest.raises(ValueError, match="not finite"):
        moments(cirq.Circuit(cirq.ry(float("nan"))(A)), cirq.Z(A))


def test_states_of_large_bond_are_declined():
    state = circuits.random_mps(6, 5, np.random.default_rng(0))
    with pytest.raises(CannotCompute, match="bond dimension 5"):
        moments(
            cirq.Circuit(ONE, cirq.I.on_each(*cirq.LineQubit.range(6))), cirq.Z(A), state=state
        )


GAUSSIAN = [
    row
    for row in csv.DictReader((Path(__file__).parent / "moments.csv").read_text().splitlines())
    if row["angles"].startswith("gaussian") and row["observable"] in ("global", "local")
]


@pytest.mark.parametrize(
    ("n_qubits", "law", "observable"),
    sorted({(int(r["n_qubits"]), r["angles"], r["observable"]) for r in GAUSSIAN}),
)
def test_gaussian_sums_and_projectors_reproduce_the_reference(n_qubits, law, observable):
    variance = 1 / n_qubits if law.endswith("1/L") else 1 / n_qubits**2  # L = n
    network = build_ansatz("hea", n_qubits)
    qubits = cirq.LineQubit.range(n_qubits)
    read = cirq.ProjectorString(dict.fromkeys(qubits, 0))
    if observable == "local":
        read = sum(cirq.Z(q) for q in qubits) / (2 * n_qubits)
    found = moments(
        network.circuit, read, network.symbols, Gaussian(variance**0.5), gradients=False
    )
    values = {
        "mean_observable": found.mean,
        "second_moment": 10**found.log10_variance + found.mean**2,
    }
    key = (str(n_qubits), law, observable)
    rows = [r for r in GAUSSIAN if (r["n_qubits"], r["angles"], r["observable"]) == key]
    for row in rows:
        rel = max(1e-10, 3 * float(row["relative_error"] or 0)) if n_qubits <= 6 else 1e-3
        assert values[row["quantity"]] == pytest.approx(float(row["value"]), rel=rel)


@pytest.mark.parametrize("name", ["sum", "projector"])
def test_pairs_of_strings_match_gaussian_quadrature(name):
    # Gauss-Hermite with 12 points is exact for these cosines to rounding at std 0.4.
    law, two = Gaussian(0.4), THETA[:2]
    circuit = cirq.Circuit(
        cirq.H(B),
        pauli_rotation("Y", two[0], A),
        cirq.CX(A, B),
        pauli_rotation("XX", two[1], B, C),
        cirq.S(A),
        cirq.CZ(B, C),
    )
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)
    weights = weights / weights.sum()
    place = {q: i for i, q in enumerate((A, B, C))}
    mean = square = 0.0
    for (x, u), (y, v) in product(zip(nodes, weights, strict=True), repeat=2):
        angles = dict(zip(two, 0.4 * np.array([x, y]), strict=True))
        vector = SIMULATOR.simulate(circuit, angles, qubit_order=(A, B, C)).final_state_vector
        value = OBSERVABLES[name].expectation_from_state_vector(vector, place).real
        mean, square = mean + u * v * value, square + u * v * value**2
    found = moments(circuit, OBSERVABLES[name], two, law, gradients=False)
    assert found.mean == pytest.approx(mean, abs=1e-9)
    assert 10**found.log10_variance == pytest.approx(square - mean**2, abs=1e-9)
