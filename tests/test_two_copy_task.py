"""The two-copy network's laws: fast shots, real unitaries, dense sums and closed forms."""

import itertools

import cirq
import numpy as np
import pytest
import sympy
from scipy.stats import chisquare

from qnnbench.circuits.ansatze import SymbolTable, block
from qnnbench.states.datasets import build_dataset
from qnnbench.states.families import lu_orbit
from qnnbench.states.families.ghz import dephased_ghz, ghz_state
from qnnbench.states.families.lu_orbit import (
    BASES,
    UNITARIES,
    base_states,
    haar_unitaries,
    orbit_ceiling,
)
from qnnbench.states.measurement import measured_each
from qnnbench.states.quantities.pair_shots import BELL, singlet_patterns
from qnnbench.states.quantities.singlets import (
    every_pattern,
    pair_optimum,
    pattern_chances,
    pattern_law,
    purities,
)
from qnnbench.tasks.pair_head import (
    Alphabet,
    Head,
    chosen_head,
    seam_parities,
    statistics,
    statistics_and_seam,
)
from qnnbench.tasks.pair_losses import contrasts, covariances, low_count, parity_error, rate
from qnnbench.tasks.pair_samples import PairSamples
from qnnbench.tasks.two_copies import (
    N_ANGLES,
    SEPARATE,
    block_optimum,
    block_unitary,
    singlet_overlaps,
    symbols_of,
    xor_bits,
    xor_optimum,
)

FOUR = Alphabet(4, 3)


def random_block(seed):
    return block_unitary(np.random.default_rng(seed).uniform(0, 2 * np.pi, N_ANGLES))


def numbers(outcomes, base):
    return outcomes.astype(int) @ base ** np.arange(outcomes.shape[1] - 1, -1, -1)


def ghz_pair(n_qubits):
    return ghz_state(n_qubits), dephased_ghz(n_qubits)


def turned_symbols(states, block, shape, rng):
    """Return symbols and labels of samples under real Haar unitaries."""
    samples = PairSamples.drawn(*shape, rng)
    return samples.measured(states, [block])[0], samples.labels


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
    n, shots, v = 3, 6000, random_block(3)
    states, q = ghz_pair(n), singlet_overlaps(v)
    rng = np.random.default_rng(3)
    turned, labels = turned_symbols(states, v, (shots, 1), rng)
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


@pytest.mark.parametrize("ensemble", UNITARIES)
def test_both_engines_have_one_law_at_eight_qubits(ensemble):
    # What a symbol measures, averaged over unitaries, is q_k singlet + (1 - q_k)/3 triplet: an
    # identity of 4x4 matrices per pair of qubits. Then the dense two-copy state of eight
    # qubits gives any string of symbols as the sum over patterns does.
    n, v = 8, random_block(17)
    q, singlet = singlet_overlaps(v), np.outer(BELL[3], BELL[3])
    rng = np.random.default_rng(17)
    turns = UNITARIES["clifford"]((4000,), rng)
    turns = np.unique(np.round(turns, 12), axis=0)  # 24 elements average as Haar does
    assert len(turns) == 24
    if ensemble == "haar":
        turns = np.einsum("ab,zbc->zac", haar_unitaries((), rng), turns)  # a coset does too
    effects = [np.mean([_effect(v[k], u) for u in turns], axis=0) for k in range(4)]
    for k in range(4):
        fast = q[k] * singlet + (1 - q[k]) / 3 * (np.eye(4) - singlet)
        np.testing.assert_allclose(effects[k], fast, atol=1e-12)
    vector = ghz_state(n).state_vector()
    both = np.kron(vector, vector).reshape((2,) * (2 * n))
    both = both.transpose([i for k in range(n) for i in (k, n + k)]).reshape((4,) * n)
    law = pattern_law(ghz_state(n))
    for string in rng.integers(4, size=(20, n)):
        image = both
        for site, k in enumerate(string):
            image = np.moveaxis(np.tensordot(effects[k], image, ([1], [site])), 0, site)
        chance = np.vdot(both, image).real
        per_site = np.where(every_pattern(n), q[string], (1 - q[string]) / 3)
        assert chance == pytest.approx(float(law @ per_site.prod(axis=1)), rel=1e-9)


def _effect(bra, turn):
    turned = bra @ np.kron(turn, turn)
    return np.outer(turned.conj(), turned)


@pytest.mark.parametrize(("n_qubits", "shots"), [(8, 1500), (100, 400)])
def test_real_unitaries_and_fast_shots_show_equal_statistics(n_qubits, shots):
    v, states = random_block(4), ghz_pair(n_qubits)
    rng = np.random.default_rng(4)
    turned, _ = turned_symbols(states, v, (shots, 1), rng)
    patterns = np.concatenate([singlet_patterns(s, shots, rng) for s in states])
    shown = turned[:, 0], symbols_of(patterns, singlet_overlaps(v), rng)
    both = [statistics(s, FOUR) for s in shown]
    means = [f.mean(axis=0) for f in both]
    errors = np.sqrt(sum(f.var(axis=0) for f in both) / (2 * shots))
    assert np.all(np.abs(means[0] - means[1]) <= 5 * errors + 1e-12)


def test_pairs_of_one_sample_share_their_unitaries():
    # |0> turned by Haar reads 0 with a uniform probability p, so one pair of copies gives
    # symbol 00 with E p² = 1/3 and two pairs of one sample with E p⁴ = 1/5, not 1/9.
    state, shots = BASES["prod"](6), 1500
    rng = np.random.default_rng(5)
    symbols, _ = turned_symbols((state, state), SEPARATE, (shots, 2), rng)
    zero = (symbols == 0).reshape(2 * shots, 2, 6)
    both = zero.all(axis=1)
    for hits, expected in ((zero, 1 / 3), (both, 1 / 5)):
        error = np.sqrt(expected * (1 - expected) / both.size)
        assert hits.mean() == pytest.approx(expected, abs=5 * error)


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


def test_contrasts_and_rate_know_the_overlaps_from_product_states():
    n, shots, rng = 8, 1500, np.random.default_rng(15)
    product = BASES["prod"](n)
    v = random_block(15)
    q = singlet_overlaps(v)
    symbols = turned_symbols((product, product), v, (shots, 1), rng)[0][:, 0]
    error = 1 / np.sqrt(symbols.size)  # of a rate, more than it can be
    contrast = (4 * q - 1) / 3
    np.testing.assert_allclose(contrasts(symbols), 0.75 * contrast**2, atol=5 * 6 * error)
    for k in range(4):
        assert rate(symbols, k) == pytest.approx((1 - q[k]) / 3, abs=5 * error)
    assert contrasts(symbols_of(np.zeros((9, n)), np.eye(4)[2], rng)).sum() <= 1.3


def test_parity_error_is_half_minus_an_eighth_of_the_contrast_to_the_n():
    n, shots, rng = 6, 20000, np.random.default_rng(16)
    q = np.array([0.03, 0.02, 0.05, 0.9])
    patterns = np.concatenate([singlet_patterns(s, shots, rng) for s in ghz_pair(n)])
    found = parity_error(symbols_of(patterns, q, rng), np.repeat([0, 1], shots))
    expected = 0.5 - ((4 * q[3] - 1) / 3) ** n / 8
    assert found == pytest.approx(expected, abs=5 * np.sqrt(0.25 / (2 * shots)))


def test_statistics_are_what_they_say():
    symbols = np.random.default_rng(10).integers(4, size=(3, 2, 9))
    found = statistics(symbols, FOUR)
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
    # Symbol 2 on qubit 0 with chance 0.8 or 0.2: told right in 80 % of cases, and two of three
    # pairs or more with 3 · 0.8² · 0.2 + 0.8³ = 89.6 %.
    rng = np.random.default_rng(11)
    labels = np.repeat([0, 1], 3000)

    def samples(n_pairs):
        symbols = rng.integers(2, size=(len(labels), n_pairs, 6), dtype=np.uint8)
        hit = rng.random((len(labels), n_pairs)) < np.where(labels, 0.8, 0.2)[:, None]
        symbols[..., 0] = np.where(hit, 2, 3)
        return symbols

    head = Head.fit(samples(1)[:, 0], labels, "statistics", FOUR)
    for n_pairs, expected in ((1, 0.8), (3, 0.896)):
        spread = 5 * np.sqrt(expected * (1 - expected) / len(labels))
        found = head.correct(samples(n_pairs), labels).mean()
        assert found == pytest.approx(expected, abs=spread)


def test_parities_of_the_seam_are_those_of_intervals_of_a_ring():
    symbols = np.random.default_rng(12).integers(4, size=(2, 3, 16))
    found = seam_parities(symbols, Alphabet(4, 1))
    line = [*range(10, 16), *range(6)]
    intervals = [line[a:b] for a in range(12) for b in range(a + 1, 13)]
    assert found.shape == (2, 3, len(intervals))
    for place in np.ndindex(2, 3):
        row = symbols[place]
        expected = [(-1) ** sum(row[q] == 1 for q in interval) for interval in intervals]
        np.testing.assert_array_equal(found[place], expected)
    joined = statistics_and_seam(symbols, Alphabet(4, 1))
    np.testing.assert_array_equal(joined[..., 28:], found)


def test_means_of_seam_parities_are_purities():
    n, shots, rng = 10, 4000, np.random.default_rng(13)
    state = BASES["path"](n)
    found = seam_parities(singlet_patterns(state, shots, rng), Alphabet(2, 1)).mean(axis=0)
    line = [*range(5, 10), *range(5)]
    intervals = [line[a:b] for a in range(10) for b in range(a + 1, 11)]
    expected = purities(state, np.array([[q in i for q in range(n)] for i in intervals]))
    np.testing.assert_allclose(found, expected, atol=5 / np.sqrt(shots))


@pytest.mark.parametrize(
    ("pair", "reading"),
    [(("ghz", "deph"), "statistics"), (("path", "ring"), "statistics and seam")],
)
def test_validation_pairs_choose_what_the_head_reads(pair, reading):
    n, rng, labels = 32, np.random.default_rng(14), np.repeat([0, 1], 1500)

    def read():
        patterns = [singlet_patterns(BASES[name](n), 1500, rng) for name in pair]
        return symbols_of(np.concatenate(patterns), np.eye(4)[3], rng), labels

    head, share = chosen_head(read(), read(), FOUR)
    assert head.reading == reading
    assert share > 0.55


def test_exact_accuracies_of_blocks():
    pair = ghz_pair(8)
    assert block_optimum(pair, BELL) == pytest.approx(5 / 8)
    hadamard = np.kron([[1, 1], [1, -1]], [[1, 1], [1, -1]]) / 2
    blind = hadamard @ BELL  # every symbol is as likely on the singlet
    np.testing.assert_allclose(singlet_overlaps(blind), 1 / 4)
    assert block_optimum(pair, blind) == pytest.approx(1 / 2)
    assert xor_optimum(pair) == pytest.approx(0.5 + (2 / 3) ** 8 / 8)
    assert 0.5 < block_optimum(pair, random_block(12)) < 5 / 8


@pytest.mark.parametrize("pair", ["path-ring", "ring-ring2"])
def test_an_estimated_ceiling_lies_just_above_the_optimum(pair, monkeypatch):
    data = build_dataset(f"lu_orbit/{pair}", 8, 6, seed=1)
    optimum = orbit_ceiling(data, 2)
    assert optimum == pair_optimum(*base_states(data))
    monkeypatch.setattr(lu_orbit, "pair_optimum", lambda a, b: None)  # as at large widths
    assert optimum < orbit_ceiling(data, 2) < optimum + 0.06


def test_xor_of_copies_measured_one_by_one_has_its_law():
    n, shots = 4, 1000
    state, rng = BASES["w"](n), np.random.default_rng(13)
    law = pattern_chances(state, every_pattern(n), singlet=1.0, triplet=1 / 3)
    turned = [state.rotated(turns) for turns in haar_unitaries((shots, n), rng)]
    bits = measured_each(turned, 2, rng)
    apart = bits[:, 0] ^ bits[:, 1]
    assert chisquare(np.bincount(numbers(apart, 2), minlength=16), law * shots).pvalue > 1e-4
    symbols, _ = turned_symbols((state, state), SEPARATE, (shots, 1), rng)
    together = (symbols[:, 0] >> 1) ^ (symbols[:, 0] & 1)
    counts = np.bincount(numbers(together, 2), minlength=16)
    assert chisquare(counts, law * 2 * shots).pvalue > 1e-4
    np.testing.assert_array_equal(xor_bits(symbols[:, 0]), together)


def test_optimum_of_noisy_bits_is_a_sum_over_strings():
    # Each site of a pattern passes through its channel: Kronecker powers, no contraction.
    pair, singlet, triplet = ghz_pair(6), 0.9, 0.04
    channel = np.array([[1 - triplet, 1 - singlet], [triplet, singlet]])
    gap = (pattern_law(pair[0]) - pattern_law(pair[1])).reshape((2,) * 6)
    for axis in range(6):
        gap = np.moveaxis(np.tensordot(channel, gap, ([1], [axis])), 0, axis)
    expected = 0.5 + np.abs(gap).sum() / 4
    assert pair_optimum(*pair, singlet, triplet) == pytest.approx(expected, abs=1e-13)
