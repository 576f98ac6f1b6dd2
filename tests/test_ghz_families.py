"""GHZ states of two phases, and the ceilings of both GHZ families by dense algebra."""

import itertools
from dataclasses import replace
from functools import reduce

import numpy as np
import pytest

from qnnbench.states.certificates import certify
from qnnbench.states.datasets import DATASETS, build_dataset, preparation_circuit
from qnnbench.states.families.ghz import dephased_ghz, ghz_state
from tests.test_stabilizer import partial_trace, simulated

SMALL = {"train": 4, "validation": 2, "test": 2}


def broken(dataset):
    return {row["fact"]: row["value"] for row in certify(dataset) if not row["holds"]}


def best_accuracy(first, second):
    """Return Helstrom's 1/2 + |ρ - σ|_1 / 4."""
    return 0.5 + np.abs(np.linalg.eigvalsh(first - second)).sum() / 4


def projector(vector):
    return np.outer(vector, vector.conj())


@pytest.mark.parametrize("phase", [0.0, 0.7, np.pi])
def test_ghz_states_have_their_phase(phase):
    expected = np.zeros(16, dtype=complex)
    expected[[0, 15]] = np.sqrt(0.5) * np.array([1, np.exp(1j * phase)])
    state = ghz_state(4, phase)
    np.testing.assert_allclose(state.state_vector(), expected, atol=1e-15)
    assert np.iscomplexobj(state.tensors[0]) == (phase == 0.7)


@pytest.mark.parametrize("phase", [0.7, np.pi])
def test_phases_agree_below_weight_n(phase):
    data = build_dataset("ghz_phase", 5, SMALL, seed=1, phase=phase)
    first, second = (state.state_vector() for state in data.noiseless.states)
    np.testing.assert_allclose(np.abs(first) ** 2, np.abs(second) ** 2, atol=1e-14)
    for size in range(1, 5):
        for sites in itertools.combinations(range(5), size):
            marginals = [partial_trace(v, list(sites), 5) for v in (first, second)]
            np.testing.assert_allclose(*marginals, atol=1e-14)
    assert np.max(np.abs(projector(first) - projector(second))) > 0.1
    assert not broken(data)
    made = simulated(preparation_circuit(data, 1))
    assert abs(np.vdot(made, second)) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("phase", [0.7, np.pi])
def test_phases_at_a_hundred_qubits(phase):
    data = build_dataset("ghz_phase", 100, 6, seed=1, phase=phase)
    assert data.max_bond_dim == 2
    assert not broken(data)


@pytest.mark.parametrize("n_copies", [1, 2])
def test_ceilings_are_helstroms(n_copies):
    data = build_dataset("ghz_phase", 4, SMALL, seed=1, phase=1.1)
    pair = [projector(state.state_vector()) for state in data.noiseless.states]
    copies = [reduce(np.kron, [matrix] * n_copies) for matrix in pair]
    found = DATASETS["ghz_phase"].ceiling(data, n_copies)
    assert found == pytest.approx(best_accuracy(*copies), abs=1e-12)
    data = build_dataset("ghz_dephased", 4, SMALL, seed=1)
    members = [state.state_vector() for state in dephased_ghz(4).states]
    pair = [projector(ghz_state(4).state_vector()), sum(map(projector, members)) / 2]
    copies = [reduce(np.kron, [matrix] * n_copies) for matrix in pair]
    found = DATASETS["ghz_dephased"].ceiling(data, n_copies)
    assert found == pytest.approx(best_accuracy(*copies), abs=1e-12)
    assert found == {1: 0.75, 2: 0.875}[n_copies]


def test_orthogonal_phases_have_no_ceiling_below_one():
    data = build_dataset("ghz_phase", 6, SMALL, seed=1)
    assert DATASETS["ghz_phase"].ceiling(data, 1) == pytest.approx(1, abs=1e-12)


def test_noise_only_lowers_the_ceiling():
    sizes = {"train": 400, "validation": 2, "test": 2}
    data = build_dataset("ghz_dephased", 4, sizes, seed=1, noise=0.2)
    means = []
    for label in (0, 1):
        states = [s for s, y in zip(data.states, data.labels, strict=True) if y == label]
        means.append(
            sum(w * projector(m.state_vector()) for s in states for w, m in s.members)
            / len(states)
        )
    assert 0.6 < best_accuracy(*means) < DATASETS["ghz_dephased"].ceiling(data, 1)


def test_a_wrong_phase_and_wrong_labels_are_found():
    data = build_dataset("ghz_phase", 8, SMALL, seed=1, phase=1.0)
    told = ({"phase": 0.0}, {"phase": 1.1})
    found = broken(replace(data, noiseless=replace(data.noiseless, parameters=told)))
    assert found["<X^n> of noiseless class 1 is cos(phase)"] == pytest.approx(np.cos(1.0))
    assert found["one local rotation maps the classes onto each other"] == pytest.approx(
        np.sin(0.05) ** 2
    )
    swapped = replace(data.noiseless, labels=1 - data.noiseless.labels)
    found = broken(replace(data, noiseless=swapped))
    assert found["<X^n> of noiseless class 0 is cos(phase)"] == pytest.approx(np.cos(1.0))


def test_one_wrong_label_of_a_noisy_sample_is_found():
    data = build_dataset("ghz_dephased", 8, SMALL, seed=1, noise=0.3)
    assert not broken(data)
    labels = data.labels.copy()
    labels[3] = 0
    found = broken(replace(data, labels=labels))
    assert found["samples are pure with label 0 and half mixed with label 1"] == pytest.approx(0.5)
    phases = build_dataset("ghz_phase", 8, SMALL, seed=1)
    fact = "samples nearer to the noiseless state of the other class"
    assert phases.certificate[fact]["value"] == 0
    assert replace(phases, labels=labels).certificate[fact]["value"] == 1


def test_a_pair_of_other_amplitudes_is_found():
    data = build_dataset("ghz_phase", 8, SMALL, seed=1)
    last = np.diag([1.2, -0.8])[:, :, None]
    first, second = data.noiseless.states
    tilted = type(second).from_tensors([*second.tensors[:-1], last])
    found = broken(replace(data, noiseless=replace(data.noiseless, states=(first, tilted))))
    assert "Z histograms of the noiseless classes are equal" in found
    assert "entropy of every cut is 1 bit" in found


@pytest.mark.parametrize("phase", [0.0, -1.0, 7.0])
def test_phases_out_of_range_are_refused(phase):
    with pytest.raises(ValueError, match=r"phase must lie in \(0, 2π\)"):
        build_dataset("ghz_phase", 8, seed=1, phase=phase)
