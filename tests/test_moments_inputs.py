"""Means of mixtures, contrasts and equal states, against all pairs of strings."""

import cirq
import numpy as np
import pytest
import sympy

import qnnbench
from qnnbench.circuits.ansatze import build_ansatz
from tests.dense_moments import pair_chain
from tests.random_circuits import random_state

A, B = cirq.LineQubit.range(2)
T = sympy.Symbol("t")
CIRCUIT = cirq.Circuit(cirq.rx(T)(A), cirq.CZ(A, B))


def check(observable, law, state=None, contrast=None):
    found = qnnbench.moments(CIRCUIT, observable, [T], law, state=state, contrast=contrast)
    inputs = {"states": (state,)} if contrast is None else {"states": None, "contrast": contrast}
    reference = pair_chain(CIRCUIT, (A, B), observable, [T], [law], **inputs)
    assert found.mean == pytest.approx(reference.mean, abs=1e-12)
    assert 10**found.log10_variance == pytest.approx(reference.variance, rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("law", [qnnbench.Gaussian(0.3), qnnbench.Uniform()], ids=str)
@pytest.mark.parametrize("observable", [cirq.Z(A), cirq.X(A), cirq.Z(A) * cirq.X(B)], ids=str)
def test_norms_of_sums_of_states_count(observable, law):
    rng = np.random.default_rng(5)
    a, b = (random_state("mps", 2, rng) for _ in range(2))
    check(observable, law, state=qnnbench.Mixture((0.3, 0.7), (a, b)))
    check(observable, law, contrast=(a, b))


def test_equal_states_have_no_contrast():
    state = random_state("mps", 2, np.random.default_rng(6))
    for law in (qnnbench.Gaussian(0.3), qnnbench.Uniform()):
        found = qnnbench.moments(CIRCUIT, cirq.Z(A), [T], law, contrast=(state, state))
        assert (found.mean, found.log10_variance) == (0, -np.inf)
        assert np.isneginf(found.log10_gradient_variance).all()


def test_states_that_differ_outside_the_light_cone_have_no_contrast():
    up, turned = np.array([1.0, 0]), np.array([0.6, 0.8])
    states = [
        qnnbench.MPS.from_tensors([v.reshape(1, 2, 1) for v in (up, last)])
        for last in (up, turned)
    ]
    circuit = cirq.Circuit(cirq.ry(T)(A), cirq.CZ(A, B))
    found = qnnbench.moments(circuit, cirq.Z(A), contrast=states)
    assert found.log10_variance == -np.inf


@pytest.mark.parametrize("std", [0.002, 0.02])
def test_angles_near_zero_keep_the_bases_orthonormal(std):
    network = build_ansatz("hea", 4, n_layers=2)
    qubits = cirq.LineQubit.range(4)
    z = [cirq.Z(q) for q in qubits]
    observable = z[0] * z[1] + 0.5 * z[0] + 0.7 * z[1] + 0.3 * z[2] * z[3]
    law = qnnbench.Gaussian(std)
    found = qnnbench.moments(network.circuit, observable, network.symbols, law, gradients=False)
    laws = [law] * len(network.symbols)
    reference = pair_chain(network.circuit, qubits, observable, network.symbols, laws, (None,))
    error = max(10 * found.relative_error, 1e-6)
    assert 10**found.log10_variance == pytest.approx(reference.variance, rel=error)


@pytest.mark.parametrize("law", ["uniform", qnnbench.Gaussian(0.1), qnnbench.IdentityBlocks()])
def test_multiples_of_the_identity_are_constant(law):
    circuit = cirq.Circuit(cirq.ry(T)(A))
    found = qnnbench.moments(
        circuit, cirq.PauliSum.wrap(cirq.PauliString(coefficient=2.0)), angles=law
    )
    assert (found.mean, found.log10_variance) == (2.0, -np.inf)


def test_a_variance_lost_to_truncation_says_so():
    network = build_ansatz("hea", 5, n_layers=2)
    z = [cirq.Z(q) for q in cirq.LineQubit.range(5)]
    observable = z[0] * z[1] + 0.5 * z[0] + 0.7 * z[1] + 0.3 * z[2] * z[3]
    found = qnnbench.moments(
        network.circuit, observable, network.symbols, qnnbench.Gaussian(0.3), max_bond_dim=2
    )
    assert found.method == "truncated"
    assert np.isfinite(found.log10_variance) or found.relative_error == np.inf
