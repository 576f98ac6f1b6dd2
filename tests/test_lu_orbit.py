"""Local-unitary orbits: the unitaries, the ceilings, and certificates that can fail."""

from dataclasses import replace
from functools import reduce

import numpy as np
import pytest

from qnnbench.states.certificates import certify
from qnnbench.states.datasets import build_dataset
from qnnbench.states.families.lu_orbit import (
    BASES,
    FAMILY,
    PAIRS,
    base_states,
    clifford_unitaries,
    haar_unitaries,
    w_state,
)
from qnnbench.states.mps import PAULIS, Mixture
from qnnbench.states.storage import read_dataset, write_dataset

SMALL = {"train": 4, "validation": 2, "test": 4}


def broken(dataset):
    return {row["fact"] for row in certify(dataset) if not row["holds"]}


@pytest.fixture(scope="module")
def dataset():
    return build_dataset("lu_orbit/ghz-deph", 8, 40, seed=1)


@pytest.mark.parametrize("pair", PAIRS)
def test_every_pair_is_certified(pair):
    assert not broken(build_dataset(f"lu_orbit/{pair}", 8, SMALL, seed=2))


@pytest.mark.parametrize("pair", ["ghz-deph", "path-ring"])
def test_certificates_hold_at_a_hundred_qubits(pair):
    data = build_dataset(f"lu_orbit/{pair}", 100, 6, seed=3)
    assert data.max_bond_dim <= 4
    assert not broken(data)


@pytest.mark.parametrize(
    ("pair", "optimum"),
    [
        ("ghz-deph", 0.625),
        ("ghz-ring", 0.7773),
        ("path-ring", 0.5938),
        ("ring-ring2", 0.6953),
        ("bell-prod", 0.8418),
        ("ghz-ghz2", 0.7188),
        ("prod-w", 0.71875),
    ],
)
def test_ceilings_are_the_optima_derived_elsewhere(pair, optimum):
    data = build_dataset(f"lu_orbit/{pair}", 8, SMALL, seed=1)
    assert FAMILY.ceiling(data, 1) == 0.5
    assert FAMILY.ceiling(data, 2) == pytest.approx(optimum, abs=6e-5)
    assert FAMILY.ceiling(data, 8) == 1.0


def test_samples_are_the_base_states_under_the_recorded_unitaries(dataset):
    for state, label, facts in zip(
        dataset.states, dataset.labels, dataset.parameters, strict=True
    ):
        rng = np.random.default_rng(facts["unitaries_seed"])
        turn = reduce(np.kron, haar_unitaries((8,), rng))
        base = base_states(dataset)[label]
        for (_, member), (_, unturned) in zip(state.members, base.members, strict=True):
            expected = turn @ unturned.state_vector()
            np.testing.assert_allclose(member.state_vector(), expected, atol=1e-12)
    assert len({facts["unitaries_seed"] for facts in dataset.parameters}) == 40


@pytest.mark.parametrize("draw", [haar_unitaries, clifford_unitaries])
def test_unitaries_are_a_two_design(draw):
    # E|Tr(U†V)|⁴ over independent U, V is 2 for a 2-design and larger for anything else
    # (Gross, Audenaert and Eisert, J. Math. Phys. 48, 052104 (2007), Theorem 2).
    u, v = draw((2, 20000), np.random.default_rng(1))
    np.testing.assert_allclose(
        u @ u.conj().swapaxes(1, 2), np.broadcast_to(np.eye(2), u.shape), atol=1e-12
    )
    powers = np.abs(np.einsum("zst,zst->z", u.conj(), v)) ** 4
    assert powers.mean() == pytest.approx(2, abs=5 * powers.std() / np.sqrt(len(powers)))
    for power, moment in ((2, 1 / 2), (4, 1 / 3)):  # of an entry of a Haar unitary
        entries = np.abs(u[:, 0, 1]) ** power
        error = entries.std() / np.sqrt(len(entries))
        assert entries.mean() == pytest.approx(moment, abs=5 * error)


def test_cliffords_are_the_24_signed_permutations_of_the_axes():
    letters = np.array([PAULIS[p] for p in "XYZ"])
    found = set()
    for u in clifford_unitaries((600,), np.random.default_rng(2)):
        turned = np.einsum("aij,jk,bkl,il->ab", letters, u, letters, u.conj()).real / 2
        np.testing.assert_allclose(np.abs(turned).sum(axis=0), 1, atol=1e-12)
        assert np.linalg.det(turned) == pytest.approx(1)
        found.add(tuple(np.rint(turned).astype(int).ravel().tolist()))
    assert len(found) == 24


def test_orbits_under_cliffords_are_certified():
    data = build_dataset("lu_orbit", 8, 40, seed=4, unitaries="clifford")
    assert not broken(data)


def test_the_w_state_is_the_w_state():
    expected = np.zeros(16)
    expected[[1, 2, 4, 8]] = 0.5
    np.testing.assert_allclose(w_state(4).state_vector(), expected, atol=1e-15)


PURITIES = {
    "purities are those of the orbit",
    "mean purities over all 2^n sets are those of the orbit",
}


def swapped_labels(data):
    return replace(data, labels=1 - data.labels)


def unturned(data):
    return replace(data, states=tuple(base_states(data)[label] for label in data.labels))


def shared_seeds(data):
    return replace(data, parameters=(data.parameters[0],) * len(data.parameters))


def lopsided(data):
    pure, mixed = base_states(data)
    biased = Mixture((0.6, 0.4), mixed.states)
    return replace(data, noiseless=replace(data.noiseless, states=(pure, biased)))


def other_base(data):
    _, mixed = base_states(data)
    return replace(data, noiseless=replace(data.noiseless, states=(BASES["prod"](8), mixed)))


@pytest.mark.parametrize(
    ("fault", "facts"),
    [
        (swapped_labels, PURITIES),
        (
            unturned,
            {
                "class means of the stored samples are I/2^n within 5 standard errors",
                "samples that are one state",
                "no test state stands in training or validation",
            },
        ),
        (shared_seeds, {"every sample has unitaries of its own"}),
    ],
)
def test_faults_are_found(dataset, fault, facts):
    assert broken(fault(dataset)) == facts


def test_every_claim_looks_at_the_data(dataset):
    faults = (swapped_labels, unturned, shared_seeds, lopsided, other_base)
    claims = {row["fact"] for row in certify(dataset) if np.isfinite(row["expected"])}
    claims.remove("every state has norm 1")  # no other state can be built
    assert set().union(*(broken(fault(dataset)) for fault in faults)) == claims


def test_stored_orbits_keep_their_base_states(dataset, tmp_path):
    write_dataset(tmp_path / "orbit.parquet", dataset)
    again = read_dataset(tmp_path / "orbit.parquet")
    assert again.parameters == dataset.parameters
    assert again.details["options"] == {"pair": "ghz-deph", "unitaries": "haar"}
    assert FAMILY.ceiling(again, 2) == pytest.approx(5 / 8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: build_dataset("lu_orbit/ghz-dep", 8, seed=1), "Did you mean 'ghz-deph'"),
        (lambda: build_dataset("lu_orbit", 7, seed=1), "an even number >= 6, got 7"),
        (lambda: build_dataset("lu_orbit", 8, seed=1, unitaries="har"), "Did you mean 'haar'"),
        (lambda: base_states(build_dataset("spt_path", 8, SMALL, seed=1)), "lu_orbit does"),
    ],
)
def test_errors_say_what_was_asked(call, message):
    with pytest.raises(ValueError, match=message):
        call()
