"""Losses are what their closed forms say, their derivatives are exact, scores are fair."""

import numpy as np
import pytest

from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.circuits.program import compile_circuit
from qnnbench.states.datasets import build_dataset
from qnnbench.states.mps import MPS
from qnnbench.tasks import TASKS, task_loss
from qnnbench.tasks.batch import Batch, batch
from qnnbench.tasks.compression import reconstruction, spectrum_ceiling
from qnnbench.tasks.losses import LOSSES
from qnnbench.tasks.readout import Readout
from qnnbench.tasks.scores import accuracy_score, paired_difference
from tests.circuits import random_mps


def two_states(n_qubits):
    return batch(build_dataset("two_state", n_qubits, seed=0).select("test"))


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_affine_with_the_stated_derivative(name):
    rng = np.random.default_rng(0)
    labels = np.array([0, 1, 1])
    states = Batch((), labels, np.array([1.0, 0.5, 0.5]))
    values, direction = rng.normal(size=(2, 3, 4 if name == "trash" else 1))
    loss, cotangent = LOSSES[name].evaluate(values, states)
    moved, _ = LOSSES[name].evaluate(values + direction, states)
    assert moved - loss == pytest.approx((cotangent * direction).sum(), abs=1e-12)


@pytest.mark.parametrize("n_qubits", [4, 9])
def test_identity_reconstructs_two_thirds_of_the_two_state_ensemble(n_qubits):
    network, states = build_ansatz("brickwork", n_qubits), two_states(n_qubits)
    encoder = compile_circuit(network.circuit, network.symbols)
    angles = np.zeros(len(network.symbols))
    parts = [reconstruction(encoder, angles, state) for state in states.states]
    fidelity = np.array([part.fidelity for part in parts]) @ states.shares
    assert fidelity == pytest.approx(2 / 3, abs=1e-12)
    assert spectrum_ceiling(states.states, states.weights) == pytest.approx(1, abs=1e-12)


def test_fidelity_is_that_of_the_dense_encode_reset_decode():
    rng = np.random.default_rng(1)
    network = build_ansatz("brickwork", 5)
    params = rng.normal(size=len(network.symbols))
    state = random_mps(5, 3, rng)
    import cirq

    matrix = cirq.unitary(
        cirq.resolve_parameters(network.circuit, dict(zip(network.symbols, params, strict=True)))
    )
    encoded = (matrix @ state.state_vector()).reshape(2, 16)
    reset = np.zeros((2, 16, 2, 16), dtype=complex)
    reset[:, 0, :, 0] = encoded @ encoded.conj().T
    decoded = matrix.conj().T @ reset.reshape(32, 32) @ matrix
    expected = np.vdot(state.state_vector(), decoded @ state.state_vector()).real
    found = reconstruction(compile_circuit(network.circuit, network.symbols), params, state)
    assert found.fidelity == pytest.approx(expected, abs=1e-10)
    assert found.truncation_error < 1e-14


def test_ceiling_of_orthogonal_states_is_the_two_largest_weights():
    states = [MPS.product([np.eye(2)[b] for b in bits]) for bits in ((0, 0), (0, 1), (1, 1))]
    assert spectrum_ceiling(states, np.array([0.5, 0.3, 0.2])) == pytest.approx(0.8)


def test_readout_separates_what_a_line_separates():
    rng = np.random.default_rng(2)
    labels = np.repeat([0, 1], 20)
    features = rng.normal(size=(40, 3)) * 0.1 + np.outer(labels, [1.0, -1.0, 0.5])
    readout = Readout.fit(features, labels)
    assert readout.correct(features, labels).all()
    assert readout.contrast(features, labels) == pytest.approx(1.5, abs=0.15)  # 5 σ/√20


def test_readout_never_cuts_between_equal_points():
    along = np.array([0.0] * 20 + [1.0] * 3 + [2.0] * 3)[:, None]
    labels = np.array([0, 1] * 10 + [0] * 3 + [1] * 3)
    readout = Readout.fit(along, labels)
    assert readout.threshold == pytest.approx(1.5)
    assert readout.correct(along, labels).sum() == 16


def test_readout_of_equal_classes_is_at_chance():
    rng = np.random.default_rng(3)
    labels = np.tile([0, 1], 1000)
    readout = Readout.fit(rng.normal(size=(64, 3)), labels[:64])
    correct = readout.correct(rng.normal(size=(2000, 3)), labels)
    assert abs(correct.mean() - 0.5) < 5 * 0.5 / np.sqrt(2000)


def test_wilson_interval_has_its_closed_form():
    correct = np.arange(200) < 190
    z, p, n = 1.959963984540054, 0.95, 200
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    row = accuracy_score(correct)
    assert (row["lower"], row["upper"]) == pytest.approx((centre - half, centre + half), abs=1e-12)


def test_paired_difference_sees_what_unpaired_intervals_hide():
    trained, untrained = np.arange(200) < 195, np.arange(200) < 185
    difference, lower = paired_difference(trained, untrained)
    assert difference == pytest.approx(0.05)
    assert 0 < lower < difference


def test_unknown_tasks_and_losses_are_named():
    with pytest.raises(ValueError, match="Did you mean 'compression'"):
        task_loss("compresion", "")
    with pytest.raises(ValueError, match="No loss of 'compression' named 'trash'"):
        task_loss("compression", "trash")
    assert all(
        task_loss(task.name, loss).name == loss for task in TASKS.values() for loss in task.losses
    )
