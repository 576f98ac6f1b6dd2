"""Entanglement measures against sums over all subsystems."""

from itertools import combinations, pairwise

import cirq
import numpy as np
import pytest

from qnnbench.states.mps import MPS
from qnnbench.states.quantities.entanglement import bond_entropies, mean_subsystem_purity


def graph_state(n_qubits, edges):
    qubits = cirq.LineQubit.range(n_qubits)
    gates = [cirq.CZ(qubits[a], qubits[b]) for a, b in edges]
    return MPS.from_circuit(cirq.Circuit(cirq.H.on_each(*qubits), gates), n_qubits)


def line(n_qubits):
    return [(i, i + 1) for i in range(n_qubits - 1)]


def test_mean_purity_is_the_mean_over_all_subsystems():
    rng = np.random.default_rng(1)
    shapes = [(1, 2, 2), (2, 2, 4), (4, 2, 3), (3, 2, 2), (2, 2, 1)]
    state = MPS.from_tensors([rng.normal(size=s) + 1j * rng.normal(size=s) for s in shapes])
    purities = [1.0]
    for size in range(1, 6):
        for sites in combinations(range(5), size):
            marginal = state.reduced_density_matrix(sites)
            purities.append(np.trace(marginal @ marginal).real)
    assert mean_subsystem_purity(state) == pytest.approx(np.mean(purities), rel=1e-12)


def test_bond_entropies_of_a_random_state():
    rng = np.random.default_rng(2)
    vector = rng.normal(size=64) + 1j * rng.normal(size=64)
    vector /= np.linalg.norm(vector)
    tensors, rest = [], vector.reshape(1, -1)
    for _ in range(5):
        rest = rest.reshape(rest.shape[0] * 2, -1)
        u, s, v = np.linalg.svd(rest, full_matrices=False)
        tensors.append(u.reshape(-1, 2, len(s)))
        rest = s[:, None] * v
    state = MPS((*tensors, rest.reshape(-1, 2, 1)))
    for cut, entropy in enumerate(bond_entropies(state), start=1):
        weights = np.linalg.svd(vector.reshape(2**cut, -1), compute_uv=False) ** 2
        assert entropy == pytest.approx(-np.sum(weights * np.log2(weights)), rel=1e-10)


def test_bond_entropies_of_graph_states_are_whole_bits():
    path = graph_state(20, line(20))
    np.testing.assert_allclose(bond_entropies(path), 1, atol=1e-12)
    product = MPS.product([np.array([0.6, 0.8])] * 5)
    np.testing.assert_array_equal(bond_entropies(product), 0)


def test_two_copies_of_a_large_bond_are_refused():
    rng = np.random.default_rng(3)
    bonds = [1, *[33] * 11, 1]
    shapes = [(a, 2, b) for a, b in pairwise(bonds)]
    state = MPS.from_tensors([rng.normal(size=s) for s in shapes])
    with pytest.raises(ValueError, match="limit is 32"):
        mean_subsystem_purity(state)
