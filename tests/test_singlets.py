"""Singlet patterns against dense projectors, closed forms, and both ways to draw them."""

import itertools

import numpy as np
import pytest
from scipy.stats import chisquare

from qnnbench.states.families.ghz import dephased_ghz, ghz_state
from qnnbench.states.families.graphs import ring
from qnnbench.states.families.lu_orbit import BASES, PAIRS, haar_unitaries
from qnnbench.states.mps import Mixture
from qnnbench.states.quantities.pair_shots import (
    BELL,
    measured_pairs,
    outcomes_at,
    singlet_patterns,
)
from qnnbench.states.quantities.singlets import (
    estimated_optimum,
    every_pattern,
    pair_optimum,
    pattern_chances,
    pattern_law,
    purities,
    symmetric_blocks,
)
from qnnbench.states.stabilizer import StabilizerState
from tests.circuits import random_mps


def random_mixture(n_qubits, seed):
    rng = np.random.default_rng(seed)
    return Mixture((0.3, 0.7), (random_mps(n_qubits, 2, rng), random_mps(n_qubits, 3, rng)))


def density_matrix(state):
    vectors = [(weight, member.state_vector()) for weight, member in state.members]
    return sum(weight * np.outer(v, v.conj()) for weight, v in vectors)


def dense_law(state, bases):
    """Return the law of all 4^n outcomes, from the density matrix of both copies."""
    n = state.n_qubits
    both = np.kron(density_matrix(state), density_matrix(state)).reshape((2,) * (4 * n))
    for k in range(n):  # outcome k comes last; qubits of ket 1, ket 2, bra 1, bra 2 come first
        rest = n - k
        both = np.moveaxis(both, [0, rest, 2 * rest, 3 * rest], [-4, -3, -2, -1])
        both = both.reshape(*both.shape[:-4], 4, 4)
        both = np.einsum("...ab,ka,kb->...k", both, bases[k], bases[k].conj())
        both = np.moveaxis(both, -1, 4 * (rest - 1) + k)
    return both.real.reshape(-1)


def fits(found, law):
    """Return the p-value of outcome numbers under a law, rare outcomes taken together."""
    counts, expected = np.bincount(found, minlength=len(law)), law * len(found)
    assert not counts[expected < 1e-9].any()
    rare = expected < 5
    groups = [np.append(x[~rare], x[rare].sum()) for x in (counts, expected)]
    return chisquare(*(group[groups[1] > 1e-6] for group in groups)).pvalue


def numbers(outcomes, base):
    return outcomes.astype(int) @ base ** np.arange(outcomes.shape[1] - 1, -1, -1)


def test_law_of_patterns_is_the_dense_one():
    state = random_mixture(4, 1)
    outcomes = dense_law(state, [BELL] * 4)
    singlets = np.array(list(itertools.product(range(4), repeat=4))) == 3
    law = np.bincount(numbers(singlets, 2), outcomes, 16)
    np.testing.assert_allclose(pattern_law(state), law, atol=1e-13)
    np.testing.assert_allclose(pattern_chances(state, every_pattern(4)), law, atol=1e-13)


@pytest.mark.parametrize("name", BASES)
def test_purities_and_projectors_give_one_law(name):
    state = BASES[name](8)
    law = pattern_law(state)
    assert law.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(pattern_chances(state, every_pattern(8)), law, atol=1e-13)


def test_purities_are_dense_ones():
    state = random_mixture(4, 2)
    sets = [s for size in (1, 2, 3) for s in itertools.combinations(range(4), size)]
    flags = np.array([[k in s for k in range(4)] for s in sets])
    dense = [state.reduced_density_matrix(s) for s in sets]
    expected = [np.trace(rho @ rho).real for rho in dense]
    np.testing.assert_allclose(purities(state, flags), expected, atol=1e-13)


@pytest.mark.parametrize("n_qubits", [6, 8])
def test_laws_have_their_closed_forms(n_qubits):
    n, patterns = n_qubits, every_pattern(n_qubits)
    weights = patterns.sum(axis=1)
    none, even = weights == 0, weights % 2 == 0
    ghz = 0.5 * none + 2.0**-n * even
    closed = {
        "prod": 1.0 * none,
        "w": np.where(none, (n + 1) / (2 * n), 1 / n**2) * (none | (weights == 2)),
        "ghz": ghz,
        "deph": 0.5 * none + 0.5 * 2.0**-n,
        # A Bell pair: no singlet with probability 3/4, two with 1/4.
        "bell": np.prod(
            0.75 * (1 - patterns[:, ::2]) * (1 - patterns[:, 1::2])
            + 0.25 * patterns[:, ::2] * patterns[:, 1::2],
            axis=1,
        ),
    }
    for name, law in closed.items():
        np.testing.assert_allclose(pattern_law(BASES[name](n)), law, atol=1e-13, err_msg=name)
    halves = np.split(patterns, 2, axis=1)
    half = [0.5 * (h.sum(1) == 0) + 2.0 ** -(n // 2) * (h.sum(1) % 2 == 0) for h in halves]
    np.testing.assert_allclose(pattern_law(BASES["ghz2"](n)), half[0] * half[1], atol=1e-13)


def test_local_unitaries_leave_the_law_alone():
    state = random_mixture(5, 3)
    turned = state.rotated(haar_unitaries((5,), np.random.default_rng(3)))
    np.testing.assert_allclose(pattern_law(turned), pattern_law(state), atol=1e-13)


@pytest.mark.parametrize("name", ["deph", "w", "ring2"])
def test_drawn_patterns_follow_the_law(name):
    state = BASES[name](6)
    found = singlet_patterns(state, 20000, np.random.default_rng(4))
    assert fits(numbers(found, 2), pattern_law(state)) > 1e-4


def test_stabilizer_states_have_the_same_law_and_draw_from_it():
    state = StabilizerState.graph(6, ring(6))
    law = pattern_law(BASES["ring"](6))
    np.testing.assert_allclose(pattern_law(state), law, atol=1e-13)
    found = singlet_patterns(state, 20000, np.random.default_rng(5))
    assert fits(numbers(found, 2), law) > 1e-4


def test_any_measurement_across_copies_follows_the_dense_law():
    rng = np.random.default_rng(6)
    state = random_mixture(3, 6)
    raw = rng.normal(size=(2, 3, 4, 4)) + 1j * rng.normal(size=(2, 3, 4, 4))
    bases = np.linalg.qr(raw)[0]
    found = measured_pairs(state, bases, 20000, rng)
    for setting in range(2):  # two settings take another path through the code than one
        law = dense_law(state, bases[setting])
        assert law.sum() == pytest.approx(1, abs=1e-12)
        assert fits(numbers(found[setting], 4), law) > 1e-4
    alone = measured_pairs(state, bases[:1], 20000, rng)
    assert fits(numbers(alone[0], 4), dense_law(state, bases[0])) > 1e-4


def test_equal_levels_give_equal_outcomes_whatever_stands_beside_them():
    rng = np.random.default_rng(9)
    state = random_mixture(4, 9)
    bases = np.linalg.qr(rng.normal(size=(3, 4, 4, 4)))[0]
    levels = rng.random((3, 5, 6))
    together = outcomes_at(state, bases, levels)
    alone = outcomes_at(state, bases[1:2], levels[1:2, 3:4])
    np.testing.assert_array_equal(alone[0, 0], together[1, 3])


def test_a_hundred_qubits_show_their_closed_forms():
    rng, n, shots = np.random.default_rng(7), 100, 2000
    sigma = 5 * np.sqrt(0.25 / shots)  # of any frequency, 5 standard errors at most
    ghz, mixed, w = (singlet_patterns(BASES[b](n), shots, rng) for b in ("ghz", "deph", "w"))
    for found in (ghz, mixed, w):
        assert np.mean(found.sum(axis=1) == 0) == pytest.approx(0.5, abs=sigma + 1 / n)
    assert not np.any(ghz.sum(axis=1) % 2)
    assert np.mean(mixed.sum(axis=1) % 2) == pytest.approx(0.25, abs=sigma)
    assert set(w.sum(axis=1)) == {0, 2}


@pytest.mark.parametrize("pair", PAIRS)
def test_optimum_sums_over_every_pattern(pair):
    first, second = (BASES[name](8) for name in PAIRS[pair])
    distance = np.abs(pattern_law(first) - pattern_law(second)).sum() / 2
    assert pair_optimum(first, second) == pytest.approx(0.5 + distance / 2, abs=1e-12)


@pytest.mark.parametrize("n_qubits", [2, 8, 20, 100])
def test_ghz_against_its_mixture_at_any_width(n_qubits):
    pair = ghz_state(n_qubits), dephased_ghz(n_qubits)
    assert pair_optimum(*pair) == pytest.approx(5 / 8, abs=1e-12)
    xor = pair_optimum(*pair, singlet=1.0, triplet=1 / 3)
    assert xor == pytest.approx(0.5 + (2 / 3) ** n_qubits / 8, abs=1e-12)


def test_bell_pair_against_product_state():
    assert pair_optimum(ghz_state(2), BASES["prod"](2)) == pytest.approx(0.625, abs=1e-12)


def test_sums_end_where_symmetry_does():
    assert symmetric_blocks(BASES["ghz2"](8)) == [4, 4]
    assert symmetric_blocks(BASES["deph"](8), BASES["w"](8)) == [8]
    assert symmetric_blocks(BASES["bell"](6)) == [2, 2, 2]
    assert pair_optimum(BASES["ring"](100), BASES["ring2"](100)) is None
    # No singlet: 1/2 against 1/4. Singlets in both halves, an odd number in each: 1/4
    # against none. An even number in each: equal. In one half only: none against 1/2.
    wide = pair_optimum(BASES["ghz"](100), BASES["ghz2"](100))
    assert wide == pytest.approx(0.75, abs=1e-12)


def test_estimated_optimum_agrees_with_the_sum():
    pair = BASES["ring"](8), BASES["ring2"](8)
    value, error = estimated_optimum(*pair, 800, np.random.default_rng(8))
    assert 0 < error < 0.02
    assert value == pytest.approx(pair_optimum(*pair), abs=5 * error)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: every_pattern(13), "the limit is 12"),
        (
            lambda: measured_pairs(ghz_state(3), BELL[None], 1, np.random.default_rng()),
            r"shape \(n_settings, 3, 4, 4\)",
        ),
        (
            lambda: measured_pairs(
                StabilizerState.graph(2, [(0, 1)]),
                np.broadcast_to(np.eye(4), (1, 2, 4, 4)),
                1,
                np.random.default_rng(),
            ),
            "Bell basis alone",
        ),
    ],
)
def test_errors_say_what_was_asked(call, message):
    with pytest.raises(ValueError, match=message):
        call()
