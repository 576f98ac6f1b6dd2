"""Compression at every rate: dense encode-reset-decode, spectra, closed forms at 100 qubits."""

import cirq
import numpy as np
import pytest
from scipy.stats import unitary_group

from qnnbench.backends import Evaluator
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.circuits.program import compile_circuit
from qnnbench.states.datasets import build_dataset
from qnnbench.states.families.ghz import ghz_state
from qnnbench.states.mps import MPS
from qnnbench.tasks import task_loss
from qnnbench.tasks.batch import batch
from qnnbench.tasks.compression import (
    kept_fidelity,
    reconstruction,
    reconstructions,
    spectrum_ceiling,
)
from qnnbench.tasks.losses import LOSSES
from tests.circuits import random_mps


def encoder(n_qubits, rng):
    network = build_ansatz("brickwork", n_qubits)
    params = rng.normal(size=len(network.symbols))
    assignment = dict(zip(network.symbols, params, strict=True))
    return network, params, cirq.unitary(cirq.resolve_parameters(network.circuit, assignment))


def dense_fidelity(matrix, vector, n_kept):
    """Encode, replace the trash by |0…0>, decode, compare: 2^n x 2^n density matrices."""
    size, n_trash = 2**n_kept, len(vector) // 2**n_kept
    encoded = (matrix @ vector).reshape(size, n_trash)
    reset = np.zeros((size, n_trash, size, n_trash), dtype=complex)
    reset[:, 0, :, 0] = encoded @ encoded.conj().T
    decoded = matrix.conj().T @ reset.reshape(len(vector), -1) @ matrix
    return np.vdot(vector, decoded @ vector).real


@pytest.mark.parametrize(("n_qubits", "n_kept"), [(5, 1), (5, 2), (5, 3), (6, 3), (5, 4)])
def test_fidelity_is_that_of_the_dense_encode_reset_decode(n_qubits, n_kept):
    rng = np.random.default_rng(n_kept)
    network, params, matrix = encoder(n_qubits, rng)
    state = random_mps(n_qubits, 3, rng)
    program = compile_circuit(network.circuit, network.symbols)
    found = reconstruction(program, params, state, n_kept=n_kept)
    expected = dense_fidelity(matrix, state.state_vector(), n_kept)
    assert found.fidelity == pytest.approx(expected, abs=1e-10)
    assert found.truncation_error < 1e-14


@pytest.mark.parametrize(("ansatz", "n_kept"), [("rg_tree", 1), ("rg_tree", 3), ("brickwork", 2)])
def test_fidelities_of_many_states_are_dense_whatever_the_encoder(ansatz, n_kept):
    # A tree whose root keeps the qubits is evaluated as one; everything else is evolved.
    rng = np.random.default_rng(n_kept)
    network = build_ansatz(ansatz, 5)
    params = rng.uniform(0, 2 * np.pi, len(network.symbols))
    assignment = dict(zip(network.symbols, params, strict=True))
    matrix = cirq.unitary(cirq.resolve_parameters(network.circuit, assignment))
    states = [random_mps(5, 1 + k % 3, rng) for k in range(18)]
    program = compile_circuit(network.circuit, network.symbols)
    found = reconstructions(program, params, states, n_kept=n_kept)
    expected = [dense_fidelity(matrix, s.state_vector(), n_kept) for s in states]
    assert [f.fidelity for f in found] == pytest.approx(expected, abs=1e-10)
    assert max(f.truncation_error for f in found) < 1e-14


@pytest.mark.parametrize("n_kept", [1, 2, 3, 4])
def test_losses_are_the_dense_populations_of_the_trash(n_kept):
    rng = np.random.default_rng(n_kept)
    network, params, matrix = encoder(5, rng)
    state = random_mps(5, 4, rng)
    law = np.abs((matrix @ state.state_vector()).reshape((2,) * 5)) ** 2
    single = [law.sum(axis=tuple(s for s in range(5) if s != j))[0] for j in range(n_kept, 5)]
    joint = law.reshape(2**n_kept, -1)[:, 0].sum()
    for name, population in (("local", np.mean(single)), ("global", joint)):
        loss = task_loss("compression", name, network, n_kept)
        values = Evaluator(network.circuit, loss.observables, network.symbols)(
            params, state
        ).values
        assert values == pytest.approx(np.array([[population]]), abs=1e-10)


@pytest.mark.parametrize("n_kept", [1, 7, 99])
def test_closed_forms_at_100_qubits(n_kept):
    # GHZ: v = |0…0>/√2 on the kept qubits, whose state is half |0…0>: 1/2 · 1/2.
    assert kept_fidelity(ghz_state(100), n_kept) == pytest.approx(0.25, abs=1e-12)
    # A product state loses the weight of |1> on every trash qubit.
    angles = np.random.default_rng(0).uniform(0, 0.3, size=100)
    state = MPS.product([np.array([np.cos(a), np.sin(a)]) for a in angles])
    expected = np.prod(np.cos(angles[n_kept:]) ** 2)
    assert kept_fidelity(state, n_kept) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("n_kept", [1, 2, 3])
def test_ceiling_is_the_spectrum_of_the_density_matrix_and_no_encoder_is_above(n_kept):
    rng = np.random.default_rng(4)
    states = [random_mps(5, bond, rng) for bond in (1, 2, 3, 4, 1, 2, 3, 4, 2, 2)]
    weights = rng.uniform(0.2, 1.0, size=len(states))
    shares = weights / weights.sum()
    vectors = np.array([state.state_vector() for state in states])
    density = np.einsum("i,ia,ib->ab", shares, vectors, vectors.conj())
    expected = np.linalg.eigvalsh(density)[-(2**n_kept) :].sum()
    ceiling = spectrum_ceiling(states, weights, n_kept)
    assert ceiling == pytest.approx(expected, abs=1e-10)
    # The best encoder turns the largest eigenvectors into |trash> = |0…0>.
    _, eigenvectors = np.linalg.eigh(density)
    columns = eigenvectors[:, ::-1].T.conj().reshape(-1, 2**n_kept, 32).transpose(1, 0, 2)
    best = columns.reshape(32, 32)
    matrices = [best, *unitary_group.rvs(32, size=5, random_state=rng)]
    scores = [shares @ [dense_fidelity(m, v, n_kept) for v in vectors] for m in matrices]
    assert max(scores) <= ceiling + 1e-10
    assert scores[0] == max(scores)


def test_ceiling_of_orthogonal_states_is_the_largest_weights():
    bits = ((0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 0, 0))
    states = [MPS.product([np.eye(2)[b] for b in word]) for word in bits]
    weights = np.array([0.4, 0.25, 0.2, 0.1, 0.05])
    assert spectrum_ceiling(states, weights) == pytest.approx(0.65)
    assert spectrum_ceiling(states, weights, n_kept=2) == pytest.approx(0.95)
    assert spectrum_ceiling(states, weights, n_kept=3) == 1


@pytest.mark.parametrize("n_qubits", [4, 9])
def test_identity_reconstructs_two_thirds_of_the_two_state_ensemble(n_qubits):
    states = batch(build_dataset("two_state", n_qubits, seed=0).select("test"))
    kept = [states.shares @ [kept_fidelity(s, k) for s in states.states] for k in (1, 2, 3)]
    assert kept == pytest.approx([2 / 3, 2 / 3, 1], abs=1e-12)  # bits 0 to 2 differ
    assert spectrum_ceiling(states.states, states.weights) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("n_kept", [0, 4, -1])
def test_a_rate_keeps_some_qubits_and_not_all(n_kept):
    network = build_ansatz("brickwork", 4)
    with pytest.raises(ValueError, match="n_kept must be 1 to 3"):
        LOSSES["local"].on(network, n_kept)
    with pytest.raises(ValueError, match="n_kept must be 1 to 3"):
        kept_fidelity(ghz_state(4), n_kept)
