"""Certificates hold for what is shipped, fail for what is not, and agree with dense sums."""

from dataclasses import replace
from functools import reduce
from itertools import combinations, pairwise

import numpy as np
import pytest

from qnnbench.states.certificates import CERTIFIERS, certify
from qnnbench.states.datasets import DATASETS, build_dataset
from qnnbench.states.families.ghz import dephased_ghz, ghz_state
from qnnbench.states.mps import MPS, PAULIS, Mixture
from qnnbench.states.quantities.distances import (
    histogram_distance_squared,
    marginal_distance_squared,
)
from qnnbench.states.quantities.pauli_sums import energy_moments
from qnnbench.states.samples import split_sizes
from tests.small_datasets import small

SMALL = {"train": 4, "validation": 2, "test": 4}


def random_state(n_qubits, bond_dim, rng):
    bonds = [1, *[bond_dim] * (n_qubits - 1), 1]
    shapes = [(a, 2, b) for a, b in pairwise(bonds)]
    return MPS.from_tensors([rng.normal(size=s) + 1j * rng.normal(size=s) for s in shapes])


def density_matrix(state):
    vectors = [(weight, member.state_vector()) for weight, member in state.members]
    return sum(weight * np.outer(v, v.conj()) for weight, v in vectors)


def broken_facts(dataset):
    return {row["fact"] for row in certify(dataset) if not row["holds"]}


def test_every_family_is_certified():
    assert set(CERTIFIERS) == set(DATASETS)


@pytest.mark.parametrize("name", DATASETS)
def test_every_certificate_holds(name):
    data = small(name)
    rows = certify(data)
    assert all(row["holds"] for row in rows), [row for row in rows if not row["holds"]]
    assert set(data.certificate) == {row["fact"] for row in rows}
    assert len(data.certificate) == len(rows)  # facts are unique
    for row in rows:
        assert list(row) == ["fact", "method", "value", "expected", "tolerance", "holds"]


@pytest.mark.parametrize("name", ["spt_path", "ghz_dephased", "low_bond", "two_state"])
def test_certificates_hold_at_a_hundred_qubits(name):
    data = build_dataset(name, 100, None if name in ("two_state", "low_bond") else 6, seed=1)
    assert not broken_facts(data)


def test_swapped_labels_are_found():
    data = build_dataset("spt_path", 8, SMALL, seed=1)
    swapped = replace(data, labels=1 - data.labels)
    broken = "string orders are 4|g|/(1+|g|)² in their own phase and 0 in the other"
    assert broken_facts(swapped) == {broken}


def test_a_wrong_coupling_is_found():
    data = build_dataset("spt_path", 8, SMALL, seed=1)
    shifted = replace(data, couplings=data.couplings * 0.99)
    assert "energy per bulk term is -2(1+g²)" in broken_facts(shifted)
    assert "preparation circuits make the states" in broken_facts(shifted)


def test_an_unequal_pair_is_found():
    data = build_dataset("ghz_dephased", 8, SMALL, seed=1)
    lopsided = Mixture((0.6, 0.4), dephased_ghz(8).states)
    exact = replace(data.noiseless, states=(ghz_state(8), lopsided))
    assert broken_facts(replace(data, noiseless=exact)) == {
        "all (n-1)-body marginals of the noiseless classes are equal",
        "three-body marginals of the noiseless classes are equal",
        "Z histograms of the noiseless classes are equal",
    }


def test_wrong_weights_are_found():
    data = build_dataset("two_state", 8, seed=1)
    assert broken_facts(replace(data, details={"weights": [0.5, 0.5]})) == {
        "score of the identity encoder"
    }


@pytest.mark.parametrize("words", [{"ZXZ": -1.0, "X": -0.7, "XX": -0.2}, {"ZZI": 0.3, "IYI": 2.0}])
def test_energy_moments_are_dense_moments(words):
    state = random_state(6, 4, np.random.default_rng(1))
    hamiltonian = np.zeros((64, 64), dtype=complex)
    for word, coefficient in words.items():
        for start in range(6 - len(word) + 1):
            letters = "I" * start + word + "I" * (6 - start - len(word))
            hamiltonian += coefficient * reduce(np.kron, [PAULIS[p] for p in letters])
    image = hamiltonian @ state.state_vector()
    mean = np.vdot(state.state_vector(), image).real
    energy, variance = energy_moments(state, words)
    assert energy == pytest.approx(mean, rel=1e-10)
    assert variance == pytest.approx(np.vdot(image, image).real - mean**2, rel=1e-9)


def test_distances_are_dense_distances():
    rng = np.random.default_rng(2)
    pure = random_state(5, 3, rng)
    mixed = Mixture((0.3, 0.7), (random_state(5, 2, rng), random_state(5, 3, rng)))
    gap = density_matrix(pure) - density_matrix(mixed)
    histogram = np.sum(np.diag(gap).real ** 2)
    assert histogram_distance_squared(pure, mixed) == pytest.approx(histogram, rel=1e-10)
    marginals = [
        pure.reduced_density_matrix(sites) - mixed.reduced_density_matrix(sites)
        for sites in combinations(range(5), 4)
    ]
    expected = max(np.linalg.norm(marginal) ** 2 for marginal in marginals)
    assert marginal_distance_squared(pure, mixed) == pytest.approx(expected, rel=1e-10)


def test_certificates_of_one_split_hold():
    data = build_dataset("ghz_dephased", 8, SMALL, seed=1)
    assert not broken_facts(data.select("test"))
    assert split_sizes(SMALL) == SMALL
