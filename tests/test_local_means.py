"""Means of local words: exact ones against dense matrices, estimates against exact ones."""

import itertools

import numpy as np
import pytest

from qnnbench.states.families.ghz import ghz_state
from qnnbench.states.families.spt_path import path_state
from qnnbench.states.measurement import BASES, measured, measured_each, random_bases
from qnnbench.states.mps import PAULIS
from qnnbench.states.quantities.local_means import exact_means, shadow_means, shot_means, words
from qnnbench.states.stabilizer import StabilizerState
from tests.small_states import KINDS, kron, law, small_states


def dense_mean(state, letters):
    matrix = kron([PAULIS[letters.get(site, "I")] for site in range(state.n_qubits)])
    vectors = [(weight, member.state_vector()) for weight, member in state.members]
    return sum(w * np.vdot(v, matrix @ v).real for w, v in vectors)


def test_words_are_all_the_local_ones_once():
    found = {tuple(sorted(word.items())) for word in words(5, 3)}
    assert len(found) == len(words(5, 3)) == 3 * 48 + 12 + 3
    every = [
        tuple((site, p) for site, p in enumerate(letters) if p != "I")
        for letters in itertools.product("IXYZ", repeat=5)
    ]
    assert found == {w for w in every if w and w[-1][0] - w[0][0] < 3}
    assert words(3, 2, "IZ") == [
        {0: "Z"},
        {0: "Z", 1: "Z"},
        {2: "Z"},
        {1: "Z"},
        {1: "Z", 2: "Z"},
    ]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_exact_means_are_those_of_dense_matrices(length):
    states = list(small_states(5).values())
    found = exact_means(states, length)
    expected = [[dense_mean(state, word) for word in words(5, length)] for state in states]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_exact_means_at_a_hundred_qubits():
    cluster = StabilizerState.graph(100, itertools.pairwise(range(100)))
    path, graph = exact_means([path_state(100, -1.0), cluster])
    places = {tuple(word.items()): k for k, word in enumerate(words(100))}
    inner = [places[(i - 1, "Z"), (i, "X"), (i + 1, "Z")] for i in range(1, 99)]
    np.testing.assert_array_equal(graph[inner], 1)
    # Beside these the ends hold a generator XZ and its product YYZ with the next one.
    ends = [((0, "X"), (1, "Z")), ((0, "Y"), (1, "Y"), (2, "Z"))]
    ends += [tuple((99 - site, p) for site, p in reversed(word)) for word in ends]
    np.testing.assert_array_equal(graph[[places[word] for word in ends]], 1)
    assert np.count_nonzero(graph) == 98 + 4
    np.testing.assert_allclose(np.abs(path[inner]), 1, atol=1e-12)


def test_shots_and_shadows_estimate_without_bias():
    # Every basis and outcome as often as its probability, multiples of 1/8: exact means.
    state = ghz_state(3).rotated([np.diag([1, 1j]), np.eye(2), PAULIS["X"]])
    bits, bases = [], []
    for letters in itertools.product(BASES, repeat=3):
        counts = np.rint(8 * law(state, letters)).astype(int)
        assert counts.sum() == 8
        for number in np.repeat(np.arange(8), counts):
            bits.append([int(b) for b in f"{number:03b}"])
            bases.append(letters)
    found = shadow_means(np.array([bits]), np.array([bases]))
    np.testing.assert_allclose(found[0], exact_means([state])[0], atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_estimates_spread_as_they_should(kind):
    rng = np.random.default_rng(7)
    state, n_shots = small_states(4)[kind], 20000
    bases = random_bases((n_shots, 4), rng)
    bits = measured(state, n_shots, rng, bases)
    weights = np.array([len(word) for word in words(4)])
    off = shadow_means(bits[None], bases[None])[0] - exact_means([state])[0]
    sigma = np.sqrt(3.0**weights / n_shots)
    assert np.abs(off / sigma).max() < 5.5  # 123 words, variance at most 3^k
    z_words = words(4, 3, "IZ")
    means = shot_means(measured(state, n_shots, rng)[None])[0]
    exact = np.array([dense_mean(state, word) for word in z_words])
    assert np.all(np.abs(means - exact) <= 5 * np.sqrt((1 - exact**2) / n_shots) + 1e-12)


def test_estimates_of_several_states_stand_in_rows():
    rng = np.random.default_rng(8)
    states = list(small_states(4).values())
    bits = measured_each(states, 30, rng)
    together = shot_means(bits, 2)
    alone = [shot_means(some[None], 2)[0] for some in bits]
    np.testing.assert_allclose(together, alone)
    signs = 1 - 2.0 * bits
    for column, word in enumerate(words(4, 2, "IZ")):
        direct = signs[:, :, list(word)].prod(axis=2).mean(axis=1)
        np.testing.assert_allclose(together[:, column], direct)
