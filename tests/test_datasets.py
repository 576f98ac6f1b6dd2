"""Dataset families: the contract of every entry, and physics known otherwise."""

import subprocess
import sys
from inspect import signature

import cirq
import numpy as np
import pytest
from scipy.sparse.linalg import eigsh

from qnnbench.results import content_hash
from qnnbench.states.datasets import (
    DATASETS,
    build_dataset,
    has_width,
    preparation_circuit,
)
from qnnbench.states.families.ghz import dephased_ghz, ghz_dephased, ghz_state
from qnnbench.states.families.spt_path import path_circuit, path_state
from qnnbench.states.mps import MPS, Mixture
from qnnbench.states.noise import rotation_noise
from qnnbench.states.samples import SPLITS, Sample, drawn, generator, split_sizes
from qnnbench.states.storage import dataset_table
from tests.dense_sums import dense_sum


def width(name):
    """Return 8, or the family's next width."""
    return next(n for n in range(8, 101) if has_width(DATASETS[name], n))


@pytest.fixture(scope="module", params=DATASETS)
def dataset(request):
    return build_dataset(request.param, width(request.param), seed=1)


def test_every_split_holds_every_class(dataset):
    family = DATASETS[dataset.name]
    assert dataset.labels.dtype == np.int64
    for split in SPLITS:
        part = dataset.select(split)
        assert set(part.splits) == {split}
        assert set(part.labels) == set(range(family.n_classes))
    assert (
        len(dataset.states)
        == len(dataset.splits)
        == sum(len(dataset.select(split).states) for split in SPLITS)
    )


def test_equal_seeds_give_equal_states(dataset):
    again = build_dataset(dataset.name, dataset.n_qubits, seed=1)
    assert content_hash(dataset_table(again)) == content_hash(dataset_table(dataset))


def test_options_are_recorded(dataset):
    assert dataset.details["seed"] == 1
    taken = signature(DATASETS[dataset.name].generate).parameters
    assert set(dataset.details["options"]) == set(taken) - {"n_qubits", "seed", "n_samples"}


def test_arrays_cannot_be_changed(dataset):
    with pytest.raises(ValueError, match="read-only"):
        dataset.labels[0] = 7


@pytest.mark.parametrize("name", ["spt_path", "ghz_dephased"])
def test_other_seeds_give_other_states(name):
    first, second = (build_dataset(name, 6, 12, seed=seed) for seed in (1, 2))
    assert content_hash(dataset_table(first)) != content_hash(dataset_table(second))


def test_samples_do_not_depend_on_how_many_are_drawn():
    few = build_dataset("spt_path", 8, 8, seed=3).select("train")
    many = build_dataset("spt_path", 8, {"train": 20, "validation": 2, "test": 2}, seed=3)
    np.testing.assert_array_equal(many.couplings[: len(few.couplings)], few.couplings)


def test_random_numbers_of_samples_differ():
    paths = [("spt_path", 8, "train", 0), ("spt_path", 8, "train", 1), ("spt_path", 8, "test", 0)]
    paths += [("spt_path", 9, "train", 0), ("ghz_dephased", 8, "train", 0)]
    drawn = {generator(1, *path).uniform() for path in paths}
    assert len(drawn) == len(paths)


def test_disjoint_splits_draw_again_what_an_earlier_one_holds():
    def numbers(n_numbers, n_samples):
        def make(label, rng):
            number = int(rng.integers(n_numbers))
            return Sample(MPS.product([np.eye(2)[0]] * 2), parameters={"number": number})

        data = drawn("numbers", 2, make, seed=1, n_samples=n_samples, disjoint=True)
        return [{facts["number"] for facts in data.select(s).parameters} for s in SPLITS]

    parts = numbers(20, {"train": 8, "validation": 8, "test": 40})
    assert all(parts)
    assert len(set().union(*parts)) == sum(map(len, parts))
    with pytest.raises(ValueError, match=r"stand in an earlier split.* fewer samples or more"):
        numbers(2, {"train": 20, "validation": 2, "test": 2})


@pytest.mark.parametrize(
    ("n_samples", "sizes"),
    [
        (None, (32, 32, 200)),
        (64, (16, 16, 32)),
        (6, (2, 2, 2)),
        ({"train": 4, "validation": 2, "test": 8}, (4, 2, 8)),
    ],
)
def test_split_sizes(n_samples, sizes):
    assert tuple(split_sizes(n_samples).values()) == sizes


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: build_dataset("spt_pth", 8, seed=1), "Did you mean 'spt_path'"),
        (lambda: build_dataset("spt_path", 3, seed=1), "whole number >= 4, got 3"),
        (lambda: build_dataset("spt_path", 8.0, seed=1), "whole number >= 4, got 8.0"),
        (lambda: build_dataset("cluster_ising", 7, seed=1), "whole number >= 8, got 7"),
        (lambda: build_dataset("ghz_dephased", 8, seed=1, nois=0), "Did you mean 'noise'"),
        (lambda: build_dataset("ghz_dephased", 8, seed=1, noise=-1.0), "noise must be"),
        (lambda: build_dataset("ghz_dephased", 8, seed=-1), "seed must be"),
        (lambda: build_dataset("spt_path", 8, 5, seed=1), "two samples or more"),
        (lambda: build_dataset("spt_path", 8, {"trian": 9}, seed=1), "Did you mean 'train'"),
        (lambda: build_dataset("spt_path", 8, "all", seed=1), "n_samples must be"),
        (lambda: build_dataset("spt_path", 8, seed=1, coupling_min=0.0), "needs 0 < coupling_min"),
        (lambda: build_dataset("two_state", 8, 4, seed=1), "leave n_samples out"),
        (
            lambda: build_dataset("cluster_ising", 8, seed=1, spt_fields=(0.1,)),
            "4 couplings or more",
        ),
        (lambda: build_dataset("spt_path/x", 8, seed=1), "no variants"),
        (lambda: preparation_circuit(build_dataset("two_state", 8, seed=1), 0), "no preparation"),
        (lambda: preparation_circuit(build_dataset("ghz_dephased", 8, seed=1), 1), "a mixture"),
        (lambda: path_circuit(8, 1.5), r"lies in \[-1, 1\]"),
        (lambda: build_dataset("two_state", 4, seed=1).select("exam"), "No split named 'exam'"),
    ],
)
def test_errors_say_what_was_asked(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("coupling", [-1.0, -0.4, 0.0, 0.3, 1.0])
def test_path_circuits_make_the_path_states(coupling):
    circuit = path_circuit(7, coupling)
    simulator = cirq.Simulator(dtype=np.complex128)
    made = simulator.simulate(circuit, qubit_order=cirq.LineQubit.range(7)).final_state_vector
    np.testing.assert_allclose(made, path_state(7, coupling).state_vector(), atol=1e-12)


@pytest.mark.parametrize("g", [-0.9, -0.2, 0.5])
def test_path_states_are_ground_states_of_the_bulk(g):
    zz = g * g - 1
    words = {"ZZI": zz, "IZZ": zz, "IXI": -((1 + g) ** 2), "ZXZ": (g - 1) ** 2}
    hamiltonian, vector = dense_sum(8, words), path_state(8, g).state_vector()
    (lowest,) = eigsh(hamiltonian, k=1, which="SA", return_eigenvectors=False)
    np.testing.assert_allclose(hamiltonian @ vector, lowest * vector, atol=1e-9)


def test_path_ends_are_known_states():
    np.testing.assert_allclose(path_state(6, 1.0).state_vector(), 1 / 8)
    transition = path_state(6, 0.0)
    assert abs(transition.overlap(ghz_state(6))) == pytest.approx(1)
    cluster = path_state(6, -1.0)
    for site in range(4):  # stabilizers of H(-1) = 4 ΣZXZ
        letters = {site: "Z", site + 1: "X", site + 2: "Z"}
        assert cluster.expectation(letters) == pytest.approx(-1)


def test_ghz_pair_is_the_pair_of_textbooks():
    ghz = ghz_state(4).state_vector()
    expected = np.zeros(16)
    expected[[0, 15]] = np.sqrt(0.5)
    np.testing.assert_allclose(ghz, expected)
    members = [state.state_vector() for state in dephased_ghz(4).states]
    mixed = sum(w * np.outer(m, m) for w, m in zip((0.5, 0.5), members, strict=True))
    np.testing.assert_allclose(mixed, np.diag(expected**2))


def test_noise_is_unitary_and_vanishes_with_its_scale():
    rng = np.random.default_rng(4)
    turns = rotation_noise(50, 0.3, rng)
    squares = np.einsum("qst,qut->qsu", turns, turns.conj())
    np.testing.assert_allclose(squares, np.broadcast_to(np.eye(2), (50, 2, 2)), atol=1e-12)
    np.testing.assert_array_equal(
        rotation_noise(3, 0.0, rng), np.broadcast_to(np.eye(2), (3, 2, 2))
    )


def test_noise_lowers_the_contrast_as_derived():
    noise, n_qubits = 0.05, 16
    data = ghz_dephased(n_qubits, seed=5, n_samples=400, noise=noise)
    everywhere = dict.fromkeys(range(n_qubits), "X")
    means = np.array([s.expectation(everywhere) for s in data.states])
    ghz, mixed = means[data.labels == 0], means[data.labels == 1]
    standard_error = np.hypot(ghz.std(), mixed.std()) / np.sqrt(len(ghz))
    expected = np.exp(-1.5 * n_qubits * noise**2)  # to first order in noise² per qubit
    assert abs(ghz.mean() - mixed.mean() - expected) < 5 * standard_error + n_qubits * noise**4


def test_noise_keeps_bonds():
    data = build_dataset("ghz_dephased", 6, 12, seed=1)
    assert data.max_bond_dim == 2
    assert all(
        isinstance(s, Mixture) == bool(y) for s, y in zip(data.states, data.labels, strict=True)
    )


def test_two_states_serve_every_split():
    data = build_dataset("two_state", 5, seed=1)
    assert data.details["weights"] == [2 / 3, 1 / 3]
    for split in SPLITS:
        zero, flagged = (state.state_vector() for state in data.select(split).states)
        np.testing.assert_array_equal(np.flatnonzero(zero), [0])
        np.testing.assert_array_equal(np.flatnonzero(flagged), [0b11100])


def test_datasets_load_without_cirq_and_quimb():
    # Importing Cirq costs 4 CPU s and quimb 2: rules that only read states must not pay.
    check = "import sys, qnnbench.states.storage; print({'cirq', 'quimb'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
