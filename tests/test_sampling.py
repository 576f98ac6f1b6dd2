"""Shots follow the distribution that exact expectation values say."""

import cirq
import numpy as np
import pytest

import qnnbench
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.states.mps import MPS, Mixture
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


def counts(shots):
    """Return how often each bit string, read as a number, was drawn."""
    n_qubits = shots.shape[1]
    return np.bincount(shots @ (1 << np.arange(n_qubits)[::-1]), minlength=2**n_qubits)


def density(state):
    """Return the density matrix of a state or mixture from its vectors."""
    vectors = [(weight, member.state_vector()) for weight, member in state.members]
    return sum(weight * np.outer(v, v.conj()) for weight, v in vectors).astype(complex)


@pytest.mark.parametrize("noise", [None, cirq.depolarize(0.1), cirq.amplitude_damp(0.2)])
def test_shots_of_mixtures_follow_the_density_matrix(noise):
    rng = np.random.default_rng(7)
    network = build_ansatz("qcnn", 3)
    params = rng.normal(size=len(network.symbols))
    state = Mixture((0.2, 0.8), (random_mps(3, 2, rng), random_mps(3, 2, rng)))
    model = None if noise is None else cirq.ConstantQubitNoiseModel(noise)
    n_shots = 3000
    call = (network.circuit, params, state, n_shots, rng, "XYZ", network.symbols, model)
    found = counts(qnnbench.sample(*call))
    q = cirq.LineQubit.range(3)
    circuit = network.circuit if model is None else network.circuit.with_noise(model)
    circuit += [cirq.H(q[0]), cirq.rx(np.pi / 2)(q[1])]
    final = cirq.DensityMatrixSimulator(dtype=np.complex128).simulate(
        circuit, dict(zip(network.symbols, params, strict=True)), q, initial_state=density(state)
    )
    chances = np.diag(final.final_density_matrix).real
    # 5σ of a binomial count
    assert np.all(np.abs(found - n_shots * chances) < 5 * np.sqrt(n_shots * chances))


def test_noisy_shots_reach_idle_qubits_and_repeat_with_the_seed():
    # A bit flip of probability 1 after the only moment turns |100> into |011>.
    state = MPS.product([np.eye(2)[bit] for bit in (1, 0, 0)])
    circuit = cirq.Circuit(cirq.I(cirq.LineQubit(0)))
    flip = cirq.ConstantQubitNoiseModel(cirq.bit_flip(1.0))
    shots = qnnbench.sample(circuit, [], state, 3, np.random.default_rng(0), noise=flip)
    assert (shots == [0, 1, 1]).all()
    half = cirq.ConstantQubitNoiseModel(cirq.bit_flip(0.5))
    first, second = (
        qnnbench.sample(circuit, [], state, 20, np.random.default_rng(1), noise=half)
        for _ in range(2)
    )
    assert (first == second).all()
    assert len(set(map(tuple, first))) > 2
