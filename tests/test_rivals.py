"""Classical rivals: columns against direct sums, and datasets with known answers."""

import itertools
from dataclasses import replace
from zlib import crc32

import numpy as np
import pytest
from scipy.stats import binomtest

from qnnbench import results
from qnnbench.results import to_table
from qnnbench.rivals import RIVALS, rival_rows, rows
from qnnbench.rivals.learners import LEARNERS, predictions
from qnnbench.rivals.records import (
    RECORDS,
    NoRecord,
    Shadows,
    overlaps,
    shadow_kernel,
    z_columns,
)
from qnnbench.states.datasets import DATASETS, build_dataset
from qnnbench.states.families.ghz import dephased_ghz, ghz_state
from qnnbench.states.measurement import measured_each, random_bases
from qnnbench.states.mps import MPS, PAULIS
from qnnbench.states.quantities.local_means import words
from qnnbench.states.samples import Sample, drawn
from qnnbench.tasks.ceilings import above_ceiling
from tests.circuits import random_mps
from tests.small_states import small_states

LEAST_P = 1e-6  # of a test with a fixed seed
SIZES = {"train": 24, "validation": 16, "test": 60}


def planted(shift, n_qubits=6):
    """Return product states tilted from |0> by 0.4 to 0.8 radians ± ``shift`` by class."""

    def make(label, rng):
        angles = rng.uniform(0.4, 0.8, n_qubits) + (2 * label - 1) * shift
        return Sample(MPS.product(np.stack([np.cos(angles), np.sin(angles)], axis=1)))

    return drawn("planted", n_qubits, make, seed=3, n_samples=SIZES)


def scored(rivals, dataset, n_copies=64, seed=1):
    found = rival_rows({"rivals": rivals, "n_copies": [n_copies]}, dataset, seed=seed)
    assert all(row["status"] == "ok" for row in found)
    return {row["arm"]: row["value"] for row in found}


def is_chance(value, n_samples):
    return binomtest(round(value * n_samples), n_samples).pvalue > LEAST_P


def test_every_rival_is_made_of_known_parts():
    for name, rival in RIVALS.items():
        assert rival.name == name
        assert rival.record in RECORDS
        assert rival.learner in LEARNERS
        assert rival.source


def test_planted_classes_are_found_by_all():
    found = scored(list(RIVALS), planted(0.4))
    assert found.keys() == RIVALS.keys()
    assert min(found.values()) > 0.9


def test_permuted_labels_are_found_by_none():
    easy = planted(0.4)
    labels = np.random.default_rng(crc32(b"permuted")).permutation(easy.labels)
    chance = scored(list(RIVALS), replace(easy, labels=labels))
    assert all(is_chance(value, SIZES["test"]) for value in chance.values())


@pytest.mark.parametrize("learner", LEARNERS)
def test_labels_of_the_test_split_are_not_looked_at(learner):
    rng = np.random.default_rng(2)
    points = rng.normal(size=(60, 4))
    labels = (points[:, 0] > 0).astype(int)
    splits = np.repeat(["train", "validation", "test"], 20)
    kernel = np.exp(-np.sum((points[:, None] - points[None, :20]) ** 2, axis=2))
    columns = kernel if learner in ("svm", "nearest") else points
    other = np.where(splits == "test", 1 - labels, labels)
    first, second = (
        predictions(LEARNERS[learner](1), columns, truth, splits) for truth in (labels, other)
    )
    np.testing.assert_array_equal(first, second)
    assert np.mean(first == labels[splits == "test"]) > 0.6


def test_local_information_solves_the_phases_of_the_path():
    dataset = build_dataset("spt_path", 8, seed=1)
    found = scored(["pauli_logistic", "pauli_mlp", "shadow_logistic"], dataset, n_copies=200)
    assert min(found.values()) > 0.95
    assert scored(["overlap_nearest"], dataset)["overlap_nearest"] > 0.95


BLIND = ["z_logistic", "z_boosting", "z_mlp", "pauli_logistic", "pauli_mlp", "shadow_logistic"]


@pytest.mark.parametrize(("n_qubits", "blind"), [(8, BLIND), (100, BLIND[3:6:2])])
def test_dephasing_is_seen_by_overlaps_alone(n_qubits, blind):
    dataset = build_dataset("ghz_dephased", n_qubits, SIZES, seed=1)
    found = scored(blind, dataset, n_copies=16)
    assert all(is_chance(value, SIZES["test"]) for value in found.values())
    assert min(scored(["overlap_svm", "overlap_nearest"], dataset).values()) > 0.99


def test_rounding_does_not_tell_equal_marginals_apart():
    dataset = build_dataset("ghz_dephased", 12, seed=1, noise=0.0)
    record = RECORDS["pauli expectations"].measure(dataset, None, np.random.default_rng())
    assert np.all(record == record[0])
    assert scored(["pauli_logistic"], dataset)["pauli_logistic"] == 0.5


def test_z_columns_are_the_means_that_they_are_said_to_be():
    bits = np.random.default_rng(5).integers(2, size=(3, 7, 5)).astype(np.uint8)
    found = z_columns(bits, np.ones(3, dtype=bool))
    signs = np.where(bits == 1, -1.0, 1.0)
    sites = [list(word) for word in words(5, 3, "IZ")] + [range(5)]
    for column, some in enumerate(sites):
        direct = np.prod([signs[:, :, site] for site in some], axis=0).mean(axis=1)
        np.testing.assert_allclose(found[:, column], direct)
    np.testing.assert_allclose(found[:, -1], np.mean(np.mean(signs, axis=2) ** 2, axis=1))
    assert found.shape[1] == len(sites) + 1


@pytest.mark.parametrize(("n_copies", "gamma"), [(2, (1 + np.log(2)) / 5), (60, 1.0)])
def test_shadow_kernel_is_the_double_exponential_of_snapshot_traces(n_copies, gamma):
    rng = np.random.default_rng(6)
    states = list(small_states(3).values())
    bases = random_bases((len(states), n_copies, 3), rng)
    bits = measured_each(states, n_copies, rng, bases)
    is_train = np.arange(len(states)) < 2
    found = shadow_kernel(Shadows(bits, bases), is_train)

    def snapshot(letter, bit):  # 3|s><s| - 1, with |s> read off the eigenvectors of the letter
        _, vectors = np.linalg.eigh(PAULIS[letter])
        s = vectors[:, 1 - bit]
        return 3 * np.outer(s, s.conj()) - np.eye(2)

    snapshots = np.array(
        [
            [[snapshot(p, b) for p, b in zip(*shot, strict=True)] for shot in zip(*s, strict=True)]
            for s in zip(bases, bits, strict=True)
        ]
    )
    traces = np.einsum("axipq,cyiqp->acxyi", snapshots, snapshots[:2]).real
    expected = np.exp(np.exp(gamma * traces.mean(axis=4)).mean(axis=(2, 3)))
    np.testing.assert_allclose(found, expected, rtol=1e-4)  # the sum is in single precision


def test_overlaps_are_those_of_density_matrices():
    kinds = small_states(5)
    for group in (["complex", "real", "mixture", "one outcome"], ["stabilizer"]):
        states = [kinds[kind] for kind in group]
        if group == ["stabilizer"]:
            turns = [PAULIS["Z"]] + [PAULIS["I"]] * 4  # orthogonal to the first
            hadamard = [(PAULIS["X"] + PAULIS["Z"]) / np.sqrt(2)] * 5
            states += [states[0].rotated(turns), states[0].rotated(hadamard)]
        dense = [
            sum(w * np.outer(v, v.conj()) for w, v in vectors)
            for vectors in [[(w, m.state_vector()) for w, m in s.members] for s in states]
        ]
        expected = [[np.trace(a @ b).real for b in dense] for a in dense]
        np.testing.assert_allclose(overlaps(states, states), expected, atol=1e-12)
    assert len({round(value, 6) for value in np.ravel(expected)}) >= 3  # 0, 1 and between
    with pytest.raises(NoRecord, match="a dataset of one kind"):
        overlaps([kinds["real"]], [kinds["stabilizer"]])


def test_overlap_record_is_relative_to_the_purities():
    states = [ghz_state(4), dephased_ghz(4), small_states(4)["mixture"]]
    dataset = replace(
        planted(0.1, 4).select("train"),
        states=(*states, *[random_mps(4, 2, np.random.default_rng(9))] * 21),
    )
    kernel = RECORDS["overlaps"].measure(dataset, None, np.random.default_rng())
    np.testing.assert_allclose(np.diag(kernel), 1, atol=1e-12)
    assert kernel[0, 1] == pytest.approx(0.5 / np.sqrt(0.5))  # Tr ρσ = Tr σ² = 1/2


def test_rows_fit_the_table_and_say_what_was_used():
    dataset = planted(0.4)
    entry = {"rivals": ["z_logistic", "overlap_svm"], "n_copies": [1, 20], "repeats": 2}
    found = rival_rows(entry, dataset, seed=1)
    assert to_table("scores", found).num_rows == 6
    told = [(row["arm"], row["n_copies"], row["repeat"]) for row in found]
    copies = [("z_logistic", n, r) for n, r in itertools.product([1, 20], [0, 1])]
    assert told == [*copies, ("overlap_svm", None, 0), ("overlap_svm", None, 1)]
    for row in found:
        assert row["record"] == RIVALS[row["arm"]].record
        assert row["error_estimate"] == 0
        assert row["lower"] < row["value"] <= row["upper"]
        assert (row["chance"], row["ceiling"], row["n_samples"]) == (0.5, 1.0, SIZES["test"])
    again = rival_rows({**entry, "rivals": ["z_logistic"]}, dataset, seed=1)
    assert [row["value"] for row in again] == [row["value"] for row in found[:4]]
    with pytest.raises(ValueError, match="'z shots' uses up copies"):
        rival_rows({"rivals": ["z_mlp"]}, dataset, seed=1)
    with pytest.raises(ValueError, match="No rival named 'z_logistics'"):
        rival_rows({"rivals": ["z_logistics"]}, dataset, seed=1)


def test_a_rival_takes_the_time_of_measuring_and_its_own_learning(monkeypatch):
    clock = [0.0]

    def spending(seconds, work):
        def spend(*args):
            clock[0] += seconds
            return work(*args)

        return spend

    record = RECORDS["z shots"]
    slow = replace(record, measure=spending(10, record.measure))
    monkeypatch.setitem(RECORDS, "z shots", slow)
    monkeypatch.setattr(rows, "predictions", spending(1, lambda *args: args[2][args[3] == "test"]))
    monkeypatch.setattr(results.time, "process_time", lambda: clock[0])
    entry = {"rivals": ["z_logistic", "z_mlp", "z_boosting"], "n_copies": [2]}
    found = rival_rows(entry, planted(0.4), seed=1)
    assert [row["cpu_time_s"] for row in found] == [11, 11, 11]


def test_one_copy_of_an_orbit_is_at_chance_and_more_are_below_their_ceiling():
    sizes = {"train": 32, "validation": 32, "test": 200}
    dataset = build_dataset("lu_orbit", 8, sizes, seed=1)
    shots = [name for name, rival in RIVALS.items() if RECORDS[rival.record].takes_copies]
    found = rival_rows({"rivals": shots, "n_copies": [1, 2, 32]}, dataset, seed=1)
    assert {(row["arm"], row["n_copies"]) for row in found} == set(
        itertools.product(shots, [1, 2, 32])
    )
    assert above_ceiling(found) == []
    for row in found:
        assert row["status"] == "ok"
        if row["n_copies"] == 1:
            assert row["ceiling"] == 0.5
            assert is_chance(row["value"], 200), row["arm"]


def test_ceiling_is_that_of_the_family(monkeypatch):
    family = replace(DATASETS["spt_path"], ceiling=lambda data, n: 0.5 if n == 1 else 0.9)
    monkeypatch.setitem(DATASETS, "spt_path", family)
    dataset = build_dataset("spt_path", 4, seed=1, n_samples=16)
    entry = {"rivals": ["z_logistic", "pauli_logistic"], "n_copies": [1, 2]}
    ceilings = [row["ceiling"] for row in rival_rows(entry, dataset, seed=1)]
    assert ceilings == [0.5, 0.9, 1.0]


def test_what_has_no_classes_is_refused_and_what_has_no_record_skipped():
    with pytest.raises(ValueError, match="serves compression, not 'classification'"):
        rival_rows({"rivals": ["pauli_logistic"]}, build_dataset("two_state", 4, seed=1), seed=1)
    mixed = replace(
        planted(0.4, 4),
        states=(small_states(4)["stabilizer"], *planted(0.4, 4).states[1:]),
    )
    (row,) = rival_rows({"rivals": ["overlap_svm"]}, mixed, seed=1)
    assert row["status"] == "skipped"
    assert row["cpu_time_s"] >= 0
    assert "stabilizer states" in row["reason"]
    assert to_table("scores", [row]).num_rows == 1
