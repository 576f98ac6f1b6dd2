"""Preparation: dense states, closed forms of product fidelities, ranks of random circuits."""

import cirq
import numpy as np
import pytest

from qnnbench.backends import Evaluator, Limits
from qnnbench.circuits.ansatze import build_ansatz
from qnnbench.circuits.program import compile_circuit
from qnnbench.results import to_table
from qnnbench.states.datasets import build_dataset
from qnnbench.states.families.ghz import ghz_state
from qnnbench.states.families.spt_path import path_circuit, path_state
from qnnbench.states.mps import MPS
from qnnbench.tasks import task_loss
from qnnbench.tasks.batch import batch
from qnnbench.tasks.preparation import (
    log2_ranks,
    prepared,
    product_fidelity,
    rank_ceiling,
    target_of,
)
from qnnbench.training.arms import train_arm
from tests.circuits import random_mps

SMALL = {"train": 4, "validation": 2, "test": 2}


def network_at(n_qubits, rng, ansatz="brickwork", **options):
    network = build_ansatz(ansatz, n_qubits, **options)
    return network, rng.normal(size=len(network.symbols))


def backwards(network):
    return compile_circuit(cirq.inverse(network.circuit), network.symbols)


def made_by(network, params):
    """Return the amplitudes that the network, run backwards, makes of |0…0>."""
    assignment = dict(zip(network.symbols, params, strict=True))
    circuit = cirq.inverse(cirq.resolve_parameters(network.circuit, assignment))
    simulator = cirq.Simulator(dtype=np.complex128)
    qubits = cirq.LineQubit.range(network.n_qubits)
    return simulator.simulate(circuit, qubit_order=qubits).final_state_vector


def w_state(n_qubits):
    """Return the equal superposition of all words with a single 1."""
    tensor = np.zeros((2, 2, 2))
    tensor[0, 0, 0] = tensor[1, 0, 1] = tensor[0, 1, 1] = 1
    return MPS.from_tensors([tensor[:1], *[tensor] * (n_qubits - 2), tensor[:, :, 1:]])


def trained(family, n_qubits, folder, **entry):
    arm = {
        "arm": "made",
        "task": "preparation",
        "dataset": family,
        "ansatz": "brickwork",
        "angles": {"law": "gaussian", "std": 0.1},
        "repeats": 1,
        "learning_rate": 0.1,
        "validate_every": 10,
        **entry,
    }
    states = build_dataset(family, n_qubits, SMALL, seed=3)
    return train_arm(
        arm,
        states,
        n_qubits=n_qubits,
        seed=4,
        checkpoint_dir=folder,
        budget=Limits(seconds=1000),
    )


def test_losses_are_the_dense_populations_of_the_circuit_run_backwards():
    rng = np.random.default_rng(0)
    network, params = network_at(5, rng, n_layers=3)
    target = random_mps(5, 4, rng)
    assignment = dict(zip(network.symbols, params, strict=True))
    matrix = cirq.unitary(cirq.resolve_parameters(network.circuit, assignment))
    law = np.abs((matrix @ target.state_vector()).reshape((2,) * 5)) ** 2
    zeros = [law.sum(axis=tuple(s for s in range(5) if s != j))[0] for j in range(5)]
    fidelity = abs(np.vdot(target.state_vector(), made_by(network, params))) ** 2
    assert law[0, 0, 0, 0, 0] == pytest.approx(fidelity, abs=1e-12)
    states = batch(target_of(build_dataset("ghz_phase", 5, SMALL, seed=0)))
    for name, expected in (("local_infidelity", 1 - np.mean(zeros)), ("infidelity", 1 - fidelity)):
        loss = task_loss("preparation", name, network)
        evaluator = Evaluator(network.circuit, loss.observables, network.symbols)
        values = evaluator(params, [target] * 3).values
        assert loss.evaluate(values, states)[0] == pytest.approx(expected, abs=1e-10)
    assert 1 - fidelity <= 5 * (1 - np.mean(zeros))


@pytest.mark.parametrize("max_bond_dim", [2, 64])
def test_fidelity_is_the_simulated_one_and_a_cut_says_what_it_cost(max_bond_dim):
    rng = np.random.default_rng(1)
    network, params = network_at(6, rng, n_layers=3)
    target = random_mps(6, 3, rng)
    found = prepared(backwards(network), params, target, max_bond_dim)
    expected = abs(np.vdot(target.state_vector(), made_by(network, params))) ** 2
    assert (found.truncation_error > 1e-3) == (max_bond_dim == 2)
    error = np.sqrt(found.truncation_error)
    assert found.fidelity == pytest.approx(expected, abs=max(error, 1e-10))


def test_a_circuit_known_to_make_its_state_has_fidelity_one_at_100_qubits():
    found = prepared(path_circuit(100, -0.5), np.array([]), path_state(100, -0.5))
    assert found.fidelity == pytest.approx(1, abs=1e-10)
    other = prepared(path_circuit(100, -0.5), np.array([]), path_state(100, 0.5))
    assert other.fidelity < 1e-6


@pytest.mark.parametrize("n_qubits", [4, 9, 100])
def test_product_fidelity_has_its_closed_forms(n_qubits):
    # GHZ: Shimony (1995). W: Wei and Goldbart, Phys. Rev. A 68, 042307 (2003).
    assert product_fidelity(ghz_state(n_qubits)) == pytest.approx(1 / 2, rel=1e-9)
    expected = ((n_qubits - 1) / n_qubits) ** (n_qubits - 1)
    assert product_fidelity(w_state(n_qubits)) == pytest.approx(expected, rel=1e-6)
    # A cluster state on a line: Markham, Miyake and Virmani, New J. Phys. 9, 194 (2007).
    cluster = path_state(n_qubits, -1.0)
    assert product_fidelity(cluster) <= 2.0 ** -(n_qubits // 2) * (1 + 1e-9)
    angles = np.random.default_rng(2).uniform(0, np.pi, n_qubits)
    product = MPS.product([np.array([np.cos(a), 1j * np.sin(a)]) for a in angles])
    assert product_fidelity(product) == pytest.approx(1, abs=1e-9)


def test_product_fidelity_of_two_qubits_is_the_largest_schmidt_weight():
    rng = np.random.default_rng(3)
    for _ in range(5):
        state = random_mps(2, 2, rng)
        values = np.linalg.svd(state.state_vector().reshape(2, 2), compute_uv=False)
        assert product_fidelity(state) == pytest.approx(values[0] ** 2, rel=1e-6)


@pytest.mark.parametrize(
    ("ansatz", "options", "is_met"),
    [
        ("brickwork", {"n_layers": 1}, True),
        ("brickwork", {"n_layers": 2}, True),
        ("brickwork", {"n_layers": 3}, True),
        ("tree", {}, False),
        ("qcnn", {"pooling": "discard", "sharing": "none"}, False),
    ],
)
def test_ranks_bound_those_of_random_circuits_and_brickwork_meets_them(ansatz, options, is_met):
    rng = np.random.default_rng(4)
    network, params = network_at(8, rng, ansatz, **options)
    ranks = log2_ranks(backwards(network))
    state = made_by(network, params)
    found = [np.linalg.matrix_rank(state.reshape(2**cut, -1), tol=1e-9) for cut in range(1, 8)]
    assert (np.array(found) <= 2**ranks).all()
    if is_met:
        np.testing.assert_array_equal(found, 2**ranks)


def test_ceiling_is_that_of_dense_spectra_and_no_circuit_is_above():
    rng = np.random.default_rng(5)
    target = random_mps(6, 8, rng)
    vector = target.state_vector()
    for n_layers in (1, 2, 3):
        network, _ = network_at(6, rng, n_layers=n_layers)
        ranks = log2_ranks(backwards(network))
        spectra = [
            np.linalg.svd(vector.reshape(2**cut, -1), compute_uv=False) ** 2 for cut in range(1, 6)
        ]
        tops = [w[: 2**r].sum() for w, r in zip(spectra, ranks, strict=True)]
        ceiling = rank_ceiling(target, ranks)
        assert ceiling == pytest.approx(min(tops), abs=1e-10)
        draws = rng.normal(size=(10, len(network.symbols)))
        assert max(abs(np.vdot(vector, made_by(network, p))) ** 2 for p in draws) <= ceiling
    assert rank_ceiling(ghz_state(100), np.array([1, 0] * 49 + [1])) == pytest.approx(1 / 2)
    assert rank_ceiling(ghz_state(100), np.ones(99, dtype=int)) == pytest.approx(1)


def test_target_is_the_first_state_of_its_class_before_noise():
    dataset = build_dataset("ghz_phase", 6, SMALL, seed=0)
    for label, phase in ((0, 0.0), (1, np.pi)):
        target = target_of(dataset, label)
        assert abs(target.states[0].overlap(ghz_state(6, phase))) == pytest.approx(1)
        assert len({id(target.select(s).states[0]) for s in ("train", "test")}) == 1
        assert target.details["target"] == label
    with pytest.raises(ValueError, match=r"2 names no class of 'ghz_phase'.*\[0, 1\]"):
        target_of(dataset, 2)
    with pytest.raises(ValueError, match="class 1 of 'ghz_dephased' is a Mixture"):
        target_of(build_dataset("ghz_dephased", 6, SMALL, seed=0), 1)


def test_a_trained_circuit_beats_products_and_is_scored_as_simulated(tmp_path):
    entry = {"options": {"n_layers": 2}, "n_steps": 60, "target": 0}
    tables = trained("spt_path", 8, tmp_path, **entry)
    for table, rows in tables.items():
        assert to_table(table, rows).num_rows == len(rows)
    (score,), (run,) = tables["scores"], tables["runs"]
    target = target_of(build_dataset("spt_path", 8, SMALL, seed=3)).states[0]
    network = build_ansatz("brickwork", 8, n_layers=2)
    overlap = np.vdot(target.state_vector(), made_by(network, run["params"]))
    assert score["value"] == pytest.approx(abs(overlap) ** 2, abs=1e-10)
    assert score["untrained_value"] < score["chance"] < 0.5 < score["value"] <= score["ceiling"]
    assert (score["metric"], score["status"], score["n_layers"]) == ("fidelity", "ok", 2)
    assert score["lower"] == pytest.approx(score["value"], abs=1e-6)  # nothing was cut


def test_no_circuit_whose_light_cones_leave_the_ends_apart_beats_a_product_at_ghz(tmp_path):
    # Two qubits without a common light cone are in a product state σ⊗τ, whose fidelity with
    # (|00><00| + |11><11|)/2 is at most (√(ab) + √((1-a)(1-b)))²/2 <= 1/2: the Z histograms'.
    entry = {"options": {"n_layers": 3}, "n_steps": 40, "loss": "infidelity"}
    (score,) = trained("ghz_phase", 8, tmp_path, **entry)["scores"]
    assert score["chance"] == pytest.approx(0.5)
    assert 0.4 < score["value"] <= 0.5 + 1e-9
