"""The two-copy network's laws: fast shots, real unitaries, dense sums and closed forms."""

import itertools

import cirq
import numpy as np
import pytest
import sympy
from scipy.stats import chisquare

from qnnbench.circuits.ansatze import SymbolTable, block
from qnnbench.states.families.ghz import dephased_ghz, ghz_state
from qnnbench.states.families.lu_orbit import BASES, haar_unitaries
from qnnbench.states.measurement import measured_each
from qnnbench.states.quantities.singlets import (
    BELL,
    every_pattern,
    pair_optimum,
    pattern_chances,
    pattern_law,
    singlet_patterns,
)
from qnnbench.tasks.two_copies import (
    N_ANGLES,
    SEPARATE,
    Head,
    block_optimum,
    block_unitary,
    covariances,
    low_count,
    singlet_overlaps,
    statistics,
    symbols_of,
    turned_symbols,
    xor_optimum,
    xor_statistics,
)


def random_block(seed):
    return block_unitary(np.random.default_rng(seed).uniform(0, 2 * np.pi, N_ANGLES))


def numbers(outcomes, base):
    return outcomes.astype(int) @ base ** np.arange(outcomes.shape[1] - 1, -1, -1)


def ghz_pair(n_qubits):
    return ghz_state(n_qubits), dephased_ghz(n_qubits)


def test_the_block_is_the_ansatz_block():
    angles = np.random.default_rng(1).uniform(0, 2 * np.pi, N_ANGLES)
    symbol = SymbolTable()
    circuit = cirq.Circuit(block(symbol, "b", *cirq.LineQubit.range(2)))
    values = {sympy.Symbol(f"b_{k}"): angle for k, angle in enumerate(angles)}
    expected = cirq.unitary(cirq.resolve_parameters(circuit, values))
    np.testing.assert_allclose(block_unitary(angles), expected, atol=1e-12)


def test_overlaps_are_a_law_and_know_the_bell_basis():
    assert singlet_overlaps(random_block(2)).sum() == pytest.approx(1)
    np.testing.assert_allclose(singlet_overlaps(BELL), [0, 0, 0, 1], atol=1e-15)
    np.testing.assert_allclose(singlet_overlaps(SEPARATE), [0, 0.5, 0.5, 0], atol=1e-15)


def test_real_unitaries_give_the_law_of_the_fast_shots():
    # The law of all 4^3 symbols, summed over patterns: averages over Haar are exact in it.
    n, shots, v = 3, 20000, random_block(3)
    states, q = ghz_pair(n), singlet_overlaps(v)
    rng = np.random.default_rng(3)
    turned, labels = turned_symbols(states, haar_unitaries, v, (shots, 1), rng)
    for label, state in enumerate(states):
        law = sum(
            chance
            * np.array(
                [
                    np.prod(np.where(pattern, q[list(k)], (1 - q[list(k)]) / 3))
                    for k in itertools.product(range(4), repeat=n)
                ]
            )
            for chance, pattern in zip(pattern_law(state), every_pattern(n), strict=True)
        )
        fast = symbols_of(singlet_patterns(state, shots, rng), q, rng)
        for found in (turned[labels == label, 0], fast):
            counts = np.bincount(numbers(found, 4), minlength=4**n)
            assert chisquare(counts, law * shots).pvalue > 1e-4


@pytest.mark.parametrize(("n_qubits", "shots"), [(8, 4000), (100, 600)])
def test_real_unitaries_and_fast_shots_show_equal_statistics(n_qubits, shots):
    v, states = random_block(4), ghz_pair(n_qubits)
    rng = np.random.default_rng(4)
    turned, _ = turned_symbols(states, haar_unitaries, v, (shots, 1), rng)
    patterns = np.concatenate([singlet_patterns(s, shots, rng) for s in states])
    both = [statistics(turned[:, 0]), statistics(symbols_of(patterns, singlet_overlaps(v), rng))]
    means = [f.mean(axis=0) for f in both]
    errors = np.sqrt(sum(f.var(axis=0) for f in both) / (2 * shots))
    assert np.all(np.abs(means[0] - means[1]) <= 5 * errors + 1e-12)


def test_pairs_of_one_sample_share_their_unitaries():
    # |0> turned by Haar reads 0 with a uniform probability p, so one pair of copies gives
    # symbol 00 with E p² = 1/3 and two pairs of one sample with E p⁴ = 1/5, not 1/9.
    state, shots = BASES["prod"](6), 4000
    rng = np.random.default_rng(5)
    symbols, _ = turned_symbols((state, state), haar_unitaries, SEPARATE, (shots, 2), rng)
    zero = (symbols == 0).reshape(2 * shots, 2, 6)
    both = zero.all(axis=1)
    for hits, expected in ((zero, 1 / 3), (both, 1 / 5)):
        error = np.sqrt(expected * (1 - expected) / both.size)
        assert hits.mean() == pytest.approx(expected, abs=5 * error)


def test_equal_seeds_give_equal_samples_to_any_block():
    states = ghz_pair(6)
    first, second = (
        turned_symbols(states, haar_unitaries, BELL * phase, (50, 2), np.random.default_rng(6))[0]
        for phase in (1, 1j)
    )
    np.testing.assert_array_equal(first, second)


def test_covariances_are_three_quarters_of_the_squared_contrast():
    n, batches, rng = 8, 40, np.random.default_rng(7)
    q = singlet_overlaps(random_block(7))
    found = []
    for _ in range(batches):
        patterns = np.concatenate([singlet_patterns(s, 300, rng) for s in ghz_pair(n)])
        found.append(covariances(symbols_of(patterns, q, rng)))
    error = np.std(found, axis=0, ddof=1) / np.sqrt(batches)
    expected = 0.75 * ((4 * q - 1) / 3) ** 2
    assert np.all(np.abs(np.mean(found, axis=0) - expected) < 5 * error)


def test_covariances_are_those_of_numpy():
    symbols = np.random.default_rng(8).integers(4, size=(50, 5))
    for k, found in enumerate(covariances(symbols)):
        matrix = np.cov((symbols == k).astype(float), rowvar=False)
        off = matrix[~np.eye(5, dtype=bool)]
        assert found == pytest.approx(12 * off.mean(), abs=1e-12)


def test_low_count_is_the_rate_at_which_triplets_pass():
    n, rng = 64, np.random.default_rng(9)
    q = np.array([0.02, 0.94, 0.03, 0.01])
    patterns = np.concatenate([singlet_patterns(s, 4000, rng) for s in ghz_pair(n)])
    rate = (1 - q[1]) / 3
    error = np.sqrt(rate / (4000 * n))
    assert low_count(symbols_of(patterns, q, rng), 1) == pytest.approx(rate, abs=5 * error)
    assert low_count(symbols_of(patterns, np.eye(4)[1], rng), 1) == 0
    assert low_count(np.ones((3, 16), dtype=int), 1) == 2 / 16  # no shot has it rarely


def test_statistics_are_what_they_say():
    symbols = np.random.default_rng(10).integers(4, size=(3, 2, 9))
    found = statistics(symbols)
    assert found.shape == (3, 2, 28)
    for place in np.ndindex(3, 2):
        row, expected = symbols[place].tolist(), []
        for k in range(4):
            at = [i for i, s in enumerate(row) if s == k]
            twos = sum(i + 1 in at for i in at)
            threes = sum(i + 1 in at and i + 2 in at for i in at)
            left = sum(i < 4 for i in at)
            expected += [len(at), len(at) ** 2, not at, twos, threes]
            expected += [(-1) ** len(at), (-1) ** left]
        np.testing.assert_array_equal(found[place], np.array(expected, dtype=float))


def test_the_head_finds_one_statistic_and_adds_up_pairs():
    rng = np.random.default_rng(11)
    features, labels = rng.normal(size=(4000, 28)), rng.integers(2, size=4000)
    features[:, 5] += 2 * labels  # the best threshold is right in Φ(1) = 84.1 % of cases
    head = Head.fit(features[:2000], labels[:2000])
    alone = head.correct(features[2000:, None], labels[2000:]).mean()
    assert alone == pytest.approx(0.841, abs=5 * np.sqrt(0.841 * 0.159 / 2000))
    grouped = features[2000:][np.argsort(labels[2000:], kind="stable")]
    ones = grouped[-900:].reshape(225, 4, 28)  # four pairs of class 1: Φ(2) = 97.7 %
    assert head.correct(ones, np.ones(225)).mean() > 0.93


def test_exact_accuracies_of_blocks():
    pair = ghz_pair(8)
    assert block_optimum(pair, BELL) == pytest.approx(5 / 8)
    hadamard = np.kron([[1, 1], [1, -1]], [[1, 1], [1, -1]]) / 2
    blind = hadamard @ BELL  # every symbol is as likely on the singlet
    np.testing.assert_allclose(singlet_overlaps(blind), 1 / 4)
    assert block_optimum(pair, blind) == pytest.approx(1 / 2)
    assert xor_optimum(pair) == pytest.approx(0.5 + (2 / 3) ** 8 / 8)
    assert 0.5 < block_optimum(pair, random_block(12)) < 5 / 8


def test_xor_of_copies_measured_one_by_one_has_its_law():
    n, shots = 4, 2000
    state, rng = BASES["w"](n), np.random.default_rng(13)
    law = pattern_chances(state, every_pattern(n), singlet=1.0, triplet=1 / 3)
    turned = [state.rotated(turns) for turns in haar_unitaries((shots, n), rng)]
    bits = measured_each(turned, 2, rng)
    apart = bits[:, 0] ^ bits[:, 1]
    assert chisquare(np.bincount(numbers(apart, 2), minlength=16), law * shots).pvalue > 1e-4
    symbols, _ = turned_symbols((state, state), haar_unitaries, SEPARATE, (shots, 1), rng)
    together = (symbols[:, 0] >> 1) ^ (symbols[:, 0] & 1)
    counts = np.bincount(numbers(together, 2), minlength=16)
    assert chisquare(counts, law * 2 * shots).pvalue > 1e-4
    np.testing.assert_array_equal(xor_statistics(symbols[:, 0]), statistics(together, 2))


def test_optimum_of_noisy_bits_is_a_sum_over_strings():
    # Each site of a pattern passes through its channel: Kronecker powers, no contraction.
    pair, singlet, triplet = ghz_pair(6), 0.9, 0.04
    channel = np.array([[1 - triplet, 1 - singlet], [triplet, singlet]])
    gap = (pattern_law(pair[0]) - pattern_law(pair[1])).reshape((2,) * 6)
    for axis in range(6):
        gap = np.moveaxis(np.tensordot(channel, gap, ([1], [axis])), 0, axis)
    expected = 0.5 + np.abs(gap).sum() / 4
    assert pair_optimum(*pair, singlet, triplet) == pytest.approx(expected, abs=1e-13)
