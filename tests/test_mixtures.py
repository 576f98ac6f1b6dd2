"""Mixtures as input of every backend against Cirq's density matrices."""

import cirq
import numpy as np
import pytest

import qnnbench
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.states.mps import Mixture
from tests.circuits import random_mps

# qsim is single precision; the others are exact, Heisenberg with bonds that never cut.
TOLERANCES = {"statevector": 1e-12, "heisenberg": 1e-11, "tree": 1e-12, "qsim": 1e-5}


@pytest.mark.parametrize("backend", TOLERANCES)
def test_values_are_those_of_the_density_matrix(backend):
    rng = np.random.default_rng(4)
    weights = (0.2, 0.5, 0.3)
    members = tuple(random_mps(4, bond, rng) for bond in (1, 2, 3))
    vectors = [member.state_vector() for member in members]
    density = sum(w * np.outer(v, v.conj()) for w, v in zip(weights, vectors, strict=True))
    network = build_ansatz("rg_tree", 4)
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    q = cirq.LineQubit.range(4)
    final = cirq.DensityMatrixSimulator(dtype=np.complex128).simulate(
        network.circuit, dict(zip(network.symbols, params, strict=True)), q, initial_state=density
    )
    place = {qubit: i for i, qubit in enumerate(q)}
    expected = [
        o.expectation_from_density_matrix(final.final_density_matrix, place).real
        for o in network.observables
    ]
    result = qnnbench.expectations(
        network.circuit,
        network.observables,
        params,
        [Mixture(weights, members), members[1]],
        network.symbols,
        backend,
        tolerance=0,
    )
    np.testing.assert_allclose(result.values[0], expected, atol=TOLERANCES[backend])
    assert np.abs(result.values[1] - expected).max() > 0.01
