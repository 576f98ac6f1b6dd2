"""Datasets of ground states: splits, symmetries, targets and certificates."""

from dataclasses import replace
from itertools import chain, cycle, islice

import numpy as np
import pytest

from qnnbench.states.certificates import certify
from qnnbench.states.certificates.spin_chains import lowest_energy
from qnnbench.states.datasets import build_dataset
from qnnbench.states.families.bond_alternating_xxz import xxz_chain
from qnnbench.states.families.cluster_ising import cluster_ising_chain
from qnnbench.states.families.tfim import tfim_chain
from qnnbench.states.ground_states import ground_states
from qnnbench.states.mps import MPS
from qnnbench.states.samples import SPLITS, samples
from qnnbench.states.spin_chains import couplings_of
from tests.dense_sums import dense_sum
from tests.small_datasets import SMALL, small

FAMILIES = ("cluster_ising", "tfim", "bond_alternating_xxz")


def chain_of(name, n_qubits):
    return {
        "cluster_ising": lambda: cluster_ising_chain(n_qubits, 0.1),
        "tfim": lambda: tfim_chain(n_qubits),
        "bond_alternating_xxz": lambda: xxz_chain(n_qubits, 0.5),
    }[name]()


@pytest.fixture(scope="module", params=FAMILIES)
def dataset(request):
    return small(request.param)


def broken_facts(dataset):
    return {row["fact"] for row in certify(dataset) if not row["holds"]}


@pytest.mark.parametrize("n_couplings", [4, 5, 9])
def test_splits_share_no_coupling_and_train_on_the_ends(n_couplings):
    couplings = np.linspace(0.1, 0.5, n_couplings).tolist()
    parts = {split: couplings_of(split, couplings) for split in SPLITS}
    assert sorted(chain.from_iterable(parts.values())) == couplings
    assert {couplings[0], couplings[-1]} <= set(parts["train"])
    assert all(parts.values())


def test_every_split_holds_couplings_of_both_phases(dataset):
    critical = {"cluster_ising": 1.0, "tfim": 1.0, "bond_alternating_xxz": 0.0}[dataset.name]
    np.testing.assert_array_equal(dataset.labels, dataset.couplings > critical)
    assert len(set(dataset.noiseless.couplings)) == 12


def test_symmetries_commute_with_the_hamiltonian(dataset):
    spins = chain_of(dataset.name, 6)
    hamiltonian = dense_sum(6, spins.words(0.3)).toarray()
    for word in spins.symmetries:
        turn = dense_sum(6, {"".join(islice(cycle(word), 6)): 1.0}).toarray()
        np.testing.assert_allclose(turn @ hamiltonian, hamiltonian @ turn, atol=1e-12)


def test_targets_are_dense_string_orders(dataset):
    # Over sites 2 … 6 of 8: cluster Z2 X3 X5 Z6 and X2 X4 X6; Ising Z2 Z6 and X3 X4 X5;
    # dimers Z on (3, 4), (5, 6) and on (2, 3), (4, 5).
    first, second = {
        "cluster_ising": ("IIZXIXZI", "IIXIXIXI"),
        "tfim": ("IIZIIIZI", "IIIXXXII"),
        "bond_alternating_xxz": ("IIIZZZZI", "IIZZZZII"),
    }[dataset.name]
    difference = dense_sum(8, {second: 1.0, first: -1.0})
    exact = dataset.noiseless
    for state, target in zip(exact.states, exact.targets, strict=True):
        vector = state.state_vector()
        assert target == pytest.approx(np.vdot(vector, difference @ vector).real, abs=1e-12)
    behind = dict(zip(exact.couplings, exact.targets, strict=True))
    assert dataset.targets.tolist() == [behind[c] for c in dataset.couplings]


def test_each_sample_is_its_ground_state_turned_by_the_named_symmetries():
    fields = {"ordered_fields": (0.1, 0.14, 0.18, 0.22), "paramagnet_fields": (2, 2.2, 2.4, 2.6)}
    data = build_dataset("tfim", 24, 24, seed=1, noise=0.0, **fields)
    assert data.noiseless is None
    for label in (0, 1):
        chosen = [i for i in range(24) if data.labels[i] == label]
        turned = [data.parameters[i]["turned_by"] == ["X"] for i in chosen]
        found = [data.states[i].expectation({12: "Z"}) for i in chosen]
        field = data.couplings[chosen]
        # On 24 sites DMRG finds one of the two magnetisations ±(1 - g²)^(1/8) of the bulk.
        magnetisation = (1 - field**2) ** 0.125 if label == 0 else np.zeros(len(chosen))
        expected = np.where(turned, -magnetisation, magnetisation)
        np.testing.assert_allclose(found, expected, atol=1e-3)
        assert 0 < sum(turned) < len(turned)


def test_noise_is_what_separates_samples_of_one_coupling(dataset):
    behind = dict(zip(dataset.noiseless.couplings, dataset.noiseless.states, strict=True))
    for i, state in enumerate(dataset.states[:4]):
        turned_by = dataset.parameters[i]["turned_by"]
        words = ["".join(islice(cycle(word), 8)) for word in turned_by]
        vector = behind[dataset.couplings[i]].state_vector()
        for word in words:
            vector = dense_sum(8, {word: 1.0}) @ vector
        fidelity = abs(np.vdot(vector, state.state_vector())) ** 2
        assert 1 - 10 * 8 * 0.02**2 < fidelity < 1 - 1e-6  # tilts of 0.02 rad on 8 qubits


def test_swapped_labels_are_found(dataset):
    exact = replace(dataset.noiseless, labels=1 - dataset.noiseless.labels)
    broken = broken_facts(replace(dataset, noiseless=exact))
    assert broken == {"the longer string order is that of the label"}


def test_wrong_couplings_and_energies_are_found(dataset):
    exact = dataset.noiseless
    broken = broken_facts(
        replace(dataset, noiseless=replace(exact, couplings=exact.couplings + 1e-3))
    )
    assert "recorded energies are <H>" in broken
    broken = broken_facts(replace(dataset, noiseless=replace(exact, energy=exact.energy + 1e-6)))
    assert broken == {"recorded energies are <H>"}


def test_wrong_targets_are_found(dataset):
    exact = replace(dataset.noiseless, targets=dataset.noiseless.targets * (1 + 1e-6))
    broken = broken_facts(replace(dataset, noiseless=exact))
    assert broken == {"targets are string order 1 less string order 0"}


def test_states_that_are_no_ground_states_are_found(dataset):
    exact = dataset.noiseless
    turned = [s.rotated([np.array([[0.8, -0.6], [0.6, 0.8]])] * 8) for s in exact.states]
    broken = broken_facts(replace(dataset, noiseless=replace(exact, states=tuple(turned))))
    assert "energy variance per qubit is what the bond limit leaves" in broken


def as_chain(vector):
    """Return amplitudes of eight qubits as a matrix product state, site by site."""
    tensors, rest = [], vector.reshape(1, -1)
    for _ in range(7):
        u, s, v = np.linalg.svd(rest.reshape(2 * len(rest), -1), full_matrices=False)
        tensors.append(u.reshape(len(rest), 2, -1))
        rest = s[:, None] * v
    return MPS((*tensors, rest.reshape(-1, 2, 1)))


def test_eigenstates_above_the_lowest_are_found(dataset):
    # The fifth: above the end spins, whose four states may mix.
    exact, spins = dataset.noiseless, chain_of(dataset.name, 8)
    found = [np.linalg.eigh(dense_sum(8, spins.words(c)).toarray()) for c in exact.couplings]
    excited = replace(
        exact,
        states=[as_chain(vectors[:, 4]) for _, vectors in found],
        energy=[energies[4] for energies, _ in found],
    )
    broken = broken_facts(replace(dataset, noiseless=excited))
    assert "energies are the lowest eigenvalues of H" in broken
    assert not any("variance per qubit" in fact or "recorded" in fact for fact in broken)
    fermions = "energies are those of free fermions within variance / gap"
    assert (fermions in broken) == (dataset.name == "tfim")


@pytest.mark.parametrize(
    "words",
    [
        {"ZXZ": -1.0, "X": -0.7, "YY": 0.2},
        {"ZZI": 0.3, "IYI": 2.0},
        {"YXY": [1.0, -2.0, 0.5], "Z": [0.1, 0.2, 0.3, 0.4, 0.5]},
    ],
)
def test_lowest_energies_are_those_of_dense_matrices(words):
    expected = np.linalg.eigvalsh(dense_sum(5, words).toarray())[0]
    assert lowest_energy(words, 5) == pytest.approx(expected, abs=1e-10)


def test_a_free_cluster_chain_has_the_energies_of_free_fermions():
    fields = {"spt_fields": (0.2, 0.3, 0.4, 0.5), "paramagnet_fields": (1.3, 1.5, 1.7, 2.0)}
    data = build_dataset("cluster_ising", 8, SMALL, seed=1, h2=0.0, **fields)
    fact = "energies are those of free fermions within variance / gap"
    assert data.certificate[fact]["holds"]
    exact = data.noiseless
    higher = replace(data, noiseless=replace(exact, states=exact.states[::-1]))
    assert fact in broken_facts(higher)


@pytest.mark.parametrize(
    ("name", "couplings"),
    [("cluster_ising", (0.1, 2.2)), ("tfim", (0.5, 2.2)), ("bond_alternating_xxz", (-0.9, 0.9))],
)
def test_certificates_hold_on_a_hundred_qubits(name, couplings):
    spins, options = chain_of(name, 100), {"max_bond_dim": 8, "h2": 0.1, "anisotropy": 0.5}
    start = MPS.product([np.array(v) for v in islice(cycle(spins.start), 100)])
    found = [ground_states([spins.words(c)], start, 8)[0] for c in couplings]
    data = samples(
        name,
        100,
        [ground.state for ground in found],
        [0, 1],
        ["train", "test"],
        couplings=couplings,
        targets=[spins.target(ground.state) for ground in found],
        energy=[ground.energy for ground in found],
        energy_variance=[ground.energy_variance for ground in found],
        details={"options": options},
    )
    assert not broken_facts(data)


def test_large_bonds_are_certified_too():
    # Two copies of bond 40 would not fit: their entanglement is measured at bond 16.
    fields = {"spt_fields": (0.2, 0.3, 0.4, 0.5), "paramagnet_fields": (1.3, 1.4, 1.5, 1.6)}
    data = build_dataset("cluster_ising", 12, SMALL, seed=1, max_bond_dim=40, **fields)
    assert data.max_bond_dim > 32
    assert all(row["holds"] for row in data.certificate.values())
    method = data.certificate["concentratable entanglement of class 0"]["method"]
    assert method.endswith("cut to bond 16")
