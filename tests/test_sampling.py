"""Shots follow the distribution that exact expectation values say."""

import cirq
import numpy as np
import pytest

import qnnbench
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.states.mps import MPS
from tests.circuits import random_mps


@pytest.mark.parametrize("basis", ["Z", "X", "Y", "XYZZY"])
def test_means_of_shots_are_expectation_values(basis):
    rng = np.random.default_rng(0)
    network = build_ansatz("qcnn", 5)
    params = rng.normal(size=len(network.symbols))
    state = random_mps(5, 2, rng)
    n_shots = 20_000
    shots = qnnbench.sample(network.circuit, params, state, n_shots, rng, basis, network.symbols)
    letters = basis * 5 if len(basis) == 1 else basis
    paulis = {"X": cirq.X, "Y": cirq.Y, "Z": cirq.Z}
    reads = [paulis[p](cirq.LineQubit(i)) for i, p in enumerate(letters)]
    exact = qnnbench.expectations(network.circuit, reads, params, state, network.symbols)
    means = 1 - 2 * shots.mean(axis=0)
    assert shots.shape == (n_shots, 5)
    assert np.all(np.abs(means - exact.values[0]) < 5 / np.sqrt(n_shots))  # 5σ of a ±1 mean


def test_a_state_wider_than_the_circuit_is_measured_whole():
    state = MPS.product([np.eye(2)[bit] for bit in (1, 0, 0)])
    circuit = cirq.Circuit(cirq.I(q) for q in cirq.LineQubit.range(2))
    shots = qnnbench.sample(circuit, [], state, 3, np.random.default_rng(0))
    assert (shots == [1, 0, 0]).all()


def test_equal_seeds_give_equal_shots_and_bad_bases_are_named():
    circuit = cirq.Circuit(cirq.H(q) for q in cirq.LineQubit.range(3))
    first, second = (
        qnnbench.sample(circuit, [], None, 8, np.random.default_rng(4)) for _ in range(2)
    )
    assert (first == second).all()
    with pytest.raises(ValueError, match="measurement basis named 'Q'"):
        qnnbench.sample(circuit, [], None, 8, np.random.default_rng(4), "Q")
    with pytest.raises(ValueError, match="2 letters for 3 qubits"):
        qnnbench.sample(circuit, [], None, 8, np.random.default_rng(4), "XY")
