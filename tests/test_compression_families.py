"""Compression ensembles of known optimum: random states of low bond, a hidden subspace."""

from dataclasses import replace

import cirq
import numpy as np
import pytest

from qnnbench.states.certificates import certify
from qnnbench.states.datasets import build_dataset, preparation_circuit
from qnnbench.states.families.low_bond import random_state
from qnnbench.states.families.subspace import hiding_circuit
from qnnbench.states.mps import MPS
from qnnbench.states.samples import SPLITS
from qnnbench.tasks.batch import batch
from qnnbench.tasks.compression import reconstruction, spectrum_ceiling

SMALL = {"train": 6, "validation": 2, "test": 4}


def facts_of(dataset):
    return {row["fact"]: row for row in certify(dataset)}


def broken_facts(dataset):
    return {fact for fact, row in facts_of(dataset).items() if not row["holds"]}


def test_random_states_have_their_bond_and_norm():
    state = random_state(9, 3, np.random.default_rng(1))
    assert state.bond_dims == (2, 3, 3, 3, 3, 3, 3, 2)
    assert np.linalg.norm(state.state_vector()) == pytest.approx(1)
    for cut in range(1, 9):
        values = np.linalg.svd(state.state_vector().reshape(2**cut, -1), compute_uv=False)
        assert np.sum(values > 1e-12) == state.bond_dims[cut - 1]


def test_random_states_are_unbiased():
    # Any one-qubit Pauli has mean zero over Haar isometries; 5 standard errors.
    rng = np.random.default_rng(2)
    found = [random_state(6, 2, rng).expectation({3: "Z"}) for _ in range(400)]
    assert abs(np.mean(found)) < 5 * np.std(found) / 20


def test_spectrum_of_the_ensemble_is_that_of_its_density_matrix():
    data = build_dataset("low_bond", 8, seed=3)
    weights = data.details["weights"]
    members = [state.state_vector() for state in data.states[:4]]
    mixed = sum(w * np.outer(m, m.conj()) for w, m in zip(weights, members, strict=True))
    spectrum = np.linalg.eigvalsh(mixed)[::-1]
    assert np.sum(spectrum > 1e-12) == 4
    row = facts_of(data)["best fidelity with 1 kept qubits"]
    assert row["value"] == pytest.approx(spectrum[:2].sum(), abs=1e-12)
    test = batch(data.select("test"))
    pure = [s for s in test.states if isinstance(s, MPS)]
    assert spectrum_ceiling(pure, test.weights) == pytest.approx(spectrum[:2].sum(), abs=1e-12)


def test_wide_random_states_are_nearly_orthogonal():
    row = facts_of(build_dataset("low_bond", 100, seed=1))["best fidelity with 1 kept qubits"]
    assert row["value"] == pytest.approx(0.4 + 0.3, abs=1e-9)


def test_every_split_is_the_whole_ensemble():
    data = build_dataset("low_bond", 8, seed=1, weights=(0.5, 0.25, 0.25), bond_dim=4)
    assert data.max_bond_dim == 4
    for split in SPLITS:
        part = data.select(split)
        assert part.labels.tolist() == [0, 1, 2]
        assert batch(part).shares == pytest.approx([0.5, 0.25, 0.25])
    assert not broken_facts(data)


def test_other_members_are_found():
    data = build_dataset("low_bond", 8, seed=1)
    other = random_state(8, 2, np.random.default_rng(9))
    assert broken_facts(replace(data, states=(*data.states[:-1], other))) == {
        "every split holds the same states"
    }
    twice = [data.states[i % 2] for i in data.labels]
    assert broken_facts(replace(data, states=tuple(twice))) == {
        "the rank is the number of members"
    }
    wide = [random_state(8, 4, np.random.default_rng(label)) for label in data.labels]
    assert broken_facts(replace(data, states=tuple(wide))) == {
        "cuts hold at most log2(bond_dim) bits"
    }


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("low_bond", {"n_samples": 8}, "leave n_samples out"),
        ("low_bond", {"weights": (0.5, 0.4)}, "sum 1"),
        ("low_bond", {"bond_dim": 0}, "bond_dim must be"),
        ("subspace", {"n_hidden": 3}, "n_hidden is 1 or 2"),
        ("subspace", {"n_layers": 7}, "n_layers 1 to 6"),
    ],
)
def test_errors_say_what_was_asked(name, options, message):
    with pytest.raises(ValueError, match=message):
        build_dataset(name, 8, seed=1, **options)


@pytest.mark.parametrize(("n_hidden", "n_layers"), [(1, 1), (1, 2), (2, 3)])
def test_circuits_make_the_hidden_states(n_hidden, n_layers):
    data = build_dataset("subspace", 6, SMALL, seed=1, n_hidden=n_hidden, n_layers=n_layers)
    simulator, qubits = cirq.Simulator(dtype=np.complex128), cirq.LineQubit.range(6)
    for i in (0, 7):
        circuit = preparation_circuit(data, i)
        made = simulator.simulate(circuit, qubit_order=qubits).final_state_vector
        np.testing.assert_allclose(made, data.states[i].state_vector(), atol=1e-12)
    assert not broken_facts(data)


def test_hidden_amplitudes_are_haar_random():
    data = build_dataset("subspace", 4, 400, seed=1, n_layers=1)
    zero = [np.sum(np.square(facts["amplitudes"][0])) for facts in data.parameters]
    # |<0|φ>|² of a Haar-random qubit is uniform on [0, 1]: mean 1/2, variance 1/12.
    assert abs(np.mean(zero) - 0.5) < 5 * np.sqrt(1 / 12 / 400)
    assert np.var(zero) == pytest.approx(1 / 12, rel=0.2)


@pytest.mark.parametrize("n_hidden", [1, 2])
def test_the_inverse_of_the_hiding_circuit_reaches_the_optimum(n_hidden):
    data = build_dataset("subspace", 12, SMALL, seed=2, n_hidden=n_hidden)
    decoder = cirq.inverse(hiding_circuit(np.array(data.details["angles"])))
    for state in data.states[:3]:
        assert isinstance(state, MPS)
        kept = reconstruction(decoder, np.array([]), state, n_kept=n_hidden)
        assert kept.fidelity == pytest.approx(1, abs=1e-10)


def test_the_hidden_subspace_is_certified_at_a_hundred_qubits():
    data = build_dataset("subspace", 100, SMALL, seed=1)
    assert not broken_facts(data)
    angles = np.array(data.details["angles"])
    angles[1, 60] += 1e-3
    wrong = replace(data, details={**data.details, "angles": angles.tolist()})
    assert broken_facts(wrong) == {
        "the inverse circuit brings the trash to |0…0>",
        "preparation circuits make the states",
    }


def test_a_state_outside_the_subspace_is_found():
    data = build_dataset("subspace", 8, SMALL, seed=1)
    other = random_state(8, 2, np.random.default_rng(9))
    broken = broken_facts(replace(data, states=(other, *data.states[1:])))
    assert "the samples lie in a subspace of the hidden qubits" in broken
    assert "the inverse circuit brings the trash to |0…0>" in broken
