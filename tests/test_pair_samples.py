"""Samples of the two-copy task: a class and two seeds give back all that was measured."""

import itertools

import numpy as np
import pytest
from scipy.stats import chisquare

from qnnbench.states.datasets import build_dataset
from qnnbench.states.families.lu_orbit import BASES, unitaries_of
from qnnbench.tasks.pair_samples import PairSamples
from qnnbench.tasks.two_copies import N_ANGLES, SEPARATE, block_unitary

SPLITS = {"train": (1500, 1), "validation": (1500, 1)}
TESTS = [("test", (10000, 1)), ("test", (2500, 4)), ("test", (625, 16))]
PAIR = BASES["ghz"](6), BASES["deph"](6)
V = block_unitary(np.random.default_rng(1).uniform(0, 2 * np.pi, N_ANGLES))


@pytest.mark.parametrize("number", [0, 5, 9])
@pytest.mark.parametrize("shuffled", [False, True])
def test_one_sample_is_replayed_from_its_seeds(number, shuffled):
    samples = PairSamples.of_run("3/6/0", "test", 5, 4)
    shown = samples.measured(PAIR, [V], shuffled=shuffled)[0]
    stored = [
        int(x[number]) for x in (samples.labels, samples.unitaries_seeds, samples.shot_seeds)
    ]
    again = PairSamples(*(np.array([value]) for value in stored), n_pairs=4)
    replayed = again.measured(PAIR, [V], shuffled=shuffled)[0]
    np.testing.assert_array_equal(replayed[0], shown[number])
    turns = samples.unitaries(6)[number]
    np.testing.assert_array_equal(turns, unitaries_of(stored[1], 6))
    np.testing.assert_allclose(
        turns @ turns.conj().swapaxes(1, 2), np.broadcast_to(np.eye(2), (6, 2, 2)), atol=1e-14
    )


def test_what_a_sample_shows_follows_the_law_under_its_own_unitaries():
    # One seed of unitaries, many seeds of shots: the dense law of V (U ⊗ U) on GHZ ⊗ GHZ.
    n, shots = 3, 5000
    state, rng = BASES["ghz"](n), np.random.default_rng(2)
    samples = PairSamples(
        np.zeros(shots, dtype=int), np.full(shots, 77), rng.integers(1 << 63, size=shots), 1
    )
    symbols = samples.measured((state, state), [V])[0][:, 0]
    vector = state.state_vector()
    both = np.kron(vector, vector).reshape((2,) * (2 * n))
    both = both.transpose([i for k in range(n) for i in (k, n + k)]).reshape((4,) * n)
    for site, turn in enumerate(unitaries_of(77, n)):
        both = np.moveaxis(np.tensordot(V @ np.kron(turn, turn), both, ([1], [site])), 0, site)
    law = np.abs(both.reshape(-1)) ** 2
    counts = np.bincount(symbols @ np.array([16, 4, 1]), minlength=64)
    assert chisquare(counts, law * shots).pvalue > 1e-4


@pytest.mark.parametrize("seed_path", ["1/100/0", "101/50/3"])
def test_no_two_samples_of_any_split_share_a_seed(seed_path):
    kinds = [*SPLITS.items(), *TESTS]
    samples = [PairSamples.of_run(seed_path, split, *shape) for split, shape in kinds]
    seeds = np.concatenate([x for s in samples for x in (s.unitaries_seeds, s.shot_seeds)])
    stored = build_dataset("lu_orbit", 6, 40, seed=1).parameters
    seeds = np.append(seeds, [facts["unitaries_seed"] for facts in stored])
    assert len(np.unique(seeds)) == len(seeds) == 2 * 2 * (3000 + 10000 + 2500 + 625) + 40


def test_seeds_depend_on_all_of_the_path():
    paths = ["1/8/0", "2/8/0", "1/10/0", "1/8/1"]
    first = [PairSamples.of_run(p, "test", 1, 1).unitaries_seeds[0] for p in paths]
    assert len(set(first)) == 4


def test_all_blocks_see_the_same_samples():
    samples = PairSamples.drawn(20, 2, np.random.default_rng(4))
    first, second, apart = samples.measured(PAIR, [V, 1j * V, SEPARATE])
    np.testing.assert_array_equal(first, second)
    assert np.any(first != apart)


def test_a_hidden_order_is_one_permutation_per_sample():
    samples = PairSamples.drawn(30, 4, np.random.default_rng(5))
    plain = samples.measured(PAIR, [V])[0]
    hidden = samples.measured(PAIR, [V], shuffled=True)[0]
    moved = 0
    for before, after in zip(plain, hidden, strict=True):
        fits = [p for p in itertools.permutations(range(6)) if np.array_equal(before[:, p], after)]
        assert fits  # all four pairs of the sample in one order
        moved += not np.array_equal(before, after)
    assert moved > 20


def test_a_sample_of_cliffords_is_turned_by_cliffords():
    samples = PairSamples.drawn(3, 1, np.random.default_rng(6))
    turns = samples.unitaries(6, "clifford")
    sizes = np.abs(turns) ** 2
    assert np.all(np.isclose(sizes, 0) | np.isclose(sizes, 0.5) | np.isclose(sizes, 1))
