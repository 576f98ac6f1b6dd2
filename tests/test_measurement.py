"""Shots against the exact law of small states, and facts of stabilizer states at n = 100."""

import itertools
from zlib import crc32

import numpy as np
import pytest
from scipy.stats import binomtest, chisquare

from qnnbench.states.families.ghz import dephased_ghz, ghz_state
from qnnbench.states.measurement import BASES, measured, measured_each, random_bases
from qnnbench.states.mps import MPS, PAULIS, Mixture
from qnnbench.states.stabilizer import StabilizerState
from qnnbench.states.stacking import right_canonical, squared_overlaps, stack_states
from tests.circuits import random_mps
from tests.small_states import KINDS, law, small_states

LEAST_P = 1e-6  # of a test with a fixed seed: fails once in a million choices of it


@pytest.fixture
def rng(request):
    return np.random.default_rng(crc32(request.node.name.encode()))


def assert_drawn_from(outcomes, chances):
    """Check counts of outcomes against their law; what is impossible must not occur."""
    counts = np.bincount(outcomes, minlength=len(chances))
    possible = chances > 1e-12
    assert counts[~possible].sum() == 0
    if possible.sum() > 1:
        expected = counts.sum() * chances[possible] / chances[possible].sum()
        assert chisquare(counts[possible], expected).pvalue > LEAST_P


def numbers(bits):
    return bits.astype(int) @ (1 << np.arange(bits.shape[-1])[::-1])


@pytest.mark.parametrize("bases", ["Z", "X", "XYZZY"])
@pytest.mark.parametrize("kind", KINDS)
def test_shots_follow_the_law_of_the_state_vector(kind, bases, rng):
    state = small_states(5)[kind]
    bits = measured(state, 4000, rng, bases)
    assert bits.dtype == np.uint8
    assert bits.shape == (4000, 5)
    assert_drawn_from(numbers(bits), law(state, bases * (5 // len(bases))))


@pytest.mark.parametrize("kind", KINDS)
def test_every_shot_has_its_own_bases(kind, rng):
    state = small_states(3)[kind]
    bases = random_bases((20000, 3), rng)
    bits = measured(state, 20000, rng, bases)
    chances = [law(state, letters) / 27 for letters in itertools.product(BASES, repeat=3)]
    codes = np.searchsorted(list(BASES), bases) @ [9, 3, 1]
    assert_drawn_from(8 * codes + numbers(bits), np.concatenate(chances))


def test_states_of_all_kinds_are_measured_together(rng):
    states = list(small_states(4).values())
    bits = measured_each(states, 3000, rng, ["X", "Z", "Y", "X"])
    for state, some in zip(states, bits, strict=True):
        assert_drawn_from(numbers(some), law(state, "XZYX"))


def test_shots_of_a_mixture_come_in_random_order(rng):
    # Members |0…0> and |1…1>: neighbouring shots agree half of the time.
    first = measured(dephased_ghz(4), 4000, rng)[:, 0]
    n_same = int(np.sum(first[1:] == first[:-1]))
    assert binomtest(n_same, 3999).pvalue > LEAST_P


def test_ghz_of_a_hundred_qubits(rng):
    bits = measured_each([ghz_state(100), dephased_ghz(100)], 1000, rng)
    assert np.all(bits == bits[..., :1])
    for some in bits:
        assert binomtest(int(some[:, 0].sum()), 1000).pvalue > LEAST_P
    parity = measured_each([ghz_state(100), dephased_ghz(100)], 1000, rng, "X").sum(axis=2) % 2
    assert np.all(parity[0] == 0)  # <X^n> = 1
    assert binomtest(int(parity[1].sum()), 1000).pvalue > LEAST_P  # <X^n> = 0
    # Y^n = i^n X^n Z^n up to order: <Y^n> = 1 for n = 100, and -1 for n = 98.
    for n_qubits, odd in ((100, 0), (98, 1)):
        assert np.all(measured(ghz_state(n_qubits), 50, rng, "Y").sum(axis=1) % 2 == odd)


def test_stabilizers_of_a_hundred_qubits_read_plus_one(rng):
    order = rng.permutation(100)
    edges = [(int(order[i]), int(order[(i + 1) % 100])) for i in range(100)]
    state = StabilizerState.graph(100, edges)
    near = {v: {a + b - v for a, b in edges if v in (a, b)} for v in range(100)}
    bases = random_bases((100, 100), rng)
    for vertex in range(100):  # shot k measures the generator X_k Π Z
        bases[vertex, vertex] = "X"
        bases[vertex, list(near[vertex])] = "Z"
    bits = measured(state, 100, rng, bases)
    parities = [bits[v, [v, *near[v]]].sum() % 2 for v in range(100)]
    assert parities == [0] * 100
    flipped = state.rotated([PAULIS["Z"]] + [PAULIS["I"]] * 99)  # turns the sign of one
    bits = measured(flipped, 100, rng, bases)
    assert [bits[v, [v, *near[v]]].sum() % 2 for v in range(100)] == [1] + [0] * 99
    # All but full sets of generators are fair coins.
    uniform = measured(state, 1000, rng)
    assert binomtest(int(uniform.sum()), uniform.size).pvalue > LEAST_P


def test_equal_seeds_give_equal_shots():
    for state in small_states(5).values():
        shots = [measured(state, 20, np.random.default_rng(seed), "Y") for seed in (1, 1, 2)]
        np.testing.assert_array_equal(shots[0], shots[1])
        assert np.any(shots[0] != shots[2])


def test_chunks_do_not_mix_states(rng, monkeypatch):
    monkeypatch.setattr("qnnbench.states.measurement._CHUNK_BYTES", 1)
    states = [MPS.product(np.eye(2)[list(word)]) for word in ((0, 1, 1), (1, 0, 1))]
    bits = measured_each([*states, Mixture((1, 0), (states[1], states[0]))], 2, rng)
    np.testing.assert_array_equal(bits[:, 0], [[0, 1, 1], [1, 0, 1], [1, 0, 1]])


def test_what_cannot_be_measured_is_said(rng):
    state = ghz_state(3)
    with pytest.raises(ValueError, match="n_shots must be a whole number >= 1, got 0"):
        measured(state, 0, rng)
    with pytest.raises(ValueError, match="No measurement basis named 'Q'"):
        measured(state, 1, rng, "XQZ")
    with pytest.raises(ValueError, match="bases must be one letter, 3 letters"):
        measured(state, 5, rng, "XX")
    with pytest.raises(ValueError, match="got shape \\(4, 3\\)"):
        measured(state, 5, rng, random_bases((4, 3), rng))


def test_right_canonical_stack_holds_the_same_states():
    rng = np.random.default_rng(3)
    states = [random_mps(7, bond, rng) for bond in (1, 3, 6)]
    rough = stack_states([[3.0 * t for t in state.tensors] for state in states])
    stack = right_canonical(rough)
    for tensors in stack[1:]:
        rows = tensors.reshape(3, 6, -1)
        np.testing.assert_allclose(
            rows @ rows.conj().swapaxes(1, 2), np.eye(6) * np.ones((3, 1, 1)), atol=1e-12
        )
    for index, state in enumerate(states):
        vector = stack[0, index, 0]
        for tensors in stack[1:]:
            vector = np.tensordot(vector, tensors[index], 1)
        phase = np.vdot(state.state_vector(), vector[..., 0].ravel())
        assert phase == pytest.approx(1, abs=1e-12)


def test_overlaps_are_those_of_the_state_vectors():
    rng = np.random.default_rng(4)
    bras = [random_mps(6, bond, rng) for bond in (1, 4)]
    kets = [random_mps(6, bond, rng, is_complex=bond > 2) for bond in (2, 3, 5)]
    found = squared_overlaps(*(stack_states([s.tensors for s in x]) for x in (bras, kets)))
    dense = [[abs(np.vdot(a.state_vector(), b.state_vector())) ** 2 for b in kets] for a in bras]
    np.testing.assert_allclose(found, dense, atol=1e-13)
